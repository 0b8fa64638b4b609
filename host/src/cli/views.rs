//! `mote views`: windows and their views side by side, to see what the alterations do to one's data.

use super::settings::Settings;
use super::{CliError, Terminal};
use crate::data::{self, Kind};
use crate::pipeline::{Console, Experiment, PipelineError, Shown};
use crate::report::views_plot;
use crate::run::atomic;
use clap::Args;
use std::path::PathBuf;

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
        let shown = Shown::views(&experiment, &config, self.windows, self.pairs)?;
        let Shown { names, rows } = &shown;
        let channels = &experiment.dataset.channels;
        let (name, bytes) = match shown.pixels(&experiment) {
            Some(pixels) => {
                let wrong = |e| CliError::Config(format!("views.png: {e}"));
                ("views.png", pixels.sheet().to_png().map_err(wrong)?)
            }
            None if experiment.dataset.kind == Kind::Symbols => {
                let text = spelt(rows, names, &experiment.dataset.vocabulary);
                terminal.text(&text);
                ("views.txt", text.into_bytes())
            }
            None => {
                let svg = views_plot("Windows and their views", rows, names, channels);
                ("views.svg", svg.into_bytes())
            }
        };
        let path = self.output.clone().unwrap_or_else(|| name.into());
        atomic::write(&path, &bytes)?;
        terminal.text(&format!(
            "{} windows in rows: {}. Written to {}",
            rows.len(),
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
