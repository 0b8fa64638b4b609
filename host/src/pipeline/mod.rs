//! From recordings to a judged, exported encoder: the steps of a run, in their order.
//!
//! ```text
//! Dataset -> Experiment (windows, split, normalisation)
//!              -> pretrain  -> TrainedEncoder -> whiten -> embeddings -> evaluate, beside the controls
//!                                             `-> export: f16 weights, int8 image
//! ```

mod batches;
mod encoders;
mod error;
mod experiment;
mod files;
mod found;
mod generator;
mod job;
mod journal;
mod judge;
mod monitor;
mod shown;
mod terms;
mod trial;
mod whiten;

pub use encoders::{Trained, preset, pretrain, random_init, spec, supervise, teacher};
pub use error::PipelineError;
pub use experiment::Experiment;
pub use found::Found;
pub use generator::Generator;
pub use job::{Console, Job, JobReport, LEARNER};
pub use judge::judge_image;
pub use monitor::{Health, Monitor};
pub use shown::Shown;
pub use trial::{Controls, Learned, Trial};
pub use whiten::whiten;
