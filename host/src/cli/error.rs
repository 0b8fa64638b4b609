//! Errors of the command line and the exit codes that they lead to.

use crate::cost::CostError;
use crate::data::DataError;
use crate::device::DeviceError;
use crate::export::ExportError;
use crate::export::weights::WeightsError;
use crate::pipeline::PipelineError;
use crate::run::RunError;
use crate::run::cancel::INTERRUPTED;
use crate::train::world::WorldError;
use mote_core::image::ImageError;
use std::path::PathBuf;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A run.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The configuration or a file of a run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A configuration changed by flags.
    #[error("{0}")]
    Config(String),
    /// A file that cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason given.
        source: std::io::Error,
    },
    /// A weights file.
    #[error("{}: {source}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: WeightsError,
    },
    /// A model image.
    #[error("{}: {source}", path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ImageError,
    },
    /// Quantization.
    #[error("export: {0}")]
    Export(#[from] ExportError),
    /// A prediction.
    #[error(transparent)]
    Cost(#[from] CostError),
    /// Recordings.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The processes that were started together.
    #[error(transparent)]
    World(#[from] WorldError),
    /// A device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A file that is neither.
    #[error(
        "{}: expected a model image (encoder.image) or trained weights (encoder.safetensors), found neither",
        path.display()
    )]
    Unknown {
        /// The file.
        path: PathBuf,
    },
}

impl CliError {
    /// 2 for wrong usage or input, 130 for an interruption, 1 for anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Pipeline(PipelineError::Interrupted { .. }) => INTERRUPTED as u8,
            Self::Pipeline(
                PipelineError::Train(_)
                | PipelineError::Diverged { .. }
                | PipelineError::Eval(_)
                | PipelineError::Export(_),
            )
            | Self::Export(_) => 1,
            Self::Device(e) if !e.is_usage() => 1,
            Self::Pipeline(PipelineError::Run(e)) | Self::Run(e) => match e {
                RunError::DiskFull { .. } | RunError::Denied { .. } | RunError::Io { .. } => 1,
                _ => 2,
            },
            _ => 2,
        }
    }
}
