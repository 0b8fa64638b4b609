//! Which channels are the x, y and z of one sensor, and how that sensor turns and mirrors.

use serde::{Deserialize, Serialize};

/// What three axes measure; this decides how they behave when the body is mirrored or moves faster.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Motion {
    /// An arrow (acceleration, gravity, velocity): mirroring across the plane normal to x flips x.
    Arrow,
    /// An axial arrow (magnetic field): mirroring across the plane normal to x flips y and z.
    Axial,
    /// Angular velocity: axial, and proportional to the speed of the movement.
    Rate,
}

impl Motion {
    /// The sign that `axis` (0 to 2) of this sensor takes when the body is mirrored along `normal` (0 to 2).
    pub fn mirror_sign(self, axis: usize, normal: usize) -> f32 {
        match (self, axis == normal) {
            (Self::Arrow, true) | (Self::Axial | Self::Rate, false) => -1.0,
            (Self::Arrow, false) | (Self::Axial | Self::Rate, true) => 1.0,
        }
    }
}

/// Three channels that turn together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Triad {
    /// Channel indices of x, y and z.
    pub channels: [usize; 3],
    /// What they measure.
    pub motion: Motion,
}

/// Finds triads by name: three channels that differ only in one letter x, y, z at the end or at the
/// start (`ax ay az`, `acc_x …`, `gyro.Z …`, `x y z`). In order of their first channel.
///
/// Names that begin with `w`, `g`, `gyr`, `rot`, `omega` or `ang` are angular rates, with `m`, `b` or
/// `mag` magnetic fields, all others arrows.
pub fn find(channels: &[String]) -> Vec<Triad> {
    let split: Vec<Option<(String, usize)>> = channels.iter().map(|name| stem(name)).collect();
    let mut triads = Vec::new();
    for (first, entry) in split.iter().enumerate() {
        let Some((prefix, _)) = entry else { continue };
        let place = |axis: usize| {
            split.iter().position(|other| {
                other
                    .as_ref()
                    .is_some_and(|(p, a)| p == prefix && *a == axis)
            })
        };
        let (Some(x), Some(y), Some(z)) = (place(0), place(1), place(2)) else {
            continue;
        };
        if first == x.min(y).min(z) {
            triads.push(Triad {
                channels: [x, y, z],
                motion: motion(prefix),
            });
        }
    }
    triads
}

/// The name without its axis letter and separators, in lower case, and the axis.
fn stem(name: &str) -> Option<(String, usize)> {
    let lower = name.trim().to_lowercase();
    let axis = |c: Option<char>| c.and_then(|c| "xyz".find(c));
    // A unit in brackets says nothing about the axis: `acc_x (g)`.
    let bare = lower.split(['(', '[']).next().unwrap_or("").trim();
    let clean = |text: &str| {
        text.trim_matches(|c: char| !c.is_alphanumeric())
            .to_string()
    };
    if let Some(axis) = axis(bare.chars().next_back()) {
        return Some((clean(&bare[..bare.len() - 1]), axis));
    }
    axis(bare.chars().next()).map(|axis| (clean(&bare[1..]), axis))
}

/// Guesses what a sensor measures from its name without the axis letter.
fn motion(prefix: &str) -> Motion {
    let begins = |words: &[&str]| words.iter().any(|w| prefix.starts_with(w));
    if matches!(prefix, "w" | "g") || begins(&["gyr", "rot", "omega", "ang"]) {
        Motion::Rate
    } else if matches!(prefix, "m" | "b") || begins(&["mag"]) {
        Motion::Axial
    } else {
        Motion::Arrow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn accelerometer_and_gyroscope_are_found_by_name() {
        for list in [
            ["ax", "ay", "az", "wx", "wy", "wz"],
            ["acc_x", "acc_y", "acc_z", "Gyro.X", "Gyro.Y", "Gyro.Z"],
            [
                "x_acc (g)",
                "y_acc (g)",
                "z_acc (g)",
                "gx [rad/s]",
                "gy [rad/s]",
                "gz [rad/s]",
            ],
        ] {
            let triads = find(&names(&list));
            assert_eq!(triads.len(), 2, "{list:?}");
            assert_eq!(triads[0].channels, [0, 1, 2]);
            assert_eq!(triads[0].motion, Motion::Arrow);
            assert_eq!(triads[1].channels, [3, 4, 5]);
            assert_eq!(triads[1].motion, Motion::Rate);
        }
    }

    #[test]
    fn other_channels_belong_to_no_triad() {
        assert!(find(&names(&["ax", "ay", "temperature", "max", "py"])).is_empty());
        let mixed = find(&names(&["z", "temperature", "y", "x"]));
        assert_eq!(mixed[0].channels, [3, 2, 0]);
        assert_eq!(mixed.len(), 1);
    }

    #[test]
    fn a_mirror_flips_arrows_along_and_axial_arrows_across() {
        assert_eq!(
            [0, 1, 2].map(|a| Motion::Arrow.mirror_sign(a, 0)),
            [-1.0, 1.0, 1.0]
        );
        assert_eq!(
            [0, 1, 2].map(|a| Motion::Rate.mirror_sign(a, 0)),
            [1.0, -1.0, -1.0]
        );
    }
}
