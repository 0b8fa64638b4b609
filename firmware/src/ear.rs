//! Sound on its way to an encoder that reads log-mel frames.
//!
//! An application with a microphone has [`Hearing`]; one without is [`Deaf`], which costs nothing.

use mote_core::image::ModelImage;
use mote_core::mel::{FrontEnd, MAX_BANDS, MelStream};

/// What an application makes of a sample before the encoder's window takes it.
pub trait Ear<'i> {
    /// Most points of a front end's FFT; 0 where there is no room for any.
    const POINTS: usize;

    /// An ear for `image`.
    fn of(image: &ModelImage<'i>) -> Self;

    /// What the window takes next: the frame that the sample completes where the image has a front end, else the sample
    /// as it is.
    fn listen<'s>(&'s mut self, sample: &'s [f32]) -> Option<&'s [f32]>;

    /// Forgets all sound.
    fn clear(&mut self);
}

/// No ear.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deaf;

impl<'i> Ear<'i> for Deaf {
    const POINTS: usize = 0;

    fn of(_: &ModelImage<'i>) -> Self {
        Self
    }

    fn listen<'s>(&'s mut self, sample: &'s [f32]) -> Option<&'s [f32]> {
        Some(sample)
    }

    fn clear(&mut self) {}
}

/// An ear for front ends of at most `N` points: `8 * N + 550` bytes of RAM, about.
#[derive(Clone, Debug)]
pub struct Hearing<'i, const N: usize> {
    front: Option<FrontEnd<'i>>,
    stream: MelStream<N, { MAX_BANDS + 2 }>,
}

impl<'i, const N: usize> Ear<'i> for Hearing<'i, N> {
    const POINTS: usize = N;

    fn of(image: &ModelImage<'i>) -> Self {
        Self {
            front: image.front_end(),
            stream: MelStream::new(),
        }
    }

    fn listen<'s>(&'s mut self, sample: &'s [f32]) -> Option<&'s [f32]> {
        match (&self.front, sample) {
            (None, _) => Some(sample),
            (Some(front), [sample]) => self.stream.push(front, *sample),
            // A microphone has one channel; the device has refused any other.
            (Some(_), _) => None,
        }
    }

    fn clear(&mut self) {
        self.stream.clear();
    }
}
