//! One int8 layer whose weights are packed for the DSP instructions: from its record to its kernel.

use crate::image::{LayerInfo, Work};
use crate::kernel::Output;
use crate::kernel::dsp::{Conv2d, Dense};
use crate::spec::Op;
use bytemuck::try_cast_slice_mut;

/// Runs `layer` in `scratch`, which is at least as long as the image asks for, and aligned.
pub fn run(layer: &LayerInfo<'_>, work: Work, scratch: &mut [i8]) {
    let ranges = [layer.input.range(), layer.output.range(), work.range()];
    let Ok([x, y, work]) = scratch.get_disjoint_mut(ranges) else {
        return;
    };
    // Parsing has put it at a multiple of 16; the tail that makes no word is of no use.
    let whole = work.len() / 4 * 4;
    let work: &mut [u32] = match work.get_mut(..whole).map(try_cast_slice_mut) {
        Some(Ok(work)) => work,
        _ => return,
    };
    let (stream, output) = (
        layer.stream(),
        Output::new(layer.output.quant, layer.layer.activation),
    );
    match (layer.layer.op, layer.geometry()) {
        (Op::Conv2d { .. }, Some(geometry)) => {
            let input_zero_point = layer.input.quant.zero_point;
            let conv = Conv2d {
                geometry,
                input_zero_point,
                stream,
                output,
            };
            conv.run(x, y, work);
        }
        (Op::Dense { .. }, _) => {
            let inputs = layer.input.shape.len();
            let dense = Dense {
                inputs,
                stream,
                output,
            };
            dense.run(x, y, work);
        }
        _ => {}
    }
}
