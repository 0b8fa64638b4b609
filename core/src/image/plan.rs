//! Checks the scratch plan: no two tensors that live at the same time share memory, except where a layer
//! declares that it writes over an input that ends there.

use super::ImageError;
use super::layer::Record;
use super::tensor::TensorInfo;
use crate::spec::{MAX_LAYERS, Op};

/// The last layer that reads each tensor; the embedding is read after all of them.
pub const fn last_reads(table: &[u8], layers: u8) -> Result<[u8; MAX_LAYERS + 1], ImageError> {
    let mut last = [0; MAX_LAYERS + 1];
    let mut i = 0;
    while i < layers {
        // A tensor that nobody reads lives while it is written.
        last[i as usize + 1] = i;
        let record = match Record::read(table, i) {
            Ok(record) => record,
            Err(error) => return Err(error),
        };
        // Both are below the layer's own tensor: the caller has checked.
        last[record.layer.input.0 as usize] = i;
        if let Some(other) = record.layer.op.other() {
            last[other.0 as usize] = i;
        }
        i += 1;
    }
    last[layers as usize] = layers;
    Ok(last)
}

/// Checks every pair of tensors; gives the length of scratch, in values.
pub const fn check(tensors: &[u8], table: &[u8], layers: u8) -> Result<usize, ImageError> {
    let last = match last_reads(table, layers) {
        Ok(last) => last,
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
        let mut replaced = false;
        let mut a = 0;
        while a < b {
            // `a` was born before `b`, so they meet unless `a` ended before layer `b - 1` ran.
            let before = TensorInfo::read(tensors, a as usize);
            if last[a as usize] >= b - 1 && before.overlaps(&output) {
                let declared = record.in_place
                    && last[a as usize] == b - 1
                    && before.offset == output.offset
                    && is_summand(&record, a);
                if !declared {
                    return Err(ImageError::ScratchOverlap { a, b });
                }
                replaced = true;
            }
            a += 1;
        }
        if record.in_place && !replaced {
            return Err(ImageError::InPlace { layer: b - 1 });
        }
        b += 1;
    }
    Ok(len)
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
