//! Sound sample by sample, and a frame every hop.

use super::FrontEnd;

/// The latest samples of a stream of sound, and room to analyse them. `N` bounds the points of the FFT, `M` the bands
/// and two more; all memory is in the value: `8 * N + 4 * M` bytes and a few words.
#[derive(Clone, Debug)]
pub struct MelStream<const N: usize, const M: usize> {
    /// A ring of the last samples; a frame is at most `N` of them.
    samples: [f32; N],
    /// Where the next sample goes.
    next: usize,
    /// Samples until the next frame is complete.
    wait: usize,
    started: bool,
    work: [f32; N],
    sums: [f32; M],
}

impl<const N: usize, const M: usize> Default for MelStream<N, M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const M: usize> MelStream<N, M> {
    /// Silence before the first sample.
    pub const fn new() -> Self {
        Self {
            samples: [0.0; N],
            next: 0,
            wait: 0,
            started: false,
            work: [0.0; N],
            sums: [0.0; M],
        }
    }

    /// Whether `front` fits.
    pub const fn fits(front: &FrontEnd<'_>) -> bool {
        front.points() <= N && front.bands() + 2 <= M
    }

    /// Forgets all samples.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Takes one sample, full scale being 1; returns the log-mel values of the frame that it completes: the first
    /// once a whole frame has come, then one every hop. `None` always where `front` does not [fit](Self::fits).
    pub fn push(&mut self, front: &FrontEnd<'_>, sample: f32) -> Option<&[f32]> {
        if !Self::fits(front) {
            return None;
        }
        if !self.started {
            self.started = true;
            self.wait = front.frame();
        }
        if let Some(slot) = self.samples.get_mut(self.next) {
            *slot = sample;
        }
        self.next += 1;
        if self.next >= N {
            self.next = 0;
        }
        self.wait = self.wait.saturating_sub(1);
        if self.wait > 0 {
            return None;
        }
        self.wait = front.hop();
        self.frame(front)
    }

    /// Analyses the last frame's samples.
    fn frame(&mut self, front: &FrontEnd<'_>) -> Option<&[f32]> {
        let Self {
            samples,
            next,
            work,
            sums,
            ..
        } = self;
        let work = work.get_mut(..front.points())?;
        work.fill(0.0);
        // The frame is the end of the ring's older part and the whole newer part.
        let (newer, older) = samples.split_at_checked(*next)?;
        let from_older = front.frame().saturating_sub(newer.len());
        let older = older.get(older.len().checked_sub(from_older)?..)?;
        let newer = newer.get(newer.len().checked_sub(front.frame() - from_older)?..)?;
        let frame = older.iter().chain(newer);
        for ((work, &sample), &weight) in work.iter_mut().zip(frame).zip(front.window()) {
            *work = sample * f32::from_le_bytes(weight);
        }
        front.analyse(work, sums);
        sums.get(1..=front.bands())
    }
}
