//! What a device is, thinks, knows and costs.

use super::super::{CliError, DataFlags, Terminal};
use super::Conversation;
use crate::device::{DeviceError, Taught};
use crate::pipeline::Console;
use clap::{Args, Subcommand};
use mote_core::wire::{Inference, Request, Status};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Time between two looks at the device.
const LOOK: Duration = Duration::from_millis(100);

/// How `watch` watches.
#[derive(Args, Debug)]
pub struct Watch {
    /// Stop after so many seconds; without it, on Ctrl-C
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Recordings that a simulated device's sensor plays
    #[command(flatten)]
    pub data: DataFlags,
}

/// What is done with labels.
#[derive(Args, Debug)]
pub struct Labels {
    #[command(subcommand)]
    action: Option<LabelAction>,
}

#[derive(Subcommand, Debug)]
enum LabelAction {
    /// Show the labels
    List,
    /// Give a label another name
    Rename {
        /// Its name now
        from: String,
        /// Its new name
        to: String,
    },
    /// Forget a label and what was learned of it
    Forget {
        /// Its name
        #[arg(required_unless_present = "all")]
        name: Option<String>,
        /// All labels, and all that was learned
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
}

/// How `bench` measures.
#[derive(Args, Debug)]
pub struct Bench {
    /// Runs of each layer, 1 to 64
    #[arg(long, value_name = "RUNS", default_value_t = 10)]
    repeats: u16,
}

pub fn status(session: &mut Conversation, terminal: &mut Terminal) -> Result<(), CliError> {
    let status = session.status()?;
    tell(&status, terminal);
    Ok(())
}

/// Says what a device is.
pub fn tell(status: &Status, terminal: &mut Terminal) {
    let known = |bytes: u32| match bytes {
        0 => "unknown".to_owned(),
        bytes => format!("{bytes} bytes"),
    };
    terminal.text(&format!("build       {}", status.build));
    match &status.image {
        Some(image) => terminal.text(&format!(
            "image       {} ({:08x}), {} bytes, {} bytes of scratch\n\
             windows     {} samples of {} channels at {} Hz, embeddings of {} values",
            image.name,
            image.crc,
            image.len,
            image.scratch,
            image.samples,
            image.channels,
            image.rate_hz,
            image.embedding
        )),
        None => terminal.text("image       none"),
    }
    let saved = match (status.generation, status.unsaved) {
        (None, _) => "never saved".to_owned(),
        (Some(generation), false) => format!("saved (generation {generation})"),
        (Some(generation), true) => format!("changed since saved generation {generation}"),
    };
    terminal.text(&format!(
        "labels      {} of {}, {saved}",
        status.labels, status.label_capacity
    ));
    terminal.text(&format!(
        "program     {} of flash without the image, {} of static RAM, {} of stack at most",
        known(status.flash),
        known(status.ram),
        known(status.stack)
    ));
    let counters = &status.counters;
    terminal.text(&format!(
        "since boot  {:.1} s: {} windows, {} learned, {} saves, {} samples lost",
        f64::from(counters.uptime_ms) / 1e3,
        counters.windows,
        counters.learned,
        counters.saves,
        counters.lost_samples
    ));
    let link = &counters.link;
    terminal.text(&format!(
        "link        {} requests, {} repeated, {} refused, {} frames dropped",
        link.requests, link.repeats, link.refused, link.dropped
    ));
    terminal.result(status);
}

impl Watch {
    pub fn run(&self, session: &mut Conversation, terminal: &mut Terminal) -> Result<(), CliError> {
        let labels = session.labels()?;
        if labels.is_empty() {
            terminal.text("the device has no labels yet: teach it with `mote device … teach`");
        }
        let live = std::io::stdout().is_terminal() && !terminal.json();
        let (begun, mut last) = (Instant::now(), None);
        while self
            .seconds
            .is_none_or(|s| begun.elapsed().as_secs_f64() < s)
        {
            let seen = session.latest()?;
            if let Some(inference) = seen.filter(|seen| Some(seen.hop) != last) {
                last = Some(inference.hop);
                let name = name_of(&labels, &inference);
                let line = format!(
                    "{name:24} {:3.0} %  {}",
                    100.0 * inference.confidence,
                    bar(inference.confidence)
                );
                if live {
                    // One line, drawn over itself; who does not look is told nothing.
                    let _ = write!(std::io::stdout(), "\r{line}");
                    let _ = std::io::stdout().flush();
                } else {
                    terminal.text(&line);
                }
                terminal.result(&json!({
                    "hop": inference.hop,
                    "label": inference.index.map(|_| name),
                    "confidence": inference.confidence,
                    "novelty": inference.novelty,
                }));
            }
            std::thread::sleep(LOOK);
        }
        if live {
            terminal.text("");
        }
        Ok(())
    }
}

fn name_of<'l>(labels: &'l [Taught], inference: &Inference) -> &'l str {
    match inference.index {
        None => "unknown",
        Some(index) => labels
            .iter()
            .find(|label| label.index == index)
            .map_or("?", |label| &label.name),
    }
}

fn bar(confidence: f32) -> String {
    let full = (confidence.clamp(0.0, 1.0) * 20.0).round() as usize;
    format!("[{}{}]", "#".repeat(full), " ".repeat(20 - full))
}

impl Labels {
    pub fn run(&self, session: &mut Conversation, terminal: &mut Terminal) -> Result<(), CliError> {
        let labels = session.labels()?;
        let find = |name: &str| {
            let found = labels.iter().find(|label| label.name == name);
            found.ok_or_else(|| {
                let names: Vec<_> = labels.iter().map(|label| label.name.as_str()).collect();
                DeviceError::Mismatch(format!(
                    "the device has no label {name:?}; it has: {}",
                    names.join(", ")
                ))
            })
        };
        match &self.action {
            None | Some(LabelAction::List) => {}
            Some(LabelAction::Rename { from, to }) => {
                session.rename(find(from)?.index, to)?;
                session.save()?;
            }
            Some(LabelAction::Forget { name, .. }) => {
                match name {
                    Some(name) => session.forget(find(name)?)?,
                    None => session.command(&Request::ForgetAll)?,
                }
                session.save()?;
            }
        }
        let labels = session.labels()?;
        for label in &labels {
            terminal.text(&format!("{:>6} examples of {}", label.examples, label.name));
        }
        if labels.is_empty() {
            terminal.text("no labels");
        }
        terminal.result(&labels);
        Ok(())
    }
}

impl Bench {
    pub fn run(&self, session: &mut Conversation, terminal: &mut Terminal) -> Result<(), CliError> {
        let all = session.bench(None, self.repeats)?;
        let layers = (0..all.layers)
            .map(|layer| session.bench(Some(layer), self.repeats))
            .collect::<Result<Vec<_>, _>>()?;
        terminal.text("layer         MACs         ms    MACs/s");
        for (name, timing) in layers
            .iter()
            .enumerate()
            .map(|(layer, timing)| (layer.to_string(), timing))
            .chain([("all".to_owned(), &all)])
        {
            let pace = f64::from(timing.macs) / timing.seconds.max(1e-12);
            terminal.text(&format!(
                "{name:>5} {:>12} {:>10.3} {:>8.1}M",
                timing.macs,
                1e3 * timing.seconds,
                pace / 1e6
            ));
        }
        terminal.result(&json!({ "layers": layers, "all": all }));
        Ok(())
    }
}
