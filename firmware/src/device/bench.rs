//! How long layers take, by the board's clock.

use super::Device;
use super::value::run_layer;
use crate::board::Clock;
use mote_core::wire::{Refusal, Response};

/// Most runs that one request may ask for: the device answers nothing else meanwhile.
const MOST: u16 = 64;

impl<P, const D: usize, const L: usize, const W: usize, const S: usize, const B: usize>
    Device<'_, P, D, L, W, S, B>
{
    /// Runs one layer, or all of them, `repeats` times on what lies in scratch.
    pub(super) fn bench(
        &mut self,
        layer: Option<u8>,
        repeats: u16,
        clock: &mut impl Clock,
    ) -> Result<Response<'_>, Refusal> {
        if !(1..=MOST).contains(&repeats) {
            return Err(Refusal::Repeats {
                most: MOST,
                have: repeats,
            });
        }
        let count = self.image.layer_count();
        let layers = match layer.map(usize::from) {
            None => 0..count,
            Some(layer) if layer < count => layer..layer + 1,
            Some(layer) => {
                return Err(Refusal::NoSuchLayer {
                    layers: count as u8,
                    layer: layer as u8,
                });
            }
        };
        let macs = layers
            .clone()
            .filter_map(|layer| self.image.layer(layer))
            .fold(0u64, |sum, layer| sum.saturating_add(layer.macs()));
        let mut ticks = 0;
        for _ in 0..repeats {
            for layer in layers.clone() {
                let start = clock.ticks();
                run_layer(&self.image, layer, self.scratch.as_mut());
                ticks += u64::from(clock.ticks().wrapping_sub(start));
            }
        }
        Ok(Response::Bench {
            layers: count as u8,
            macs: macs.min(u64::from(u32::MAX)) as u32,
            ticks,
            ticks_per_second: clock.ticks_per_second().max(1),
        })
    }
}
