//! Tests that cross crates; they live in `tests/`.

pub mod board;
pub mod budgets;
pub mod elf;
pub mod sizes;
