//! Flash, static RAM and stack of a board's program, against `sizes.toml`.

use crate::budgets::SIZES;
use std::error::Error;
use std::sync::Mutex;

/// Growth that is no growth: a hundredth, for another compiler, and an interrupt's frame on the stack.
const SLACK: u64 = 100;
const FRAME: u64 = 104;

/// Boards may be tried side by side, but only one writes the file at a time.
static WRITING: Mutex<()> = Mutex::new(());

/// Prints what `board` needs, in bytes by name, and fails where it has grown.
pub fn keep(board: &str, found: &[(&str, u64)]) -> Result<(), Box<dyn Error>> {
    let named = found
        .iter()
        .map(|(what, bytes)| (format!("{board}.{what}"), *bytes));
    let _one_at_a_time = WRITING
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut kept = SIZES.read()?;
    let words: Vec<_> = found
        .iter()
        .map(|(what, n)| format!("{what} {n}"))
        .collect();
    println!("{board}: bytes of {}", words.join(", "));
    if SIZES.rewrite() {
        kept.replace(board, named);
        return Ok(kept.write()?);
    }
    let mut grown = String::new();
    for (name, bytes) in named {
        match kept.of(&name) {
            Some(budget) if bytes <= budget + budget / SLACK + FRAME => {}
            Some(budget) => grown += &format!("{name}: {bytes} bytes, budget {budget}\n"),
            None => grown += &format!("{name}: {bytes} bytes, no budget\n"),
        }
    }
    match grown.is_empty() {
        true => Ok(()),
        false => Err(format!("{grown}the head of tests/sizes.toml says how to accept them").into()),
    }
}
