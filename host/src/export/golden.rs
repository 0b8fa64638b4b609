//! The golden images in `core/tests/golden`: the exporter still writes these bytes, the core still reads them.
//!
//! Maker: this exporter, format version 1, from random numbers of `samples` with seed 1.
//! `MOTE_GOLDEN=write cargo test -p host golden_images` writes them anew.

use super::samples::{trained, windows};
use super::*;
use crate::data::sound::SoundFront;
use mote_core::preset::conv1d;
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op, Padding, Spec, Tensor};
use std::path::PathBuf;

const SEED: u64 = 1;

fn spec(input: Shape, layers: &[(u8, Op, Activation)]) -> Spec {
    let layer = |&(input, op, activation)| Layer {
        input: Tensor(input),
        op,
        activation,
    };
    Spec {
        input,
        layers: layers.iter().map(layer).collect(),
    }
}

/// Every kind of layer but the embedding.
fn layers() -> Spec {
    let kernel = |h, w, stride| Kernel::new([h, w], [stride; 2], Padding::Same);
    let (none, relu) = (Activation::None, Activation::Relu);
    let conv = |channels, kernel| Op::Conv2d {
        channels,
        kernel,
        batch_norm: true,
    };
    spec(
        Shape::new(4, 6, 2),
        &[
            (0, conv(6, kernel(3, 3, 1)), relu),
            (
                1,
                Op::DepthwiseConv2d {
                    kernel: kernel(3, 3, 1),
                    batch_norm: true,
                },
                none,
            ),
            (2, Op::Add { other: Tensor(1) }, relu),
            (
                3,
                Op::MaxPool {
                    kernel: kernel(2, 2, 2),
                },
                none,
            ),
            (4, conv(4, kernel(1, 1, 1)), none),
            (5, Op::Concat { other: Tensor(4) }, none),
            (
                6,
                Op::AvgPool {
                    kernel: kernel(1, 3, 1),
                },
                none,
            ),
            (7, Op::GlobalStatPool, none),
            (7, Op::GlobalAvgPool, none),
            (8, Op::Concat { other: Tensor(9) }, none),
            (
                10,
                Op::Dense {
                    channels: 5,
                    batch_norm: false,
                },
                none,
            ),
        ],
    )
}

/// Symbols and causal, dilated taps.
fn symbols() -> Spec {
    let kernel = Kernel::sequence(3, 1, Padding::Causal).dilated(2);
    let (none, relu) = (Activation::None, Activation::Relu);
    spec(
        Shape::sequence(9, 1),
        &[
            (
                0,
                Op::Embedding {
                    vocabulary: 11,
                    channels: 4,
                },
                none,
            ),
            (
                1,
                Op::Conv2d {
                    channels: 4,
                    kernel,
                    batch_norm: true,
                },
                relu,
            ),
            (2, Op::Add { other: Tensor(1) }, none),
            (3, Op::GlobalAvgPool, none),
        ],
    )
}

fn about(name: &str, channels: &[&str], window_len: u32) -> About {
    About {
        name: name.into(),
        rate_hz: 25.0,
        channels: channels.iter().map(|&channel| channel.into()).collect(),
        window_len,
        vocabulary: Vec::new(),
        front: None,
        hop_len: window_len / 2,
        mean: vec![0.5; channels.len()],
        deviation: vec![2.0; channels.len()],
    }
}

fn images() -> Vec<(&'static str, Vec<u8>)> {
    let motion = ["acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z"];
    let conv = conv1d(Shape::sequence(128, 6), 0.5, None).unwrap();
    let image = |spec: &Spec, about: &About| {
        let data = windows(spec, 16, SEED);
        int8(&trained(spec, SEED), about, &data, Method::Mse).unwrap()
    };
    let names = ["", " ", "a", "b", "c", "é", "\n", "tea", "0", "10", "z"];
    let symbolic = About {
        vocabulary: names.map(String::from).to_vec(),
        ..About::plain("symbols", 9, 1)
    };
    // Half a second of frames of a telephone's sound.
    let bands: Vec<String> = (1..=20).map(|band| format!("mel{band}")).collect();
    let bands: Vec<&str> = bands.iter().map(String::as_str).collect();
    let sound = About {
        rate_hz: 50.0,
        front: Some(SoundFront {
            rate_hz: 8000,
            frame: 256,
            hop: 160,
            bands: 20,
            low_hz: 60.0,
            high_hz: 4000.0,
            floor: 1e-6,
        }),
        mean: vec![-9.0; 20],
        deviation: vec![3.0; 20],
        ..about("sound", &bands, 25)
    };
    let heard = conv1d(Shape::sequence(25, 20), 0.25, None).unwrap();
    let pair = about("layers", &["left", "right"], 24);
    vec![
        ("layers.image", image(&layers(), &pair)),
        (
            "layers_f16.image",
            f16(&trained(&layers(), SEED), &pair).unwrap(),
        ),
        ("symbols.image", image(&symbols(), &symbolic)),
        ("conv1d.image", image(&conv, &about("conv1d", &motion, 128))),
        ("sound.image", image(&heard, &sound)),
    ]
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/golden")
        .join(name)
}

#[test]
fn the_exporter_still_writes_the_golden_images() {
    let write = std::env::var_os("MOTE_GOLDEN").is_some_and(|value| value == "write");
    for (name, bytes) in images() {
        if write {
            std::fs::write(path(name), &bytes).unwrap();
        }
        let golden = std::fs::read(path(name)).unwrap();
        assert_eq!(bytes.len(), golden.len(), "{name}");
        let differs = bytes.iter().zip(&golden).position(|(a, b)| a != b);
        // The checksum comes first, so look for what it covers.
        let content = bytes[8..]
            .iter()
            .zip(&golden[8..])
            .position(|(a, b)| a != b);
        assert_eq!(
            differs, None,
            "{name} differs; its content first at byte {content:?} + 8"
        );
    }
}
