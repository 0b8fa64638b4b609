//! Sum of two tensors.

use crate::spec::Activation;

/// Sum of two tensors of one shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Add {
    /// The fused non-linearity.
    pub activation: Activation,
}

impl Add {
    /// Writes `a + b`; as many values as the shortest slice holds.
    #[inline(never)]
    pub fn run(&self, a: &[f32], b: &[f32], output: &mut [f32]) {
        for ((out, &a), &b) in output.iter_mut().zip(a).zip(b) {
            *out = self.activation.apply(a + b);
        }
    }

    /// Adds `b` to `a`.
    #[inline(never)]
    pub fn run_in_place(&self, a: &mut [f32], b: &[f32]) {
        for (a, &b) in a.iter_mut().zip(b) {
            *a = self.activation.apply(*a + b);
        }
    }
}
