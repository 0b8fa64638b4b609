//! Processes that train together, as threads.

use crate::objective::Batch;
use crate::objective::nt_xent::NtXent;
use crate::objective::paired::{Clip, Paired};
use crate::train::pretrain::{Head, Pretraining, Recipe, TrainError};
use crate::train::world::World;
use crate::train::{LayerHealth, Network, Partner, Rule, Schedule, projector};
use mote_core::preset::Preset;
use mote_core::shape::Shape;
use std::sync::{Arc, Barrier, Mutex};

/// One of several threads that exchange through a table.
struct Thread {
    rank: usize,
    size: usize,
    barrier: Arc<Barrier>,
    table: Arc<Mutex<Vec<u8>>>,
}

impl World for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn gather(&self, all: &mut [u8]) {
        let length = all.len() / self.size;
        let own = self.rank * length..(self.rank + 1) * length;
        self.table.lock().unwrap().resize(all.len(), 0);
        self.barrier.wait();
        self.table.lock().unwrap()[own.clone()].copy_from_slice(&all[own]);
        self.barrier.wait();
        all.copy_from_slice(&self.table.lock().unwrap());
        // Nobody may begin the next round before all have read this one.
        self.barrier.wait();
    }
}

/// What the processes train.
#[derive(Clone, Copy)]
enum Objective {
    Views,
    /// Over two encoders.
    Pairs,
}

fn training(accumulate: usize, objective: Objective) -> Pretraining {
    let spec = Preset::Resnet8
        .spec(Shape::new(8, 8, 3), 0.5, None)
        .unwrap();
    let encoder = Network::new(&spec, 3).unwrap();
    let width = encoder.output_len() as u16;
    let head = projector(&[width, 16, 16], true, 4).unwrap();
    let head = match objective {
        Objective::Views => Head::new(Some(head), Box::new(NtXent::new(0.2).unwrap()), 1.0),
        Objective::Pairs => Head {
            partner: Some(Partner {
                encoder: Network::new(&spec, 5).unwrap(),
                head: Some(projector(&[width, 16, 16], true, 6).unwrap()),
            }),
            ..Head::new(Some(head), Box::new(Clip::new(&Paired::default())), 1.0)
        },
    };
    let recipe = Recipe {
        rule: Rule::ADAM_W,
        weight_decay: 1e-4,
        schedule: Schedule::constant(1e-2),
        epochs: 1,
        seed: 1,
        clip: None,
        accumulate,
    };
    Pretraining::new(encoder, vec![head], recipe)
}

fn batch(rows: u32) -> Batch {
    let mut random = 5u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as f32 / 8_388_608.0 - 1.0
    };
    Batch {
        inputs: (0..rows * 8 * 8 * 3).map(|_| next()).collect(),
        partner: (0..rows * 8 * 8 * 3).map(|_| next()).collect(),
        groups: (0..rows).map(|row| row % (rows / 2)).collect(),
        ..Batch::default()
    }
}

/// What a process ends with.
type End = (Vec<f32>, Vec<f32>, Vec<f64>, Vec<LayerHealth>);

/// Some steps in `size` processes.
fn train(
    size: usize,
    accumulate: usize,
    objective: Objective,
    batch: &Batch,
) -> Vec<Result<End, TrainError>> {
    let (barrier, table) = (Arc::new(Barrier::new(size)), Arc::default());
    let process = |rank| {
        let thread = Thread {
            rank,
            size,
            barrier: Arc::clone(&barrier),
            table: Arc::clone(&table),
        };
        let mut training = training(accumulate, objective);
        training.share(&(Arc::new(thread) as Arc<dyn World>));
        let mut losses = Vec::new();
        for _ in 0..3 {
            losses.push(training.step(batch)?.loss);
        }
        let weights = training.networks().flat_map(Network::parameters);
        let running = training.networks().flat_map(Network::running);
        let (weights, running) = (weights.copied().collect(), running.copied().collect());
        Ok((weights, running, losses, training.encoder.health()))
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..size)
            .map(|rank| scope.spawn(move || process(rank)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

#[test]
fn any_number_of_processes_ends_in_the_bytes_of_one() {
    // 36 rows are twelve chunks of three; 34 leave the last one short; parts of 34 have other chunks again.
    use Objective::{Pairs, Views};
    for (objective, rows, accumulate, sizes) in [
        (Views, 36, 1, &[2, 3, 4][..]),
        (Views, 34, 1, &[2, 3]),
        (Views, 48, 3, &[2, 4]),
        (Pairs, 36, 1, &[2, 3]),
        (Pairs, 48, 3, &[2]),
    ] {
        let batch = batch(rows);
        let alone = train(1, accumulate, objective, &batch).remove(0).unwrap();
        for &size in sizes {
            let ends = train(size, accumulate, objective, &batch);
            for (rank, end) in ends.into_iter().enumerate() {
                assert!(
                    end.unwrap() == alone,
                    "process {rank} of {size}, {rows} rows"
                );
            }
        }
    }
}

#[test]
fn chunks_that_cannot_be_shared_evenly_are_refused() {
    let expected = TrainError::Uneven {
        rows: 36,
        chunks: 12,
        processes: 5,
    };
    for end in train(5, 1, Objective::Views, &batch(36)) {
        assert_eq!(end.unwrap_err(), expected);
    }
}

/// All 36 rows together are twelve chunks, but the second encoder takes 26 of them alone.
#[test]
fn what_another_encoder_cannot_share_evenly_is_refused() {
    let mut parted = batch(26);
    let further = batch(10);
    parted.further.push(further);
    let expected = TrainError::Uneven {
        rows: 26,
        chunks: 13,
        processes: 3,
    };
    for end in train(3, 1, Objective::Pairs, &parted) {
        assert_eq!(end.unwrap_err(), expected);
    }
}
