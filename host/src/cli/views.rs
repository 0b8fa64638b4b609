//! `mote views`: windows and their views side by side, to see what the alterations do to one's data.

use super::settings::Settings;
use super::{CliError, Terminal};
use crate::data::{self, Kind};
use crate::pipeline::{Console, Experiment, PipelineError};
use crate::report::views_plot;
use crate::run::atomic;
use clap::Args;
use image::{DynamicImage, ImageFormat, RgbImage};
use std::io::Cursor;
use std::path::PathBuf;

/// Pixels on the screen for each of a picture.
const ZOOM: u32 = 3;

/// What the command takes.
#[derive(Args, Debug)]
pub struct Views {
    #[command(flatten)]
    settings: Settings,
    /// Windows to show
    #[arg(long, default_value_t = 6)]
    windows: usize,
    /// Pairs of views of each
    #[arg(long, default_value_t = 2)]
    pairs: usize,
    /// Where the drawing goes [default: views.svg, views.png for pictures, views.txt for symbols]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Views {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        let config = self.settings.config()?;
        let dataset = data::load(&config.data).map_err(PipelineError::from)?;
        let experiment = Experiment::new(dataset, &config)?;
        let mut source = experiment.view_source(&config)?;
        source.draw(0, 0, self.windows);
        let (count, len) = (source.anchors().len(), source.view_len());
        let mut plain = vec![0.0; count * len];
        source.plain(&mut plain);
        let mut names = vec!["window".to_owned()];
        let mut columns = vec![plain];
        for pair in 0..self.pairs {
            let (mut a, mut b) = (vec![0.0; count * len], vec![0.0; count * len]);
            source.views(pair as u64, 0, &mut a, &mut b);
            columns.extend([a, b]);
            names.extend(["a", "b"].map(|view| format!("pair {} {view}", pair + 1)));
        }
        let rows: Vec<Vec<Vec<f32>>> = (0..count)
            .map(|row| {
                let column = |values: &Vec<f32>| values[row * len..(row + 1) * len].to_vec();
                columns.iter().map(column).collect()
            })
            .collect();
        let dataset = &experiment.dataset;
        let frames = dataset
            .front
            .map(|front| [front.bands, experiment.windows.length as u16]);
        let (name, bytes) = match dataset.picture.or(frames) {
            Some(size) => ("views.png", sheet(&rows, size, &experiment)?),
            None if experiment.dataset.kind == Kind::Symbols => {
                let text = spelt(&rows, &names, &experiment.dataset.vocabulary);
                terminal.text(&text);
                ("views.txt", text.into_bytes())
            }
            None => {
                let svg = views_plot(&rows, &names, &experiment.dataset.channels);
                ("views.svg", svg.into_bytes())
            }
        };
        let path = self.output.clone().unwrap_or_else(|| name.into());
        atomic::write(&path, &bytes)?;
        terminal.text(&format!(
            "{count} windows in rows: {}. Written to {}",
            names.join(", "),
            path.display()
        ));
        terminal.result(&path.display().to_string());
        Ok(())
    }
}

/// Windows and views of symbols below each other; a blank is a dot.
fn spelt(rows: &[Vec<Vec<f32>>], names: &[String], vocabulary: &[String]) -> String {
    let name = |symbol: &f32| match vocabulary.get(*symbol as usize) {
        Some(name) if !name.is_empty() => name.escape_debug().to_string(),
        _ => "\u{b7}".into(),
    };
    let between = if vocabulary.iter().all(|name| name.chars().count() <= 1) {
        ""
    } else {
        " "
    };
    let mut text = String::new();
    for row in rows {
        for (view, title) in row.iter().zip(names) {
            let symbols: Vec<String> = view.iter().map(name).collect();
            text += &format!("{title:>8}  {}\n", symbols.join(between));
        }
        text.push('\n');
    }
    text
}

/// A contact sheet of pictures as PNG.
fn sheet(
    rows: &[Vec<Vec<f32>>],
    size: [u16; 2],
    experiment: &Experiment,
) -> Result<Vec<u8>, CliError> {
    let [height, width] = size.map(u32::from);
    let channels = experiment.dataset.width();
    let normaliser = &experiment.normaliser;
    let columns = rows.first().map_or(1, Vec::len) as u32;
    let (wide, high) = (width * ZOOM + 4, height * ZOOM + 4);
    let mut sheet = RgbImage::from_pixel(
        columns * wide,
        (rows.len() as u32).max(1) * high,
        image::Rgb([255; 3]),
    );
    for (row, views) in rows.iter().enumerate() {
        for (column, view) in views.iter().enumerate() {
            for y in 0..height * ZOOM {
                for x in 0..width * ZOOM {
                    if experiment.dataset.front.is_some() {
                        // A spectrogram as people draw it: time to the right, high bands on top.
                        let at = (x / ZOOM) as usize * channels + (height - 1 - y / ZOOM) as usize;
                        let grey = (128.0 + 48.0 * view[at]).clamp(0.0, 255.0) as u8;
                        let (x, y) = (column as u32 * wide + x, row as u32 * high + y);
                        sheet.put_pixel(x, y, image::Rgb([grey; 3]));
                        continue;
                    }
                    let first = ((y / ZOOM * width + x / ZOOM) as usize) * channels;
                    let value = |colour: usize| {
                        let channel = colour.min(channels - 1);
                        let value = view[first + channel] * normaliser.deviation[channel];
                        (value + normaliser.mean[channel]).clamp(0.0, 255.0) as u8
                    };
                    let pixel = image::Rgb([value(0), value(1), value(2)]);
                    sheet.put_pixel(column as u32 * wide + x, row as u32 * high + y, pixel);
                }
            }
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(sheet)
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|e| CliError::Config(format!("views.png: {e}")))?;
    Ok(bytes.into_inner())
}
