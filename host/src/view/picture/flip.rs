//! Left and right change places.

use super::super::stream::{Stream, happens};
use serde::{Deserialize, Serialize};

/// How often.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flip {
    /// Share of views that are flipped, 0 to 1; 0 is right where left and right differ, as in letters.
    pub probability: f32,
}

impl Default for Flip {
    fn default() -> Self {
        Self { probability: 0.5 }
    }
}

impl Flip {
    /// Flips a view of rows of `width` pixels of `channels` values.
    pub fn apply(&self, view: &mut [f32], width: usize, channels: usize, rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        for row in view.chunks_exact_mut(width * channels) {
            for column in 0..width / 2 {
                for channel in 0..channels {
                    let other = (width - 1 - column) * channels + channel;
                    row.swap(column * channels + channel, other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream;
    use super::*;

    #[test]
    fn columns_change_places_and_channels_stay() {
        let mut view = [
            1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0,
        ];
        let flip = Flip { probability: 1.0 };
        flip.apply(&mut view, 3, 2, &mut stream([1; 4]));
        assert_eq!(
            view,
            [
                5.0, 6.0, 3.0, 4.0, 1.0, 2.0, 11.0, 12.0, 9.0, 10.0, 7.0, 8.0
            ]
        );
        let before = view;
        Flip { probability: 0.0 }.apply(&mut view, 3, 2, &mut stream([1; 4]));
        assert_eq!(view, before);
    }
}
