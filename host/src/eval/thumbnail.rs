//! The hand features of pictures: the raw pixels, averaged over tiles until the device's learners can hold them.

use super::{Embeddings, EvalError};

/// Most values of a thumbnail: what the covariance learner holds.
const MOST: usize = 128;

/// The pictures that thumbnails are made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thumbnails {
    /// Rows, at least 1.
    pub height: usize,
    /// Columns, at least 1.
    pub width: usize,
    /// Values in a pixel, at least 1.
    pub channels: usize,
}

impl Thumbnails {
    /// Rows and columns of a thumbnail: the picture's, divided by the smallest whole number that makes them fit.
    pub fn size(&self) -> [usize; 2] {
        let tile = (1..self.height.max(self.width)).find(|&tile| {
            self.height.div_ceil(tile) * self.width.div_ceil(tile) * self.channels <= MOST
        });
        let tile = tile.unwrap_or(self.height.max(self.width)).max(1);
        [self.height.div_ceil(tile), self.width.div_ceil(tile)]
    }

    /// Thumbnails of `B * H * W * C` values: each tile's mean.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] if the values do not come out even, [`EvalError::NotFinite`] if one is not finite.
    pub fn compute(&self, pictures: &[f32]) -> Result<Embeddings, EvalError> {
        let Self {
            height,
            width,
            channels,
        } = *self;
        let pictures = Embeddings::new(pictures.to_vec(), height * width * channels)?;
        let [rows, columns] = self.size();
        let (down, across) = (height.div_ceil(rows), width.div_ceil(columns));
        let mut values = Vec::with_capacity(pictures.rows() * rows * columns * channels);
        for picture in pictures.iter() {
            for row in 0..rows {
                for column in 0..columns {
                    for channel in 0..channels {
                        let (mut sum, mut count) = (0.0, 0.0);
                        for y in row * down..((row + 1) * down).min(height) {
                            for x in column * across..((column + 1) * across).min(width) {
                                sum += f64::from(picture[(y * width + x) * channels + channel]);
                                count += 1.0;
                            }
                        }
                        values.push((sum / f64::max(count, 1.0)) as f32);
                    }
                }
            }
        }
        Embeddings::new(values, rows * columns * channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_fit_the_learners_and_small_pictures_stay() {
        for (height, width, channels) in
            [(28, 28, 1), (32, 32, 3), (1, 1, 3), (300, 7, 1), (8, 8, 2)]
        {
            let thumbnails = Thumbnails {
                height,
                width,
                channels,
            };
            let pictures = vec![2.5; 2 * height * width * channels];
            let found = thumbnails.compute(&pictures).unwrap();
            assert!(found.dim <= MOST && found.rows() == 2, "{height} {width}");
            assert!(found.values.iter().all(|&v| v == 2.5));
        }
        let small = Thumbnails {
            height: 2,
            width: 2,
            channels: 1,
        };
        assert_eq!(
            small.compute(&[1.0, 2.0, 3.0, 4.0]).unwrap().values,
            [1.0, 2.0, 3.0, 4.0]
        );
    }
}
