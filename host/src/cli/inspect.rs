//! `mote inspect`: what a file holds.

use super::file::{EncoderFile, parse};
use super::{CliError, Terminal};
use crate::cost::Core;
use crate::export::weights::Origin;
use crate::pipeline::{Console, PipelineError};
use crate::report::{Table, forecast, image_table, scratch_map, spec_table};
use clap::Args;
use mote_core::image::ModelImage;
use serde::Serialize;
use std::path::PathBuf;

/// What the command takes.
#[derive(Args, Debug)]
pub struct Inspect {
    /// `encoder.image` or `encoder.safetensors`
    file: PathBuf,
    /// Predict what the image takes on a core: cortex-m0, m3, m4, m7 or m33
    #[arg(long, value_name = "CORE", value_parser = core)]
    target: Option<Core>,
}

fn core(name: &str) -> Result<Core, String> {
    Core::named(name).ok_or_else(|| {
        let known = Core::ALL.map(|core| core.to_string().to_lowercase());
        format!("expected one of {}", known.join(", "))
    })
}

/// What was found, for `--json`.
#[derive(Serialize)]
struct Inspection<'a> {
    layers: &'a Table,
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<Table>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a Origin>,
}

impl Inspect {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        match EncoderFile::read(&self.file)? {
            EncoderFile::Image(bytes) => {
                let image = parse(&self.file, &bytes)?;
                let table = image_table(&image);
                terminal.text(&table.to_text());
                let names: Vec<&str> = image.channel_names().collect();
                terminal.text(&format!(
                    "{}, channels {}; CRC {:08x}",
                    input(&image),
                    names.join(" "),
                    image.crc()
                ));
                terminal.text("");
                scratch_map(&image)
                    .iter()
                    .for_each(|line| terminal.text(line));
                let mut predicted = None;
                if let Some(core) = self.target {
                    let forecast = forecast(&image, core)?;
                    terminal.text("");
                    terminal.text(&forecast.table.to_text());
                    forecast.advice.iter().for_each(|line| terminal.text(line));
                    predicted = Some(forecast.table);
                }
                terminal.result(&Inspection {
                    layers: &table,
                    forecast: predicted,
                    origin: None,
                });
            }
            EncoderFile::Weights(_) if self.target.is_some() => {
                return Err(CliError::Config(format!(
                    "{}: --target asks what a model image takes, and these are trained weights; make one with \
                     mote quantize",
                    self.file.display()
                )));
            }
            EncoderFile::Weights(weights) => {
                let (encoder, origin) = *weights;
                let table =
                    spec_table(&encoder.spec, &origin.about.name).map_err(PipelineError::from)?;
                terminal.text(&table.to_text());
                terminal.text(&format!("seed {}, data {}", origin.seed, origin.data_hash));
                terminal.text(&origin.recipe);
                terminal.result(&Inspection {
                    layers: &table,
                    forecast: None,
                    origin: Some(&origin),
                });
            }
        }
        Ok(())
    }
}

/// What goes in, in words.
fn input(image: &ModelImage<'_>) -> String {
    let shape = image.input_shape();
    if shape.h > 1 {
        return format!("pictures of {} x {}", shape.h, shape.w);
    }
    format!(
        "window {} samples at {} Hz, hop {}",
        image.window_len(),
        image.rate_hz(),
        image.hop_len()
    )
}
