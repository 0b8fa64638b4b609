//! `mote quantize`: a model image from trained weights.

use super::file::{EncoderFile, parse};
use super::{CliError, DataFlags, Terminal};
use crate::data::window::gather;
use crate::data::{self, Normaliser, Windows};
use crate::export::{self, Method};
use crate::pipeline::{Console, PipelineError};
use crate::report::{image_table, left_out};
use crate::run::{RunConfig, RunError, atomic};
use clap::{Args, ValueEnum};
use mote_core::image::Target;
use std::path::PathBuf;

/// How weights are stored in an image.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// int8 weights and activations
    Int8,
    /// f16 weights, f32 activations: for cores with a floating-point unit
    F16,
}

/// Which cores an int8 image is packed for.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Cores {
    /// Any core
    Portable,
    /// Cortex-M4, M7 and M33: the same bits in about a quarter of the instructions
    Dsp,
}

/// What the command takes.
#[derive(Args, Debug)]
pub struct Quantize {
    /// Trained weights, `encoder.safetensors`
    weights: PathBuf,
    /// Where the image goes [default: beside the weights, with the ending .image]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How weights are stored
    #[arg(long, value_enum, default_value = "int8")]
    format: Format,
    /// Which cores an int8 image is packed for
    #[arg(long, value_enum, default_value = "portable")]
    target: Cores,
    #[command(flatten)]
    data: DataFlags,
}

impl Quantize {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        let EncoderFile::Weights(weights) = EncoderFile::read(&self.weights)? else {
            return Err(CliError::Config(format!(
                "{}: expected trained weights (encoder.safetensors), found a model image",
                self.weights.display()
            )));
        };
        let (encoder, origin) = *weights;
        let bytes = match self.format {
            Format::F16 => export::f16(&encoder, &origin.about)?,
            Format::Int8 => {
                let mut config = RunConfig::default();
                config.window.length = origin.about.window_len as usize;
                self.data.apply(&mut config);
                let mut dataset = data::load(&config.data).map_err(PipelineError::from)?;
                if dataset.channels != origin.about.channels {
                    return Err(CliError::Config(format!(
                        "--data: expected the channels that the encoder was trained on ({}), found {}",
                        origin.about.channels.join(", "),
                        dataset.channels.join(", ")
                    )));
                }
                dataset.spell(&origin.about.vocabulary);
                let (length, hop) = dataset.cut(config.window.length, config.window.hop);
                dataset.fill(length);
                let windows = Windows::cut(&dataset, length, hop).map_err(PipelineError::from)?;
                let normaliser = Normaliser {
                    mean: origin.about.mean.clone(),
                    deviation: origin.about.deviation.clone(),
                };
                let values = gather(&dataset, &windows.list, windows.length, &normaliser);
                terminal.text(&format!(
                    "calibrating on {} windows of {}",
                    windows.list.len(),
                    dataset.name
                ));
                let target = match self.target {
                    Cores::Portable => Target::Portable,
                    Cores::Dsp => Target::Dsp,
                };
                export::int8_for(target, &encoder, &origin.about, &values, Method::default())?
            }
        };
        let path = self
            .output
            .clone()
            .unwrap_or_else(|| self.weights.with_extension("image"));
        atomic::write(&path, &bytes).map_err(|e: RunError| e)?;
        let image = parse(&path, &bytes)?;
        let table = image_table(&image);
        terminal.text(&table.to_text());
        if let Some(note) = left_out(&image, &encoder.spec)? {
            terminal.text(&note);
        }
        terminal.text(&format!("written to {}", path.display()));
        terminal.result(&table);
        Ok(())
    }
}
