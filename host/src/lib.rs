//! Pretrains encoders without labels, evaluates, quantizes and exports them.

pub mod data;
pub mod run;
pub mod view;
