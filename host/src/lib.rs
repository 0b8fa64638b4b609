//! Pretrains encoders without labels, evaluates, quantizes and exports them.

pub mod export;
pub mod train;
pub mod data;
pub mod view;
pub mod eval;
pub mod report;
