//! What can stop a run.

use crate::data::DataError;
use crate::eval::EvalError;
use crate::export::ExportError;
use crate::export::weights::WeightsError;
use crate::objective::ObjectiveError;
use crate::run::RunError;
use crate::train::pretrain::TrainError;
use crate::train::state::StateError;
use crate::view::ViewError;
use mote_core::preset::PresetError;
use mote_core::spec::SpecError;

/// Why a run stopped. Each message says what was expected, what was found, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The recordings.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The configuration or the run's folder.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The alterations of windows.
    #[error("{0}")]
    View(#[from] ViewError),
    /// The preset.
    #[error("encoder.preset: {0}")]
    Preset(#[from] PresetError),
    /// The layers of one's own.
    #[error("encoder.spec: {0}")]
    Spec(#[from] SpecError),
    /// The spec's input is not the window.
    #[error(
        "encoder.spec: its input is {found} values, a window of the data has {expected}; change `input` of the spec"
    )]
    Input {
        /// Values of a window.
        expected: usize,
        /// Values of the spec's input.
        found: usize,
    },
    /// The objective's settings.
    #[error("objective: {0}")]
    Objective(#[from] ObjectiveError),
    /// Training.
    #[error("training stopped: {0}")]
    Train(#[from] TrainError),
    /// Training came to a number that is infinite or none.
    #[error("training stopped: {error}. {advice}")]
    Diverged {
        /// Where and when.
        error: TrainError,
        /// The last good checkpoint.
        advice: String,
    },
    /// A checkpoint of another training.
    #[error(transparent)]
    State(#[from] StateError),
    /// A run cannot go on because something changed.
    #[error("{0}")]
    Resume(String),
    /// Evaluation.
    #[error("evaluation: {0}")]
    Eval(#[from] EvalError),
    /// Folding, quantizing or writing the image.
    #[error("export: {0}")]
    Export(#[from] ExportError),
    /// The weights file.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A configuration that does not fit the data.
    #[error("{0}")]
    Config(String),
    /// Ctrl-C.
    #[error("interrupted after {done} of {total} steps; {advice}")]
    Interrupted {
        /// Steps done.
        done: u64,
        /// Steps planned.
        total: u64,
        /// What is left on the disk and how to go on.
        advice: String,
    },
}
