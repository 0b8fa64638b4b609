//! `mote generate`: text to look at, from a run whose objective was `next_symbol`.

use super::{CliError, Terminal};
use crate::data::symbols::shown;
use crate::export::{self, weights};
use crate::pipeline::Console;
use crate::run::RunDir;
use crate::run::dir::{GENERATOR_IMAGE, GENERATOR_WEIGHTS};
use crate::train::{Mode, Network};
use crate::view::stream;
use clap::Args;
use mote_core::image::ModelImage;
use rand::RngExt;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What the command takes.
#[derive(Args, Debug)]
pub struct Generate {
    /// Folder of a run that was pretrained with --objective next_symbol
    run: PathBuf,
    /// What stands before: characters, or names with spaces between them where symbols have longer names
    #[arg(long, default_value = "")]
    prompt: String,
    /// Symbols to add
    #[arg(long, default_value_t = 400)]
    symbols: usize,
    /// How bold to draw: 0 takes the likeliest symbol each time, 1 draws as the data are
    #[arg(long, default_value_t = 0.8)]
    temperature: f64,
    /// Seed of the draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Compute with the int8 image, as a device would, not in f32
    #[arg(long)]
    int8: bool,
}

/// What was written, for `--json`.
#[derive(Serialize)]
struct Generated {
    seed: u64,
    prompt: String,
    text: String,
}

/// Gives the logits of all places of a window.
type Foretell<'a> = Box<dyn FnMut(&[f32]) -> Result<Vec<f32>, CliError> + 'a>;

impl Generate {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return Err(CliError::Config(format!(
                "--temperature: expected a number from 0 on, found {}",
                self.temperature
            )));
        }
        let dir = RunDir::open(&self.run)?;
        let path = dir.file(GENERATOR_WEIGHTS);
        let (network, origin) = weights::from_bytes(&read(&path)?)
            .map_err(|source| CliError::Weights { path, source })?;
        let names = &origin.about.vocabulary;
        let mut sequence = numbers(&self.prompt, names)?;
        let begun = sequence.len();
        let bytes = if self.int8 {
            read(&dir.file(GENERATOR_IMAGE))?
        } else {
            Vec::new()
        };
        let length = usize::from(network.spec.input.w);
        let mut foretell: Foretell<'_> = if self.int8 {
            let image = ModelImage::parse(&bytes).map_err(|source| CliError::Image {
                path: dir.file(GENERATOR_IMAGE),
                source,
            })?;
            Box::new(move |window| Ok(export::embed(&image, window)?))
        } else {
            let mut network =
                Network::load(&network).map_err(|e| CliError::Config(e.to_string()))?;
            Box::new(move |window| Ok(network.forward(window, Mode::Eval).to_vec()))
        };
        let mut rng = stream([self.seed, 0, 0, 0]);
        let mut window = vec![0.0; length];
        for _ in 0..self.symbols {
            // From the front on, since no place sees what stands behind it.
            let known = &sequence[sequence.len().saturating_sub(length)..];
            window.fill(0.0);
            window[..known.len()].copy_from_slice(known);
            let place = known.len().saturating_sub(1);
            let logits = foretell(&window)?;
            let logits = &logits[place * names.len()..(place + 1) * names.len()];
            sequence.push(draw(logits, self.temperature, rng.random()) as f32);
        }
        let text = spelt(&sequence[begun..], names);
        terminal.text(&format!("{}{text}", spelt(&sequence[..begun], names)));
        terminal.result(&Generated {
            seed: self.seed,
            prompt: self.prompt.clone(),
            text,
        });
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => CliError::Config(format!(
            "{}: there is no such file; only a run with `--objective next_symbol` can generate",
            path.display()
        )),
        _ => CliError::Read {
            path: path.into(),
            source: error,
        },
    })
}

/// Whether every name is one character, so that nothing need stand between two.
fn letters(names: &[String]) -> bool {
    names.iter().all(|name| name.chars().count() <= 1)
}

/// The numbers of the symbols in `text`.
fn numbers(text: &str, names: &[String]) -> Result<Vec<f32>, CliError> {
    let parts: Vec<String> = if letters(names) {
        text.chars().map(String::from).collect()
    } else {
        text.split_whitespace().map(str::to_owned).collect()
    };
    let number = |(at, part): (usize, &String)| {
        let found = names.iter().skip(1).position(|name| name == part);
        found.map(|n| (n + 1) as f32).ok_or_else(|| {
            CliError::Config(format!(
                "--prompt: symbol {} is {part:?}, which the run has never seen; it knows {}",
                at + 1,
                shown(names)
            ))
        })
    };
    parts.iter().enumerate().map(number).collect()
}

/// The names of `symbols`.
fn spelt(symbols: &[f32], names: &[String]) -> String {
    let name = |symbol: &f32| names.get(*symbol as usize).map_or("", String::as_str);
    let names_of: Vec<&str> = symbols.iter().map(name).collect();
    if letters(names) {
        names_of.concat()
    } else {
        names_of.iter().map(|name| format!("{name} ")).collect()
    }
}

/// The symbol that `at`, uniform in 0..1, falls on, out of the softmax of `logits` over `temperature`; never the blank.
fn draw(logits: &[f32], temperature: f64, at: f64) -> usize {
    let symbols = 1..logits.len();
    let Some(likeliest) = symbols
        .clone()
        .max_by(|&a, &b| logits[a].total_cmp(&logits[b]))
    else {
        return 0;
    };
    if temperature == 0.0 {
        return likeliest;
    }
    let largest = f64::from(logits[likeliest]);
    let power = |symbol: usize| libm::exp((f64::from(logits[symbol]) - largest) / temperature);
    let mut rest = at * symbols.clone().map(power).sum::<f64>();
    for symbol in symbols {
        rest -= power(symbol);
        if rest < 0.0 {
            return symbol;
        }
    }
    likeliest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.into()).collect()
    }

    #[test]
    fn draws_follow_the_logits() {
        let logits = [9.0, 0.0, libm::logf(3.0)];
        let mut counts = [0; 3];
        for i in 0..1000 {
            counts[draw(&logits, 1.0, (f64::from(i) + 0.5) / 1000.0)] += 1;
        }
        assert_eq!(counts, [0, 250, 750]);
        assert_eq!(draw(&logits, 0.0, 0.1), 2);
        assert_eq!(draw(&logits, 1e-3, 0.001), 2);
        assert_eq!(draw(&[1.0], 1.0, 0.5), 0);
    }

    #[test]
    fn prompts_are_spelt_and_strange_symbols_named() {
        let text = names(&["", "a", "b"]);
        assert_eq!(numbers("ab", &text).unwrap(), [1.0, 2.0]);
        let message = numbers("abc", &text).unwrap_err().to_string();
        assert!(
            message.contains("symbol 3 is \"c\"") && message.contains("knows ab"),
            "{message}"
        );
        let items = names(&["", "tea", "milk"]);
        assert_eq!(numbers(" milk tea", &items).unwrap(), [2.0, 1.0]);
        assert_eq!(spelt(&[2.0, 1.0], &items), "milk tea ");
    }
}
