use super::random;
use crate::train::{Level, Mode, Network};
use mote_core::preset::Preset;
use mote_core::shape::Shape;
use mote_core::spec::Spec;

fn presets() -> Vec<Spec> {
    let inputs = [
        Shape::sequence(33, 6),
        Shape::new(11, 9, 3),
        Shape::new(13, 10, 1),
        Shape::sequence(20, 1),
    ];
    let mut all: Vec<Spec> = Preset::ALL
        .into_iter()
        .zip(inputs)
        .map(|(preset, input)| preset.spec(input, 0.5, Some(5)).unwrap())
        .collect();
    // Whole tiles and vectors: Winograd's transform.
    let whole = Preset::Resnet8.spec(Shape::new(16, 8, 3), 1.0, Some(5));
    all.push(whole.unwrap());
    all
}

/// Output, gradients and running statistics of one step.
fn step(spec: &Spec, level: Level, threads: usize, rows: usize) -> Vec<u32> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        let mut network = Network::new(spec, 1).unwrap();
        network.set_level(level);
        let input = random(rows * network.input_len(), 2);
        let output = network.forward(&input, Mode::Train).to_vec();
        network.backward(&random(output.len(), 3));
        let all = [&output, network.gradients(), network.running()].concat();
        all.iter().map(|x| x.to_bits()).collect()
    })
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    for spec in presets() {
        for rows in [2, 19] {
            let one = step(&spec, Level::detect(), 1, rows);
            for threads in [2, 3, 8] {
                let more = step(&spec, Level::detect(), threads, rows);
                assert!(one == more, "{threads} threads, {rows} rows");
            }
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bytes() {
    for spec in presets() {
        for rows in [2, 19] {
            let fastest = step(&spec, Level::detect(), 2, rows);
            for level in Level::available() {
                let same = fastest == step(&spec, level, 2, rows);
                assert!(same, "{} differs with {rows} rows", level.name());
            }
        }
    }
}
