//! The extent of one activation tensor.

use serde::{Deserialize, Serialize};

/// Height, width and channels of an activation, stored `NHWC` with `N = 1`.
///
/// A sequence of `T` steps is `h = 1, w = T`; an embedding of `D` values is `h = 1, w = 1, c = D`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Shape {
    /// Rows.
    pub h: u16,
    /// Columns; time for sequences.
    pub w: u16,
    /// Channels.
    pub c: u16,
}

impl Shape {
    /// A tensor of `h` rows, `w` columns and `c` channels.
    pub const fn new(h: u16, w: u16, c: u16) -> Self {
        Self { h, w, c }
    }

    /// A sequence of `t` time steps of `c` channels.
    pub const fn sequence(t: u16, c: u16) -> Self {
        Self::new(1, t, c)
    }

    /// A vector of `d` values.
    pub const fn vector(d: u16) -> Self {
        Self::new(1, 1, d)
    }

    /// Number of pixels, `h * w`.
    pub const fn pixels(self) -> usize {
        self.h as usize * self.w as usize
    }

    /// Number of values, `h * w * c`; saturates, so that a hostile shape is merely too large.
    pub const fn len(self) -> usize {
        self.pixels().saturating_mul(self.c as usize)
    }

    /// Whether the tensor holds no value.
    pub const fn is_empty(self) -> bool {
        self.h == 0 || self.w == 0 || self.c == 0
    }
}
