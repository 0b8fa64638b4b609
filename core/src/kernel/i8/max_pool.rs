//! Maximum under a sliding kernel.

use crate::kernel::{Geometry, Output, run_of};

/// Maximum over the taps inside the input; input and output have one scale and one zero point. The zero point where no
/// tap is inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaxPool {
    /// How the kernel slides; as many output as input channels.
    pub geometry: Geometry,
    /// Clamp of the result.
    pub output: Output,
}

impl MaxPool {
    /// Reads `geometry.input`, writes `geometry.output`.
    pub fn run(&self, input: &[i8], output: &mut [i8]) {
        let width = usize::from(self.geometry.input.c);
        self.geometry.slide(output, |window, channels| {
            channels.fill(match window.len() {
                0 => self.output.zero_point,
                _ => i8::MIN,
            });
            for tap in self.geometry.inside(window) {
                for (out, &x) in channels.iter_mut().zip(run_of(input, tap.input, width)) {
                    *out = x.max(*out);
                }
            }
            for out in channels {
                *out = self.output.clamp((*out).into());
            }
        });
    }
}
