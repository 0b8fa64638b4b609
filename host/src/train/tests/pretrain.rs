use super::random;
use crate::objective::cross_entropy::CrossEntropy;
use crate::objective::moco::{Moco, MocoConfig};
use crate::objective::nt_xent::NtXent;
use crate::objective::{Batch, mse::Mse};
use crate::train::pretrain::{Head, Outcome, Pretraining, Recipe, TrainError, Views};
use crate::train::trained::TrainedEncoder;
use crate::train::{Ema, Mode, Network, Rule, Schedule, Teacher, projector};
use mote_core::preset::Preset;
use mote_core::shape::Shape;
use std::sync::atomic::{AtomicBool, Ordering};

/// Two classes of windows, told apart by their offset; views add noise.
struct Toy {
    poison: bool,
}

const ROWS: u32 = 24;
const LEN: usize = 20 * 2;

impl Views for Toy {
    fn steps(&self) -> u64 {
        5
    }

    fn fill(&self, seed: u64, epoch: u64, step: u64, batch: &mut Batch) {
        batch.clear();
        let noise = random(ROWS as usize * LEN, seed ^ (epoch << 20) ^ step);
        for row in 0..ROWS {
            let (window, label) = (row % (ROWS / 2), row % 2);
            let noise = &noise[row as usize * LEN..][..LEN];
            batch.inputs.extend(
                noise
                    .iter()
                    .enumerate()
                    .map(|(at, x)| 0.5 * x + ((at as u32 * window) % 5) as f32 - label as f32),
            );
            batch.groups.push(window);
            batch.labels.push(label);
            batch.targets.push(window as f32 / 12.0);
        }
        if self.poison && step == 2 {
            batch.inputs[7] = f32::NAN;
        }
    }
}

fn run(epochs: u64) -> Pretraining {
    let spec = Preset::Conv1d
        .spec(Shape::sequence(20, 2), 0.25, None)
        .unwrap();
    let encoder = Network::new(&spec, 1).unwrap();
    let d = encoder.output_len() as u16;
    let heads = vec![
        Head::new(
            Some(projector(&[d, 16, 8], true, 2).unwrap()),
            Box::new(NtXent::new(0.5).unwrap()),
            1.0,
        ),
        Head::new(
            Some(projector(&[d, 2], false, 3).unwrap()),
            Box::<CrossEntropy>::default(),
            0.5,
        ),
        Head::new(
            Some(projector(&[d, 1], false, 4).unwrap()),
            Box::new(Mse),
            0.1,
        ),
        Head::new(None, Box::new(NtXent::new(1.0).unwrap()), 0.1),
    ];
    let schedule = Schedule {
        peak: 5e-3,
        floor: 0.0,
        warmup: 5,
        total: epochs * 5,
    };
    Pretraining::new(
        encoder,
        heads,
        Recipe {
            rule: Rule::ADAM_W,
            weight_decay: 0.01,
            schedule,
            epochs,
            seed: 9,
            clip: Some(1.0),
            accumulate: 1,
        },
    )
}

#[test]
fn several_objectives_fall_together() {
    let mut pretraining = run(12);
    let mut losses = Vec::new();
    let outcome = pretraining.run(
        &Toy { poison: false },
        &AtomicBool::new(false),
        |_, progress| losses.push(progress.losses.clone()),
    );
    assert_eq!(outcome, Ok(Outcome::Finished));
    assert_eq!(losses.len(), 60);
    for head in 0..3 {
        let mean = |steps: &[Vec<f64>]| {
            steps.iter().map(|losses| losses[head]).sum::<f64>() / steps.len() as f64
        };
        assert!(
            mean(&losses[50..]) < 0.9 * mean(&losses[..10]),
            "head {head}: {losses:?}"
        );
    }
}

#[test]
fn a_cancelled_run_goes_on_to_the_same_bytes() {
    let (toy, flag) = (Toy { poison: false }, AtomicBool::new(false));
    let mut whole = run(3);
    whole.run(&toy, &flag, |_, _| ()).unwrap();
    let mut halves = run(3);
    let outcome = halves.run(&toy, &flag, |run, _| {
        flag.store(run.done == 7, Ordering::Relaxed)
    });
    assert_eq!((outcome, halves.done), (Ok(Outcome::Cancelled), 7));
    flag.store(false, Ordering::Relaxed);
    assert_eq!(halves.run(&toy, &flag, |_, _| ()), Ok(Outcome::Finished));
    assert!(whole.encoder.parameters() == halves.encoder.parameters());
    assert!(whole.encoder.running() == halves.encoder.running());
}

#[test]
fn a_restored_run_goes_on_to_the_same_bytes_with_a_teacher_and_a_queue() {
    let moco = || {
        let mut run = run(3);
        let config = MocoConfig {
            queue: 40,
            momentum: 0.9,
            ..MocoConfig::default()
        };
        let mut head = Head::new(None, Box::new(Moco::new(config, 5)), 1.0);
        head.teacher = Some(Teacher::new(&run.encoder, None, 0.9).unwrap());
        run.heads.push(head);
        run.optimizers.push(run.optimizers[0].clone());
        run
    };
    let (toy, flag) = (Toy { poison: false }, AtomicBool::new(false));
    let mut whole = moco();
    let mut saved = None;
    whole
        .run(&toy, &flag, |run, _| {
            if run.done == 7 {
                saved = Some(run.state());
            }
        })
        .unwrap();
    let mut again = moco();
    again.restore(saved.unwrap()).unwrap();
    again.run(&toy, &flag, |_, _| ()).unwrap();
    assert!(whole.state() == again.state());
}

#[test]
fn a_number_that_is_none_stops_the_run_and_is_named() {
    let error = run(1)
        .run(&Toy { poison: true }, &AtomicBool::new(false), |_, _| ())
        .unwrap_err();
    assert_eq!(
        error,
        TrainError::NotFinite {
            step: 2,
            place: "a value of the data".into()
        }
    );
    let mut broken = run(1);
    broken.encoder.parameters_mut()[400] = f32::INFINITY;
    let error = broken
        .run(&Toy { poison: false }, &AtomicBool::new(false), |_, _| ())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("step 0: a weight of layer 1 (conv2d) of the encoder is not finite"),
        "{error}"
    );
}

#[test]
fn channels_that_are_always_0_are_counted_as_dead() {
    let mut training = run(1);
    let dead = |training: &Pretraining| training.encoder.health()[0].dead;
    let mut batch = Batch::default();
    Toy { poison: false }.fill(1, 0, 0, &mut batch);
    training.step(&batch).unwrap();
    let before = dead(&training);
    let named = training.encoder.named().to_vec();
    let range = |name: &str| named.iter().find(|p| p.name == name).unwrap().range.clone();
    for (name, value) in [("0.gamma", 0.0), ("0.beta", -0.5)] {
        let values = &mut training.encoder.parameters_mut()[range(name)];
        values[..3].fill(value);
    }
    training.step(&batch).unwrap();
    let health = &training.encoder.health()[0];
    assert_eq!(before, 0);
    assert_eq!((health.layer, health.name, health.dead), (0, "conv2d", 3));
}

#[test]
fn what_was_trained_embeds_as_the_network_does() {
    let mut pretraining = run(2);
    let mut ema = Ema::new(&pretraining.encoder, 0.9);
    pretraining
        .run(&Toy { poison: false }, &AtomicBool::new(false), |run, _| {
            ema.update(&run.encoder)
        })
        .unwrap();
    let windows = random(7 * LEN, 3);
    let trained = pretraining.encoder.trained();
    let embeddings = trained.embed(&windows);
    assert_eq!(
        embeddings,
        pretraining.encoder.forward(&windows, Mode::Eval)
    );
    assert_eq!(Network::load(&trained).unwrap().trained(), trained);
    let average = ema.trained(&pretraining.encoder);
    assert!(average != trained && average.embed(&windows).iter().all(|x| x.is_finite()));
    let mut short = trained.clone();
    short.layers[1].weights.pop();
    let error = Network::load(&short).err().unwrap();
    assert!(
        error.to_string().starts_with("layer 1: weights has"),
        "{error}"
    );
}

#[test]
fn numbers_that_training_would_not_keep_are_refused() {
    let trained = run(1).encoder.trained();
    let refuses = |change: &dyn Fn(&mut TrainedEncoder), parts: &[&str]| {
        let mut changed = trained.clone();
        change(&mut changed);
        let message = Network::load(&changed).err().unwrap().to_string();
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
    };
    assert!(Network::load(&trained).is_ok());
    refuses(
        &|t| t.layers[0].bias[3] = -0.25,
        &["layer 0", "bias", "0.25"],
    );
    refuses(&|t| t.layers[1].bias[0] = f32::NAN, &["layer 1", "bias"]);
    refuses(
        &|t| t.layers[1].batch_norm.as_mut().unwrap().epsilon = 1e-3,
        &["layer 1", "epsilon", "0.001", "0.00001"],
    );
    let plain = trained.layers.len() - 1;
    refuses(
        &|t| t.layers[plain].batch_norm = t.layers[0].batch_norm.clone(),
        &[&format!("layer {plain}"), "batch norm"],
    );
    refuses(
        &|t| t.layers[0].batch_norm = None,
        &["layer 0", "gamma has 0"],
    );
}
