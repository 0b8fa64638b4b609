//! Windows against f64 and against a plain list of samples.

use super::*;
use crate::quant::Quant;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

fn bytes(values: &[f32]) -> Vec<[u8; 4]> {
    values.iter().map(|value| value.to_le_bytes()).collect()
}

proptest! {
    #[test]
    fn quantize_is_within_a_step_of_the_real_affine(
        mean in prop::array::uniform3(-5.0_f64..5.0),
        deviation in prop::array::uniform3(0.1_f64..4.0),
        window in prop::collection::vec(prop::array::uniform3(-20.0_f32..20.0), 1..9),
    ) {
        let quant = Quant { scale: 0.03, zero_point: -5 };
        let gain = deviation.map(|deviation| (1.0 / (deviation * f64::from(quant.scale))) as f32);
        let offset: Vec<f32> = (mean.iter().zip(gain))
            .map(|(mean, gain)| (f64::from(quant.zero_point) - mean * f64::from(gain)) as f32)
            .collect();
        let (gain, offset) = (bytes(&gain), bytes(&offset));
        let samples: Vec<f32> = window.iter().flatten().copied().collect();
        let mut output = vec![0; samples.len()];
        Normalisation { gain: &gain, offset: &offset }.quantize(&samples, quant.zero_point, &mut output);
        for (i, (&x, &q)) in samples.iter().zip(&output).enumerate() {
            let normal = (f64::from(x) - mean[i % 3]) / deviation[i % 3];
            let real = (normal / f64::from(quant.scale) + f64::from(quant.zero_point)).clamp(-128.0, 127.0);
            prop_assert!((f64::from(q) - real).abs() <= 0.501, "{} for {}", q, real);
        }
    }

    #[test]
    fn a_ring_gives_the_windows_that_slicing_gives(
        window in 1_usize..8,
        channels in 1_usize..4,
        hop in 1_usize..12,
        len in 0_usize..60,
    ) {
        let samples: Vec<i8> = (0..len * channels).map(|i| i as i8).collect();
        let mut ring = WindowRing::<i8, 32>::new(window, channels, hop).unwrap();
        let mut windows = Vec::new();
        for sample in samples.chunks(channels) {
            if let Some(window) = ring.push(sample) {
                windows.push(window.to_vec());
            }
        }
        let starts = (0..len).step_by(hop).filter(|start| start + window <= len);
        let expected: Vec<Vec<i8>> = starts
            .map(|start| samples[start * channels..][..window * channels].to_vec())
            .collect();
        prop_assert_eq!(&windows, &expected);
        let mut ring = WindowRing::<i8, 32>::new(window, channels, hop).unwrap();
        let mut by_value = Vec::new();
        for &value in &samples {
            if ring.put(value) {
                by_value.push(ring.window().unwrap().to_vec());
            }
        }
        prop_assert_eq!(by_value, expected);
    }
}

#[test]
fn missing_and_infinite_samples_stay_in_range() {
    let (gain, offset) = (bytes(&[2.0]), bytes(&[10.0]));
    let affine = Normalisation {
        gain: &gain,
        offset: &offset,
    };
    let samples = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        1.25,
        -5.25,
    ];
    let mut quantized = [0; 6];
    affine.quantize(&samples, 10, &mut quantized);
    assert_eq!(quantized, [10, 127, -128, 127, 13, -1]); // 12.5 and -0.5 are ties
    let mut normal = [0.0; 6];
    affine.normalise(&samples, &mut normal);
    assert_eq!(normal, [0.0, 65504.0, -65504.0, 65504.0, 12.5, -0.5]);
}

#[test]
fn wrong_lengths_write_what_fits() {
    let (gain, offset) = (bytes(&[1.0, 1.0]), bytes(&[0.0, 0.0]));
    let mut output = [9; 5];
    Normalisation {
        gain: &gain,
        offset: &offset,
    }
    .quantize(&[1.0, 2.0, 3.0], 0, &mut output);
    assert_eq!(output, [1, 2, 9, 9, 9]);
    Normalisation {
        gain: &[],
        offset: &[],
    }
    .quantize(&[1.0, 2.0], 0, &mut output);
    assert_eq!(output, [1, 2, 9, 9, 9]);
}

#[test]
fn a_ring_says_why_it_cannot_be_made() {
    let small = WindowRing::<f32, 8>::new(3, 3, 1).unwrap_err();
    assert_eq!(small, RingError::TooSmall { need: 9, have: 8 });
    assert_eq!(
        std::format!("{small}"),
        "a window of 9 values does not fit a ring of 8: raise its capacity"
    );
    for (window, channels, hop) in [(0, 3, 1), (3, 0, 1), (3, 3, 0)] {
        let error = WindowRing::<f32, 8>::new(window, channels, hop).unwrap_err();
        assert_eq!(error, RingError::Empty);
    }
}

#[test]
fn a_ring_ignores_a_sample_of_another_length_and_starts_anew_when_cleared() {
    let mut ring = WindowRing::<i8, 4>::new(2, 2, 2).unwrap();
    assert_eq!(ring.push(&[1]), None);
    assert_eq!(ring.push(&[1, 2]), None);
    ring.clear();
    assert_eq!(ring.push(&[3, 4]), None);
    assert_eq!(ring.push(&[5, 6]), Some(&[3, 4, 5, 6][..]));
}
