//! Pretrains encoders without labels, evaluates, quantizes and exports them.

pub mod data;
pub mod eval;
pub mod export;
pub mod report;
pub mod train;
pub mod view;
