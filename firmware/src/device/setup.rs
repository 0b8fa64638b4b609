//! What a device is made of, and whether an image goes with it.

use super::value::value_len;
use crate::board::{MAX_CHANNELS, Signal};
use core::ops::Range;
use mote_core::image::ModelImage;
use mote_core::wire::{Fit, Name, Refusal};

/// What a device is made of.
#[derive(Clone, Debug)]
pub struct Setup<'i, P> {
    /// The encoder that is part of the program.
    pub image: ModelImage<'i>,
    /// Makes an empty probe, now and when all is to be forgotten.
    pub fresh: fn() -> P,
    /// What the sensor delivers.
    pub signal: Signal,
    /// What the application makes of sound: its ear's [`POINTS`](crate::ear::Ear::POINTS), 0 for none.
    pub hears: u16,
    /// Bytes of flash in which uploaded images are kept: two ranges on erase block bounds, outside the store's.
    /// Without them images cannot be uploaded.
    pub slots: Option<[Range<u32>; 2]>,
    /// What the device says of its program.
    pub program: Program,
}

/// What a device says of its program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Board and version of the firmware.
    pub build: Name,
    /// Bytes of flash without the built-in image; 0 if unknown.
    pub flash: u32,
    /// Bytes of static RAM, without stack; 0 if unknown.
    pub ram: u32,
    /// Tells the most bytes of stack since the boot, if that is known.
    pub stack: Option<fn() -> u32>,
}

/// What a device has room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) embedding: usize,
    pub(super) window: usize,
    pub(super) scratch: usize,
}

/// Checks that `image` runs in this room with this sensor.
pub(super) fn fits(
    image: &ModelImage<'_>,
    room: Room,
    signal: Signal,
    hears: u16,
) -> Result<(), Refusal> {
    let misfit = |what, need: usize, have: usize| {
        Err(Refusal::Misfit {
            what,
            need: need as u32,
            have: have as u32,
        })
    };
    let (need, have) = (image.embedding_len(), room.embedding);
    if need != have {
        return misfit(Fit::Embedding, need, have);
    }
    let size = value_len(image.format());
    let (need, have) = (image.input_shape().len() * size, room.window);
    if need > have {
        return misfit(Fit::Window, need, have);
    }
    let (need, have) = (image.scratch_len() * size, room.scratch);
    if need > have {
        return misfit(Fit::Scratch, need, have);
    }
    let front = image.front_end();
    let (need, have) = (front.map_or(0, |front| front.points()), hears.into());
    if need > have {
        return misfit(Fit::FrontEnd, need, have);
    }
    // A microphone has one channel, at a rate of its own.
    let (channels, rate) = match front {
        Some(front) => (1, front.rate_hz()),
        None => (usize::from(image.input_shape().c), image.rate_hz()),
    };
    let (need, have) = (channels, signal.channels.into());
    if need != have || need > MAX_CHANNELS {
        return misfit(Fit::Channels, need, have.min(MAX_CHANNELS));
    }
    // A tenth faster or slower than the recordings is no other sensor.
    let (need, have) = (rate, signal.rate_hz);
    if need > 0.0 && !(0.9 * need..=1.1 * need).contains(&have) {
        return misfit(Fit::Rate, (need * 1e3) as usize, (have * 1e3) as usize);
    }
    Ok(())
}
