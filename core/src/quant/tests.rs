//! The rounding rule against definitions written independently of it.

use super::*;
use proptest::prelude::*;
use std::vec::Vec;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// `floor(numerator / denominator + 1/2)` for a positive denominator.
fn nearest_half_up(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator + denominator).div_euclid(2 * denominator)
}

/// Nearest, ties away from zero.
fn nearest_half_away(numerator: i128, denominator: i128) -> i128 {
    numerator.signum() * nearest_half_up(numerator.abs(), denominator)
}

/// The module's formula with divisions of big integers instead of shifts.
fn definition(acc: i32, by: Multiplier) -> i128 {
    let power = |exponent: i8| 2_i128.pow(exponent.max(0) as u32);
    let product = i128::from(acc) * power(by.shift) * i128::from(by.multiplier);
    nearest_half_away(nearest_half_up(product, 1 << 31), power(-by.shift))
}

#[test]
fn requantize_equals_its_definition_in_two_million_cases() {
    let mut random = Random(1);
    for case in 0..2_000_000_u64 {
        let bits = random.next();
        // Accumulators of every magnitude, exponents of the whole range, mantissas also at both ends.
        let multiplier = match case % 8 {
            0 => 1 << 30,
            1 => i32::MAX,
            _ => (1 << 30) | (bits >> 34) as i32,
        };
        let shift = (random.next() % 62) as i8 - 31;
        let room = 31 - i32::from(shift.max(0));
        let width = (random.next() % (room as u64 + 1)) as u32;
        let acc = (random.next() as i32)
            .checked_shr(32 - width.max(1))
            .unwrap_or(0);
        let by = Multiplier { multiplier, shift };
        let wide = i128::from(acc) << shift.max(0);
        assert!(i32::try_from(wide).is_ok(), "the generator left the domain");
        assert_eq!(
            i128::from(requantize(acc, by)),
            definition(acc, by),
            "{acc} by {by:?}"
        );
    }
}

#[test]
fn requantize_is_exact_at_the_edges_of_its_domain() {
    for acc in [i32::MIN, i32::MIN + 1, -1, 0, 1, i32::MAX - 1, i32::MAX] {
        for multiplier in [0, 1 << 30, (1 << 30) + 1, i32::MAX - 1, i32::MAX] {
            for shift in -31..=0 {
                let by = Multiplier { multiplier, shift };
                assert_eq!(
                    i128::from(requantize(acc, by)),
                    definition(acc, by),
                    "{acc} {by:?}"
                );
            }
        }
    }
}

#[test]
fn ties_of_the_product_go_up_and_ties_of_the_shift_away_from_zero() {
    let first = |acc| {
        requantize(
            acc,
            Multiplier {
                multiplier: 1 << 30,
                shift: 0,
            },
        )
    };
    assert_eq!([-3, -1, 1, 3].map(first), [-1, 0, 1, 2]); // -1.5, -0.5, 0.5, 1.5
    let second = |x| round_shift(x, 1);
    assert_eq!([-3, -1, 1, 3].map(second), [-2, -1, 1, 2]);
    // A quarter rounds twice: -0.5 of the product becomes 0; -1.5 becomes -1, then -0.5 becomes -1.
    let quarter = |acc| {
        requantize(
            acc,
            Multiplier {
                multiplier: 1 << 30,
                shift: -1,
            },
        )
    };
    assert_eq!([-3, -2, -1, 1, 2, 3].map(quarter), [-1, -1, 0, 1, 1, 1]);
}

#[test]
fn one_changes_nothing_and_zero_gives_zero() {
    for acc in [-(1 << 30), -12345, -1, 0, 1, 255, (1 << 30) - 1] {
        assert_eq!(requantize(acc, Multiplier::ONE), acc);
        assert_eq!(requantize(acc, Multiplier::ZERO), 0);
    }
    assert_eq!(Multiplier::from_real(1.0), Some(Multiplier::ONE));
}

#[test]
fn from_real_refuses_what_it_cannot_hold() {
    for real in [
        f64::NAN,
        f64::INFINITY,
        -1.0,
        -1e-300,
        2_f64.powi(30),
        1e300,
    ] {
        assert_eq!(Multiplier::from_real(real), None, "{real}");
    }
    // Just below 2^30 the mantissa would round up to it.
    assert_eq!(Multiplier::from_real(2_f64.powi(30).next_down()), None);
    for real in [0.0, -0.0, 5e-324, 1e-300, 2_f64.powi(-33)] {
        assert_eq!(
            Multiplier::from_real(real),
            Some(Multiplier::ZERO),
            "{real}"
        );
    }
    let least = Multiplier {
        multiplier: 1 << 30,
        shift: -31,
    };
    assert_eq!(Multiplier::from_real(2_f64.powi(-32)), Some(least));
    const EVALUATED_BY_THE_COMPILER: Option<Multiplier> = Multiplier::from_real(0.75);
    let expected = Multiplier {
        multiplier: 3 << 29,
        shift: 0,
    };
    assert_eq!(EVALUATED_BY_THE_COMPILER, Some(expected));
}

proptest! {
    #[test]
    fn from_real_is_the_nearest_mantissa(exponent in -31..30, fraction in 0.5_f64..1.0) {
        let real = fraction * 2_f64.powi(exponent);
        let by = Multiplier::from_real(real).unwrap();
        prop_assert!(by.multiplier >= 1 << 30);
        let error = (by.to_real() - real).abs();
        prop_assert!(error <= 2_f64.powi(i32::from(by.shift) - 32), "{} {:?}", real, by);
    }

    #[test]
    fn divided_by_divides(exponent in -31..30, fraction in 0.5_f64..1.0, count in 0_u32..10_000_000) {
        let by = Multiplier::from_real(fraction * 2_f64.powi(exponent)).unwrap();
        let quotient = by.divided_by(count);
        let expected = by.to_real() / f64::from(count.max(1));
        let unit = 2_f64.powi(i32::from(quotient.shift) - 31);
        prop_assert!(quotient.shift >= -31);
        prop_assert!(quotient.multiplier >= 1 << 29 || quotient.shift == -31);
        prop_assert!((0.0..unit * 1.001).contains(&(expected - quotient.to_real())));
    }

    #[test]
    fn shifted_down_divides(exponent in -31..30, fraction in 0.5_f64..1.0, bits in 0_u8..40) {
        let by = Multiplier::from_real(fraction * 2_f64.powi(exponent)).unwrap();
        let expected = by.to_real() / 2_f64.powi(bits.into());
        let down = by.shifted_down(bits).to_real();
        prop_assert!(down == expected || (down == 0.0 && expected < 2_f64.powi(-32)));
    }

    #[test]
    fn round_divide_goes_away_from_zero(sum in any::<i32>(), count in 0_u32..100_000) {
        let expected = nearest_half_away(sum.into(), count.max(1).into());
        prop_assert_eq!(i128::from(round_divide(sum, count)), expected);
    }

    #[test]
    fn fixed_root_is_the_floor(square in 0_u64..1 << 46) {
        let root = fixed_root(square) as i128;
        let wanted = i128::from(square) * 65536;
        prop_assert!(root * root <= wanted && wanted < (root + 1) * (root + 1));
    }
}

#[test]
fn fixed_root_saturates() {
    assert_eq!(fixed_root(u64::MAX), i32::MAX);
    assert_eq!(fixed_root(0), 0);
    assert_eq!(fixed_root(1), 256);
}

#[test]
fn round_to_i8_rounds_ties_away_and_takes_anything() {
    let rounded: Vec<i8> = [-1.5, -0.5, 0.5, 1.5, 1e9, -1e9, f32::INFINITY, f32::NAN]
        .into_iter()
        .map(|value| round_to_i8(value, 7))
        .collect();
    assert_eq!(rounded, [-2, -1, 1, 2, 127, -128, 127, 7]);
}

#[test]
fn quantize_inverts_dequantize() {
    let quant = Quant {
        scale: 0.037,
        zero_point: -11,
    };
    for q in i8::MIN..=i8::MAX {
        assert_eq!(quant.quantize(quant.dequantize(q)), q);
    }
    assert_eq!(quant.quantize(f32::NAN), -11);
    assert_eq!(quant.quantize(f32::NEG_INFINITY), -128);
}
