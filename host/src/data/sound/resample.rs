//! Another rate for a recording: a windowed sinc, one set of weights for each phase.
//!
//! Written here because the libraries choose their vector instructions by machine, and with them the order of their
//! sums: the same recording must have the same bytes everywhere.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side.
const CROSSINGS: f64 = 16.0;
/// Share of the narrower band that passes; the rest is for the filter to fall off.
const PASS: f64 = 0.94;

/// `sound` at `to` samples a second instead of `from`; both above 0.
pub(super) fn resample(sound: &[f32], from: u32, to: u32) -> Vec<f32> {
    if from == to || sound.is_empty() {
        return sound.to_vec();
    }
    let common = gcd(from, to);
    // Output n lies at input n * step / phases.
    let (step, phases) = (u64::from(from / common), u64::from(to / common));
    let cutoff = PASS * (f64::from(to) / f64::from(from)).min(1.0);
    let reach = (CROSSINGS / cutoff).ceil() as i64;
    let weights: Vec<f32> = (0..phases)
        .flat_map(|phase| {
            let offset = phase as f64 / phases as f64;
            (1 - reach..=reach).map(move |tap| weight(tap as f64 - offset, cutoff, reach as f64))
        })
        .collect();
    let taps = 2 * reach as usize;
    let length = (sound.len() as u64 * phases).div_ceil(step);
    (0..length)
        .map(|n| {
            let first = (n * step / phases) as i64 + 1 - reach;
            let phase = (n * step % phases) as usize;
            let weights = &weights[phase * taps..(phase + 1) * taps];
            let sum: f64 = weights
                .iter()
                .enumerate()
                .map(|(tap, &weight)| {
                    let at = usize::try_from(first + tap as i64);
                    let sample = at.ok().and_then(|at| sound.get(at));
                    f64::from(*sample.unwrap_or(&0.0)) * f64::from(weight)
                })
                .sum();
            sum as f32
        })
        .collect()
}

/// Low-pass impulse response `distance` samples from its middle, under a Hann window.
fn weight(distance: f64, cutoff: f64, reach: f64) -> f32 {
    if distance.abs() >= reach {
        return 0.0;
    }
    let phase = PI * cutoff * distance;
    let sinc = if phase == 0.0 {
        1.0
    } else {
        libm::sin(phase) / phase
    };
    (cutoff * sinc * 0.5 * (1.0 + libm::cos(PI * distance / reach))) as f32
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, length: usize) -> Vec<f32> {
        let turn = |i: usize| 2.0 * PI * hz * i as f64 / f64::from(rate);
        (0..length).map(|i| turn(i).sin() as f32).collect()
    }

    #[test]
    fn a_tone_stays_the_same_tone() {
        for (from, to) in [
            (44_100, 16_000),
            (8000, 16_000),
            (48_000, 8000),
            (22_050, 16_000),
        ] {
            let found = resample(&tone(500.0, from, from as usize), from, to);
            assert_eq!(found.len(), to as usize);
            let expected = tone(500.0, to, to as usize);
            let middle = 1000..to as usize - 1000;
            let worst = middle
                .map(|i| (found[i] - expected[i]).abs())
                .fold(0.0, f32::max);
            assert!(worst < 2e-3, "{from} to {to}: {worst}");
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_gone() {
        let found = resample(&tone(7000.0, 44_100, 44_100), 44_100, 8000);
        let loudest = found[500..7500]
            .iter()
            .fold(0.0f32, |most, v| most.max(v.abs()));
        assert!(loudest < 5e-3, "{loudest}");
        assert_eq!(resample(&[0.5, -1.0], 7, 7), [0.5, -1.0]);
        assert!(resample(&[], 7, 9).is_empty());
    }
}
