//! Processes that train together, as threads.

use crate::objective::Batch;
use crate::objective::nt_xent::NtXent;
use crate::train::pretrain::{Head, Pretraining, Recipe, TrainError};
use crate::train::world::World;
use crate::train::{LayerHealth, Network, Rule, Schedule, projector};
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

fn training(accumulate: usize) -> Pretraining {
    let spec = Preset::Resnet8
        .spec(Shape::new(8, 8, 3), 0.5, None)
        .unwrap();
    let encoder = Network::new(&spec, 3).unwrap();
    let width = encoder.output_len() as u16;
    let head = projector(&[width, 16, 16], true, 4).unwrap();
    let objective = Box::new(NtXent::new(0.2).unwrap());
    let recipe = Recipe {
        rule: Rule::ADAM_W,
        weight_decay: 1e-4,
        schedule: Schedule::constant(1e-2),
        epochs: 1,
        seed: 1,
        clip: None,
        accumulate,
    };
    Pretraining::new(encoder, vec![Head::new(Some(head), objective, 1.0)], recipe)
}

fn batch(rows: u32) -> Batch {
    let mut random = 5u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as f32 / 8_388_608.0 - 1.0
    };
    Batch {
        inputs: (0..rows * 8 * 8 * 3).map(|_| next()).collect(),
        groups: (0..rows).map(|row| row % (rows / 2)).collect(),
        ..Batch::default()
    }
}

/// What a process ends with.
type End = (Vec<f32>, Vec<f32>, Vec<f64>, Vec<LayerHealth>);

/// Some steps in `size` processes.
fn train(size: usize, accumulate: usize, rows: u32) -> Vec<Result<End, TrainError>> {
    let (barrier, table) = (Arc::new(Barrier::new(size)), Arc::default());
    let process = |rank| {
        let thread = Thread {
            rank,
            size,
            barrier: Arc::clone(&barrier),
            table: Arc::clone(&table),
        };
        let mut training = training(accumulate);
        training.share(&(Arc::new(thread) as Arc<dyn World>));
        let (batch, mut losses) = (batch(rows), Vec::new());
        for _ in 0..3 {
            losses.push(training.step(&batch)?.loss);
        }
        let encoder = &training.encoder;
        let (weights, running) = (encoder.parameters().to_vec(), encoder.running().to_vec());
        Ok((weights, running, losses, encoder.health()))
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
    for (rows, accumulate, sizes) in [(36, 1, &[2, 3, 4][..]), (34, 1, &[2, 3]), (48, 3, &[2, 4])] {
        let alone = train(1, accumulate, rows).remove(0).unwrap();
        for &size in sizes {
            for (rank, end) in train(size, accumulate, rows).into_iter().enumerate() {
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
    for end in train(5, 1, 36) {
        assert_eq!(end.unwrap_err(), expected);
    }
}
