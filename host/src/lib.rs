//! Pretrains encoders without labels, evaluates, quantizes and exports them.

pub mod objective;
pub mod train;
