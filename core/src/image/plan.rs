//! Checks the scratch plan: no two tensors that live at the same time share memory, except where a layer
//! declares that it writes over an input that ends there, as its kernel allows.

use super::ImageError;
use super::layer::Record;
use super::tensor::{MAX_SCRATCH_LEN, TensorInfo};
use crate::kernel::Over;
use crate::kernel::dsp::Packing;
use crate::spec::{MAX_LAYERS, Op};

/// The last layer that reads each tensor; the embedding is read after all of them.
struct Lives([u8; MAX_LAYERS + 1]);

impl Lives {
    /// Of the tensors of a table whose layers and their inputs have been checked one by one.
    const fn read(table: &[u8], layers: u8) -> Result<Self, ImageError> {
        let mut lives = Self([0; MAX_LAYERS + 1]);
        let mut i = 0;
        while i < layers {
            // A tensor that nobody reads lives while it is written.
            lives.extend(i + 1, i);
            let record = match Record::read(table, i) {
                Ok(record) => record,
                Err(error) => return Err(error),
            };
            lives.extend(record.layer.input.0, i);
            if let Some(other) = record.layer.op.other() {
                lives.extend(other.0, i);
            }
            i += 1;
        }
        lives.extend(layers, layers);
        Ok(lives)
    }

    const fn extend(&mut self, tensor: u8, layer: u8) {
        if (tensor as usize) < self.0.len() {
            self.0[tensor as usize] = layer;
        }
    }

    /// A tensor beyond the table, which does not occur, would never end.
    const fn last(&self, tensor: u8) -> u8 {
        if (tensor as usize) < self.0.len() {
            self.0[tensor as usize]
        } else {
            u8::MAX
        }
    }
}

/// Checks every pair of tensors; gives the length of scratch, in values.
pub const fn check(tensors: &[u8], table: &[u8], layers: u8) -> Result<usize, ImageError> {
    let lives = match Lives::read(table, layers) {
        Ok(lives) => lives,
        Err(error) => return Err(error),
    };
    let mut len = TensorInfo::read(tensors, 0).end();
    let mut b = 1;
    while b <= layers {
        let record = match Record::read(table, b - 1) {
            Ok(record) => record,
            Err(error) => return Err(error),
        };
        let output = TensorInfo::read(tensors, b as usize);
        if output.end() > len {
            len = output.end();
        }
        let (work, work_end) = match work(tensors, &record, &output) {
            Some(range) => range,
            None => (0, 0),
        };
        if work_end > MAX_SCRATCH_LEN {
            return Err(ImageError::ScratchOffset {
                tensor: b,
                offset: work,
            });
        }
        if work_end > len {
            len = work_end;
        }
        if work < output.end() && output.offset < work_end {
            return Err(ImageError::Work {
                layer: b - 1,
                tensor: b,
            });
        }
        let mut replaced = false;
        let mut a = 0;
        while a < b {
            // `a` was born before `b`, so they meet unless `a` ended before layer `b - 1` ran.
            let before = TensorInfo::read(tensors, a as usize);
            let alive = lives.last(a) >= b - 1;
            if alive && work < before.end() && before.offset < work_end {
                return Err(ImageError::Work {
                    layer: b - 1,
                    tensor: a,
                });
            }
            if alive && before.overlaps(&output) {
                let declared = lives.last(a) == b - 1
                    && (record.in_place
                        && before.offset == output.offset
                        && is_summand(&record, a)
                        || record.over
                            && record.layer.input.0 == a
                            && may_lie_over(&record, &before, &output));
                if !declared {
                    return Err(ImageError::ScratchOverlap { a, b });
                }
                replaced = true;
            }
            a += 1;
        }
        if (record.in_place || record.over) && !replaced {
            return Err(ImageError::InPlace { layer: b - 1 });
        }
        b += 1;
    }
    Ok(len)
}

/// Where the layer of `record` works in scratch.
const fn work(tensors: &[u8], record: &Record, output: &TensorInfo) -> Option<(usize, usize)> {
    let input = TensorInfo::read(tensors, record.layer.input.0 as usize);
    match Packing::of(&record.layer.op, input.shape, output.shape) {
        Some(packing) if record.packed => {
            Some((record.work, record.work.saturating_add(packing.work)))
        }
        _ => None,
    }
}

/// Whether the output of the layer of `record` may lie over its input as it does.
const fn may_lie_over(record: &Record, input: &TensorInfo, output: &TensorInfo) -> bool {
    match Over::of(&record.layer.op, record.packed, input.shape, output.shape) {
        Some(over) => over.allows(input.offset, output.offset),
        None => false,
    }
}

/// Whether `tensor` is one of two different summands of an addition.
const fn is_summand(record: &Record, tensor: u8) -> bool {
    match record.layer.op {
        Op::Add { other } => {
            let input = record.layer.input.0;
            input != other.0 && (input == tensor || other.0 == tensor)
        }
        _ => false,
    }
}
