//! Mean and standard deviation over all pixels.

use crate::shape::Shape;
use crate::spec::Activation;

/// Mean of each channel, then standard deviation of each channel (biased), over all pixels.
///
/// Two passes in order: the mean, then the mean of `(x - mean)^2`. Statistics pooling of Snyder et al.,
/// *X-vectors*, 2018.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalStatPool {
    /// Shape of the input.
    pub input: Shape,
    /// The fused non-linearity.
    pub activation: Activation,
}

impl GlobalStatPool {
    /// Reads `input`, writes `input.c` means, then as many deviations.
    #[inline(never)]
    pub fn run(&self, input: &[f32], output: &mut [f32]) {
        let channels = usize::from(self.input.c).max(1);
        let count = self.input.pixels().max(1) as f32;
        let Some((means, deviations)) = output.split_at_mut_checked(channels) else {
            return;
        };
        for (channel, (mean, deviation)) in means.iter_mut().zip(deviations).enumerate() {
            let values = || input.iter().skip(channel).step_by(channels);
            let centre = values().fold(0.0, |sum, &x| sum + x) / count;
            let square = |sum, &x: &f32| sum + (x - centre) * (x - centre);
            let variance = values().fold(0.0, square) / count;
            *mean = self.activation.apply(centre);
            *deviation = self.activation.apply(libm::sqrtf(variance));
        }
    }
}
