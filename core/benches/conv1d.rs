//! Windows a minute through the int8 kernels, shaped as the preset `conv1d`: 128 x 6, three convolutions of
//! 5 taps (32, 64, 64 filters; strides 2, 2, 1), global average. `cargo bench -p mote-core`

use mote_core::kernel::i8::{Conv2d, GlobalAvgPool};
use mote_core::kernel::{Constants, Geometry, Output};
use mote_core::quant::Multiplier;
use mote_core::shape::Shape;
use std::hint::black_box;
use std::time::Instant;

const OUTPUT: Output = Output {
    zero_point: -128,
    min: -128,
    max: 127,
};

/// Input steps, input channels, filters, stride.
const LAYERS: [(u16, u16, u16, u8); 3] = [(128, 6, 32, 2), (64, 32, 64, 2), (32, 64, 64, 1)];

fn geometry((steps, channels, filters, stride): (u16, u16, u16, u8)) -> Geometry {
    Geometry {
        input: Shape::sequence(steps, channels),
        output: Shape::sequence(steps.div_ceil(stride.into()), filters),
        size: [1, 5],
        stride: [1, stride],
        dilation: [1, 1],
        pad: [0, if stride == 1 { 2 } else { 1 }],
    }
}

fn main() {
    let pattern = |n: usize| (0..n).map(|i| (i * 37 % 255) as i8).collect::<Vec<i8>>();
    let weights = pattern(64 * 5 * 64);
    let bias = [[0_u8; 4]; 64];
    let multiplier = [(1_i32 << 30).to_le_bytes(); 64];
    let shift = [-9_i8; 64];
    let constants = Constants {
        bias: &bias,
        multiplier: &multiplier,
        shift: &shift,
    };
    let mut tensors = [
        pattern(128 * 6),
        vec![0; 64 * 32],
        vec![0; 32 * 64],
        vec![0; 32 * 64],
    ];
    let mut embedding = [0_i8; 64];
    let pool = GlobalAvgPool {
        input: Shape::sequence(32, 64),
        input_zero_point: -128,
        multiplier: Multiplier::from_real(1.0 / 32.0).unwrap_or(Multiplier::ZERO),
        output: OUTPUT,
    };
    let mut times = [f64::INFINITY; 4];
    let mut best = f64::INFINITY;
    let deadline = Instant::now() + std::time::Duration::from_secs(3);
    while Instant::now() < deadline {
        let start = Instant::now();
        for (layer, shape) in LAYERS.into_iter().enumerate() {
            let start = Instant::now();
            let geometry = geometry(shape);
            let (before, after) = tensors.split_at_mut(layer + 1);
            Conv2d {
                geometry,
                input_zero_point: -128,
                weights: &weights[..usize::from(shape.2) * 5 * usize::from(shape.1)],
                constants,
                output: OUTPUT,
            }
            .run(black_box(&before[layer]), &mut after[0]);
            times[layer] = times[layer].min(start.elapsed().as_secs_f64());
        }
        let pooled = Instant::now();
        pool.run(&tensors[3], black_box(&mut embedding));
        times[3] = times[3].min(pooled.elapsed().as_secs_f64());
        best = best.min(start.elapsed().as_secs_f64());
    }
    for (layer, time) in times.iter().enumerate() {
        println!("layer {layer}: {:.1} us", time * 1e6);
    }
    println!(
        "{:.0} windows a minute on one core (best of 3 s)",
        60.0 / best
    );
}
