//! Teaching a device, and asking what it has learned.

use super::super::suit::{self, Intake};
use super::super::{CliError, DataFlags, Terminal};
use super::{Conversation, Place, drawn};
use crate::data::{DataConfig, Dataset, Kind, Window, Windows};
use crate::device::{DeviceError, Taught};
use crate::pipeline::Console;
use crate::run::RunConfig;
use crate::run::progress::Progress;
use clap::Args;
use mote_core::wire::Request;
use serde::Serialize;
use std::time::{Duration, Instant};

/// How `teach` is told what.
#[derive(Args, Debug)]
pub struct Teach {
    #[command(flatten)]
    data: DataFlags,
    /// Windows to teach of each label of the recordings, spread over them
    #[arg(long, value_name = "WINDOWS", default_value_t = 5)]
    per_class: usize,
    /// Teach this label from the device's own sensor instead; a simulated one plays the recordings
    #[arg(long, value_name = "LABEL", conflicts_with = "per_class")]
    own: Option<String>,
    /// How long to teach from the device's own sensor
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, requires = "own")]
    seconds: f64,
}

/// What `infer` asks about.
#[derive(Args, Debug)]
pub struct Infer {
    #[command(flatten)]
    data: DataFlags,
    /// Windows to ask about, spread over the recordings
    #[arg(long, value_name = "WINDOWS", default_value_t = 50)]
    limit: usize,
}

/// The answer to one window.
#[derive(Serialize)]
struct Answer {
    recording: String,
    start: usize,
    label: Option<String>,
    confidence: f32,
    novelty: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    truth: Option<String>,
}

#[derive(Serialize)]
struct Answers {
    answers: Vec<Answer>,
    /// Labelled windows, of which `right` were named rightly and `unknown` not at all.
    labelled: usize,
    right: usize,
    unknown: usize,
}

impl Teach {
    /// What a simulated device's own sensor plays, if it is to teach.
    pub fn own_data(&self) -> Option<DataConfig> {
        self.own.as_ref().map(|_| self.data.config())
    }

    pub fn run(
        &self,
        session: &mut Conversation,
        place: &Place,
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        match &self.own {
            Some(name) => self.by_sensor(name, session, terminal)?,
            None => self.by_recordings(session, place, terminal)?,
        }
        session.save()?;
        let labels = session.labels()?;
        for label in &labels {
            terminal.text(&format!("{:>6} examples of {}", label.examples, label.name));
        }
        terminal.text("saved on the device");
        terminal.result(&labels);
        Ok(())
    }

    fn by_recordings(
        &self,
        session: &mut Conversation,
        place: &Place,
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        let (dataset, windows) = recordings(&self.data, session, place)?;
        if dataset.labels.is_empty() {
            return Err(DeviceError::Mismatch(format!(
                "{}: teaching needs labels, which sub-folders or --pattern name",
                dataset.name
            ))
            .into());
        }
        let count = dataset.labels.len() * self.per_class;
        let mut progress = Progress::new(terminal.progress(), "teaching", count as u64);
        let mut done = 0;
        for (label, name) in dataset.labels.iter().enumerate() {
            let of: Vec<_> = windows
                .list
                .iter()
                .filter(|window| window.label == Some(label))
                .collect();
            if of.is_empty() {
                continue;
            }
            let taught = session.label(name)?;
            for window in spread(&of, self.per_class) {
                session.window(samples(&dataset, window, windows.length))?;
                session.learn(drawn(), taught.index)?;
                done += 1;
                progress.update(done, || name.clone());
            }
        }
        progress.finish();
        Ok(())
    }

    fn by_sensor(
        &self,
        name: &str,
        session: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        let Taught {
            index, examples, ..
        } = session.label(name)?;
        let index = Some(index);
        session.command(&Request::Teach { index })?;
        let task = format!("teaching {name}");
        let mut progress = Progress::new(terminal.progress(), &task, (self.seconds * 10.0) as u64);
        let begun = Instant::now();
        while begun.elapsed().as_secs_f64() < self.seconds {
            std::thread::sleep(Duration::from_millis(100));
            // Also lets a simulated device work.
            let learned = session.status()?.counters.learned;
            let tenths = (begun.elapsed().as_secs_f64() * 10.0) as u64;
            progress.update(tenths, || format!("{learned} windows"));
        }
        progress.finish();
        session.command(&Request::Teach { index: None })?;
        let now = session.label(name)?.examples;
        if now == examples {
            return Err(DeviceError::Mismatch(format!(
                "the device's sensor gave no whole window in {} s: is it connected? longer with --seconds",
                self.seconds
            ))
            .into());
        }
        Ok(())
    }
}

impl Infer {
    pub fn run(
        &self,
        session: &mut Conversation,
        place: &Place,
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        let (dataset, windows) = recordings(&self.data, session, place)?;
        let labels = session.labels()?;
        let all: Vec<_> = windows.list.iter().collect();
        let asked = spread(&all, self.limit);
        let mut progress = Progress::new(terminal.progress(), "asking", asked.len() as u64);
        let mut answers = Vec::with_capacity(asked.len());
        for window in asked {
            session.window(samples(&dataset, window, windows.length))?;
            let inference = session.infer()?;
            let name = |index| labels.iter().find(|label| Some(label.index) == index);
            answers.push(Answer {
                recording: dataset.recordings[window.recording].name.clone(),
                start: window.start,
                label: name(inference.index).map(|label| label.name.clone()),
                confidence: inference.confidence,
                novelty: inference.novelty,
                truth: window.label.map(|label| dataset.labels[label].clone()),
            });
            progress.update(answers.len() as u64, String::new);
        }
        progress.finish();
        for answer in &answers {
            let label = answer.label.as_deref().unwrap_or("unknown");
            let truth = match &answer.truth {
                Some(truth) if *truth == label => " ok".into(),
                Some(truth) => format!(" but it is {truth}"),
                None => String::new(),
            };
            terminal.text(&format!(
                "{} at {}: {label} ({:.0} %){truth}",
                answer.recording,
                answer.start,
                100.0 * answer.confidence
            ));
        }
        let labelled = answers.iter().filter(|answer| answer.truth.is_some());
        let count = |test: fn(&&Answer) -> bool| labelled.clone().filter(test).count();
        let result = Answers {
            labelled: count(|_| true),
            right: count(|answer| answer.label == answer.truth),
            unknown: count(|answer| answer.label.is_none()),
            answers,
        };
        if result.labelled > 0 {
            terminal.text(&format!(
                "{} of {} windows right, {} unknown",
                result.right, result.labelled, result.unknown
            ));
        }
        terminal.result(&result);
        Ok(())
    }
}

/// Recordings and their windows as the device's image takes them.
fn recordings(
    flags: &DataFlags,
    session: &mut Conversation,
    place: &Place,
) -> Result<(Dataset, Windows), CliError> {
    let image = session.status()?.image.ok_or_else(|| {
        DeviceError::Mismatch(
            "the device has no image: give it one with `mote device upload`".into(),
        )
    })?;
    let mut config = RunConfig::default();
    config.window.length = image.samples.into();
    config.window.hop = usize::from(image.samples).div_ceil(2);
    flags.apply(&mut config);
    let mut dataset = match crate::data::kind(&config.data) {
        Kind::Sound | Kind::Symbols => {
            place.look(image.crc, |image| suit::load(&config.data, image))??
        }
        _ => crate::data::load(&config.data)?,
    };
    dataset.fill(config.window.length);
    let intake = Intake {
        channels: image.channels,
        rate_hz: image.rate_hz,
        samples: image.samples.into(),
        sides: None,
    };
    let suits = intake.check(&dataset, config.window.length);
    suits.map_err(DeviceError::Mismatch)?;
    let windows = Windows::cut(&dataset, config.window.length, config.window.hop)?;
    Ok((dataset, windows))
}

fn samples<'d>(dataset: &'d Dataset, window: &Window, length: usize) -> &'d [f32] {
    let width = dataset.width();
    let recording = &dataset.recordings[window.recording].samples;
    &recording[window.start * width..(window.start + length) * width]
}

/// At most `count` of `all`, each from the middle of an equal part.
fn spread<'w>(all: &[&'w Window], count: usize) -> Vec<&'w Window> {
    let count = count.min(all.len());
    (0..count)
        .map(|i| all[(2 * i + 1) * all.len() / (2 * count)])
        .collect()
}
