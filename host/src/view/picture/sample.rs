//! Where each pixel of a view lies in the picture, so that a picture is sampled once, however often its view is moved.

/// A linear map from places in the view to places in the picture, both in pixels from the upper left corner of the
/// first: row `r` and column `c` of the view lie at `corner + (r + 0.5) * down + (c + 0.5) * across`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Map {
    /// Row and column of the view's upper left corner.
    pub corner: [f32; 2],
    /// Rows and columns from one row of the view to the next.
    pub down: [f32; 2],
    /// Rows and columns from one column of the view to the next.
    pub across: [f32; 2],
}

impl Map {
    /// The view is the picture.
    pub const IDENTITY: Self = Self {
        corner: [0.0; 2],
        down: [1.0, 0.0],
        across: [0.0, 1.0],
    };

    /// The same with the view turned and stretched by `matrix` around the middle of its `size` (rows, columns);
    /// `matrix[0]` says how many rows a row and a column are now, `matrix[1]` how many columns.
    pub fn around(&self, matrix: [[f32; 2]; 2], size: [usize; 2]) -> Self {
        let by = |rows: f32, columns: f32| {
            [0, 1].map(|axis| rows * self.down[axis] + columns * self.across[axis])
        };
        let [down, across] = [0, 1].map(|from| by(matrix[0][from], matrix[1][from]));
        let half = size.map(|len| len as f32 / 2.0);
        let corner = [0, 1].map(|axis| {
            self.corner[axis]
                + half[0] * (self.down[axis] - down[axis])
                + half[1] * (self.across[axis] - across[axis])
        });
        Self {
            corner,
            down,
            across,
        }
    }

    /// Writes the view of `picture` (`height x width` pixels of `channels` values) to `out`, of the same size. Between
    /// pixels it interpolates linearly; beyond the edge, the edge goes on.
    pub fn sample(
        &self,
        picture: &[f32],
        [height, width]: [usize; 2],
        channels: usize,
        out: &mut [f32],
    ) {
        if *self == Self::IDENTITY {
            out.copy_from_slice(picture);
            return;
        }
        let neighbours = |at: f32, len: usize| {
            let at = (at - 0.5).clamp(0.0, len as f32 - 1.0);
            let low = at as usize;
            (low, (low + 1).min(len - 1), at - low as f32)
        };
        for (row, out) in out.chunks_exact_mut(width * channels).enumerate() {
            let row = row as f32 + 0.5;
            let start = [0, 1].map(|axis| self.corner[axis] + row * self.down[axis]);
            for (column, out) in out.chunks_exact_mut(channels).enumerate() {
                let column = column as f32 + 0.5;
                let at = [0, 1].map(|axis| start[axis] + column * self.across[axis]);
                let (above, below, down) = neighbours(at[0], height);
                let (before, after, right) = neighbours(at[1], width);
                for (channel, out) in out.iter_mut().enumerate() {
                    let value = |r: usize, c: usize| picture[(r * width + c) * channels + channel];
                    let mix = |a: f32, b: f32, share: f32| a + share * (b - a);
                    let upper = mix(value(above, before), value(above, after), right);
                    let lower = mix(value(below, before), value(below, after), right);
                    *out = mix(upper, lower, down);
                }
            }
        }
    }
}
