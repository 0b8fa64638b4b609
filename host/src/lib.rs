//! Pretrains encoders without labels, evaluates, quantizes and exports them.
//!
//! From recordings to the device: [`data`] reads and cuts, [`view`] alters, [`train`] and [`objective`] learn,
//! [`eval`] judges beside controls, [`export`] folds, quantizes and writes, [`cost`] foretells, [`report`] shows; [`pipeline`] is the
//! order of it all, [`run`] keeps its files, [`device`] speaks to the microcontroller, [`cli`] is the command.

pub mod cli;
pub mod cost;
pub mod data;
pub mod device;
pub mod eval;
pub mod export;
pub mod objective;
pub mod pipeline;
pub mod report;
pub mod run;
pub mod train;
pub mod view;
