//! `mote inspect`: what a file holds.

use super::file::EncoderFile;
use super::{CliError, Terminal};
use crate::export::weights::Origin;
use crate::pipeline::{Console, PipelineError};
use crate::report::{Table, image_table, spec_table};
use clap::Args;
use mote_core::image::ModelImage;
use serde::Serialize;
use std::path::PathBuf;

/// What the command takes.
#[derive(Args, Debug)]
pub struct Inspect {
    /// `encoder.image` or `encoder.safetensors`
    file: PathBuf,
}

/// What was found, for `--json`.
#[derive(Serialize)]
struct Inspection<'a> {
    layers: &'a Table,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a Origin>,
}

impl Inspect {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        match EncoderFile::read(&self.file)? {
            EncoderFile::Image(bytes) => {
                let image = ModelImage::parse(&bytes).map_err(|source| CliError::Image {
                    path: self.file.clone(),
                    source,
                })?;
                let table = image_table(&image);
                terminal.text(&table.to_text());
                let names: Vec<&str> = image.channel_names().collect();
                terminal.text(&format!(
                    "{}, channels {}; CRC {:08x}",
                    input(&image),
                    names.join(" "),
                    image.crc()
                ));
                terminal.result(&Inspection {
                    layers: &table,
                    origin: None,
                });
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
