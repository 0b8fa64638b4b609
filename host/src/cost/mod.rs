//! What an image will cost on a core, before anything is flashed.
//!
//! A layer's cost is a sum of amounts of [work](amounts) times coefficients, which were fitted to counts of other
//! layers that QEMU ran: `coefficients.txt` says by which command. Predictions are compared with the measured budgets
//! of every preset in `tests/tests/costs.rs`.

mod coefficients;
mod core;
mod work;

pub use coefficients::{Coefficients, Kind, Unit};
pub use core::Core;
pub use work::amounts;

use mote_core::image::{Format, LayerInfo, ModelImage, Target};

/// Why there is no prediction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CostError {
    /// Only int8 images have been measured.
    #[error(
        "costs are known of int8 images, but this one has f16 weights: export it with --format int8"
    )]
    Format,
    /// The core refuses the image.
    #[error(
        "{core} has not the instructions that this image is packed for: export it with --target portable"
    )]
    Target {
        /// The core.
        core: Core,
    },
    /// A kind of layer that was never measured on the core.
    #[error("layer {layer}: its kind was not measured on {core}")]
    Unknown {
        /// Index of the layer.
        layer: usize,
        /// The core.
        core: Core,
    },
}

/// What a layer is expected to take.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Cost {
    /// Instructions.
    pub instructions: f64,
    /// Cycles by the rules of a Cortex-M4 whose memory never waits: a model, on every core.
    pub cycles: f64,
}

/// The cost of every layer of `image` on `core`, in order.
///
/// # Errors
/// If the image does not run on the core, or was never measured there.
pub fn predict(image: &ModelImage<'_>, core: Core) -> Result<Vec<Cost>, CostError> {
    if image.format() == Format::F16 {
        return Err(CostError::Format);
    }
    if image.target() == Target::Dsp && !core.has_dsp() {
        return Err(CostError::Target { core });
    }
    let known = Coefficients::shipped();
    let cost = |layer: LayerInfo<'_>| {
        let sum = |unit| known.cost(core, unit, &layer);
        match (sum(Unit::Instructions), sum(Unit::Cycles)) {
            (Some(instructions), Some(cycles)) => Ok(Cost {
                instructions,
                cycles,
            }),
            _ => Err(CostError::Unknown {
                layer: layer.index,
                core,
            }),
        }
    };
    image.layers().map(cost).collect()
}
