//! One run: what determines it, where its files lie, what it says while it works.

pub mod atomic;
pub mod cancel;
pub mod checkpoint;
pub mod config;
pub mod dir;
pub mod error;
pub mod metrics;
pub mod progress;
mod recipe;
pub mod tensorboard;

pub use cancel::Cancel;
pub use checkpoint::Store;
pub use config::{EncoderConfig, RunConfig};
pub use dir::RunDir;
pub use error::RunError;
pub use metrics::Metrics;
pub use progress::Progress;
