use super::*;
use crate::data::{Dataset, Recording};
use crate::objective::Batch;
use crate::objective::nt_xent::NtXent;
use crate::pipeline::spec;
use crate::run::RunConfig;
use crate::run::progress::Output;
use crate::train::pretrain::{Head, Recipe, Views};
use crate::train::world::alone;
use crate::train::{Rule, Schedule};
use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where the progress is written, to be read again.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The same eight windows in every step.
struct Windows<'a>(&'a [f32]);

impl Views for Windows<'_> {
    fn steps(&self) -> u64 {
        4
    }

    fn fill(&self, _seed: u64, _epoch: u64, _step: u64, batch: &mut Batch) {
        batch.inputs = self.0[..8 * 32].to_vec();
        batch.groups = (0..8).map(|row| row % 4).collect();
    }
}

/// What a training of four steps says where `dead` channels of layer 0 are always 0.
fn said(dead: usize) -> String {
    let mut dataset = Dataset::new("waves", 50.0, vec!["left".into(), "right".into()]);
    dataset.recordings = (0..6)
        .map(|number| Recording {
            name: number.to_string(),
            subject: None,
            label: None,
            samples: (0..200)
                .map(|t| (0.1 * (t * (1 + number)) as f32).sin())
                .collect(),
        })
        .collect();
    let mut config = RunConfig::default();
    (config.window.length, config.window.hop) = (16, 8);
    config.encoder.width = 0.25;
    let experiment = Experiment::new(dataset, &config).unwrap();
    let mut encoder = Network::new(&spec(&experiment, &config).unwrap(), 1).unwrap();
    for parameter in encoder.named().to_vec() {
        let value = match parameter.name.as_str() {
            "0.gamma" => 0.0,
            "0.beta" => -1.0,
            _ => continue,
        };
        encoder.parameters_mut()[parameter.range][..dead].fill(value);
    }
    let head = Head::new(None, Box::new(NtXent::new(0.5).unwrap()), 1.0);
    let recipe = Recipe {
        rule: Rule::ADAM,
        weight_decay: 0.0,
        schedule: Schedule::constant(0.0),
        epochs: 1,
        seed: 1,
        clip: None,
        accumulate: 1,
    };
    let mut training = Pretraining::new(encoder, vec![head], recipe);
    let paper = Paper::default();
    let output = Output::Lines(Box::new(paper.clone()), Duration::from_secs(3600));
    let progress = Progress::new(output, "pretrain", 4);
    let mut monitor = Monitor::new(&experiment, "pretrain", 4, progress, None, &alone());
    monitor.begin(&mut training, 4, false).unwrap();
    let views = Windows(&experiment.values);
    let watch = |training: &Pretraining, step: &pretrain::Progress| monitor.step(training, step);
    training
        .run(&views, &AtomicBool::new(false), watch)
        .unwrap();
    assert_eq!(monitor.last_good(), "There is no checkpoint from before");
    monitor.finish().unwrap();
    let text = paper.0.lock().unwrap().clone();
    String::from_utf8(text).unwrap()
}

#[test]
fn dead_channels_are_warned_of_once_when_they_are_most_of_a_layer() {
    let text = said(6);
    let warnings: Vec<&str> = text.lines().filter(|line| line.contains("are 0")).collect();
    let [warning] = warnings[..] else {
        panic!("expected one warning: {text}")
    };
    for part in [
        "warning: 6 of 8 channels of layer 0 (conv2d)",
        "schedule.learning_rate",
    ] {
        assert!(warning.contains(part), "{part}: {warning}");
    }
    assert!(!said(0).contains("are 0"));
}

#[test]
fn a_collapse_is_warned_of_with_the_keys_to_change() {
    let text = said(8);
    let warnings: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("collapse"))
        .collect();
    let [warning] = warnings[..] else {
        panic!("expected one warning: {text}")
    };
    assert!(
        warning.contains("objective.temperature") && warning.contains("schedule.batch"),
        "{warning}"
    );
}
