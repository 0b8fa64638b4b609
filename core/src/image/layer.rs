//! The table of layers and the constants of each.

use super::bytes::{align, array_at, part, u8_at, u16_at, u32_at};
use super::{Format, ImageError};
use crate::encoder::kernels;
use crate::kernel::dsp::{Order, Packing};
use crate::quant::Multiplier;
use crate::shape::Shape;
use crate::spec::{Activation, Kernel, Layer, Op, Padding, Tensor};

/// Bytes of one layer record.
pub const LAYER_LEN: usize = 32;
/// Constants of a layer start at a multiple of this many bytes of their section.
pub const CONSTANTS_ALIGN: usize = 16;
/// Flag of a layer that writes over one of its inputs.
pub const IN_PLACE: u8 = 1;
/// Flag of a layer that writes over its one input, ahead of what it still reads.
pub const OVER: u8 = 2;
/// Code of a layout: 0 is that of the spec, the others are packed for the DSP instructions. 2 was that of 3 for a kernel
/// with less working memory.
pub const fn packing_code(packing: Option<Packing>) -> u8 {
    match packing {
        None => 0,
        Some(packing) => match packing.order {
            Order::Runs => 1,
            Order::Taps => 3,
        },
    }
}
/// Working memory starts at a multiple of this many bytes of scratch.
pub const WORK_ALIGN: usize = 16;

/// Where a layer's constants lie, and how many there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConstantsLayout {
    /// Bytes of weights.
    pub weights: usize,
    /// Number of bias values.
    pub biases: usize,
    /// Number of multipliers, and of shifts.
    pub multipliers: usize,
}

impl ConstantsLayout {
    /// What `op` needs between tensors of these shapes.
    pub const fn new(op: &Op, format: Format, input: Shape, output: Shape) -> Self {
        let biases = op.biases(output);
        let multipliers = match (format, op) {
            (Format::F16, _) => 0,
            (_, Op::Add { .. }) => 3,
            (_, Op::Concat { .. }) => 2,
            (_, Op::GlobalAvgPool | Op::GlobalStatPool) => 1,
            _ => biases,
        };
        let weights = op
            .weights(input, output)
            .saturating_mul(format.weight_len());
        Self {
            weights,
            biases,
            multipliers,
        }
    }

    /// What a layer packed as `packing` needs, whose constants are `plain` otherwise.
    pub const fn packed(packing: Packing, plain: Self) -> Self {
        if packing.stream == 0 {
            return plain;
        }
        Self::stream(packing)
    }

    /// One stream of words that holds all weights and numbers.
    pub(super) const fn stream(packing: Packing) -> Self {
        Self {
            weights: packing.stream.saturating_mul(4),
            biases: 0,
            multipliers: 0,
        }
    }

    /// Offset of the bias values behind the weights.
    pub const fn bias_at(&self) -> usize {
        align(self.weights, 4)
    }

    /// Offset of the multipliers.
    pub const fn multipliers_at(&self) -> usize {
        self.bias_at().saturating_add(4 * self.biases)
    }

    /// Offset of the shifts.
    pub const fn shifts_at(&self) -> usize {
        self.multipliers_at().saturating_add(4 * self.multipliers)
    }

    /// Bytes of all of them.
    pub const fn len(&self) -> usize {
        self.shifts_at().saturating_add(self.multipliers)
    }

    /// Whether the layer has no constants.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Codes of operations in layer records.
pub(crate) mod codes {
    pub const CONV2D: u8 = 1;
    pub const DEPTHWISE_CONV2D: u8 = 2;
    pub const DENSE: u8 = 3;
    pub const ADD: u8 = 4;
    pub const CONCAT: u8 = 5;
    pub const AVG_POOL: u8 = 6;
    pub const MAX_POOL: u8 = 7;
    pub const GLOBAL_AVG_POOL: u8 = 8;
    pub const GLOBAL_STAT_POOL: u8 = 9;
    pub const EMBEDDING: u8 = 10;
}

/// One record: the layer of the spec and where its constants start.
#[derive(Clone, Copy)]
pub struct Record {
    pub layer: Layer,
    pub in_place: bool,
    pub over: bool,
    pub constants: usize,
    pub weights: usize,
    pub packed: bool,
    /// How it is packed, as [`packing_code`] says.
    pub packing: u8,
    /// Where working memory starts in scratch, in bytes; means something where the layer is packed.
    pub work: usize,
}

impl Record {
    /// Reads record `layer` of the table; the error names a code without meaning.
    pub const fn read(table: &[u8], layer: u8) -> Result<Self, ImageError> {
        let record: [u8; LAYER_LEN] = array_at(table, layer as usize * LAYER_LEN);
        macro_rules! code {
            ($offset:literal) => {
                return Err(ImageError::Code {
                    layer,
                    offset: $offset,
                    found: record[$offset],
                })
            };
        }
        let padding = match record[10] {
            0 => Padding::Same,
            1 => Padding::Valid,
            2 => Padding::Causal,
            3 => Padding::Explicit([record[12], record[13], record[14], record[15]]),
            _ => code!(10),
        };
        let kernel = Kernel {
            size: [record[4], record[5]],
            stride: [record[6], record[7]],
            dilation: [record[8], record[9]],
            padding,
        };
        let (channels, vocabulary) = (u16_at(&record, 16), u16_at(&record, 18));
        let other = Tensor(record[3]);
        let batch_norm = false;
        let op = match record[0] {
            codes::CONV2D => Op::Conv2d {
                channels,
                kernel,
                batch_norm,
            },
            codes::DEPTHWISE_CONV2D => Op::DepthwiseConv2d { kernel, batch_norm },
            codes::DENSE => Op::Dense {
                channels,
                batch_norm,
            },
            codes::ADD => Op::Add { other },
            codes::CONCAT => Op::Concat { other },
            codes::AVG_POOL => Op::AvgPool { kernel },
            codes::MAX_POOL => Op::MaxPool { kernel },
            codes::GLOBAL_AVG_POOL => Op::GlobalAvgPool,
            codes::GLOBAL_STAT_POOL => Op::GlobalStatPool,
            codes::EMBEDDING => Op::Embedding {
                vocabulary,
                channels,
            },
            _ => code!(0),
        };
        let activation = match record[1] {
            0 => Activation::None,
            1 => Activation::Relu,
            _ => code!(1),
        };
        let (in_place, over) = match record[11] {
            0 => (false, false),
            IN_PLACE => (true, false),
            OVER => (false, true),
            _ => code!(11),
        };
        let packing = record[28];
        if packing > 3 {
            code!(28);
        }
        let packed = packing != 0;
        if record[29] != 0 {
            code!(29);
        }
        let work = u16_at(&record, 30) as usize * WORK_ALIGN;
        if !packed && work != 0 {
            code!(30);
        }
        Ok(Self {
            layer: Layer {
                input: Tensor(record[2]),
                op,
                activation,
            },
            in_place,
            over,
            constants: u32_at(&record, 20) as usize,
            weights: u32_at(&record, 24) as usize,
            packed,
            packing,
            work,
        })
    }

    /// The kernel that runs the layer, as a bit.
    pub const fn kernel(&self, format: Format) -> u32 {
        kernels::kernel(format, op_code(&self.layer.op), self.packing)
    }
}

/// The code of an operation in a layer record.
pub const fn op_code(op: &Op) -> u8 {
    match op {
        Op::Conv2d { .. } => codes::CONV2D,
        Op::DepthwiseConv2d { .. } => codes::DEPTHWISE_CONV2D,
        Op::Dense { .. } => codes::DENSE,
        Op::Add { .. } => codes::ADD,
        Op::Concat { .. } => codes::CONCAT,
        Op::AvgPool { .. } => codes::AVG_POOL,
        Op::MaxPool { .. } => codes::MAX_POOL,
        Op::GlobalAvgPool => codes::GLOBAL_AVG_POOL,
        Op::GlobalStatPool => codes::GLOBAL_STAT_POOL,
        Op::Embedding { .. } => codes::EMBEDDING,
    }
}

/// Checks bias and ratios of an int8 layer whose constants are `block`.
pub const fn check_numbers(
    block: &[u8],
    layout: &ConstantsLayout,
    fan_in: usize,
    layer: u8,
) -> Result<(), ImageError> {
    // Largest sum of products of two int8: it must leave room for the bias.
    let products = fan_in as u64 * (128 * 128);
    let mut channel = 0;
    while channel < layout.biases {
        let bias = u32_at(block, layout.bias_at() + 4 * channel) as i32;
        if products + bias.unsigned_abs() as u64 > i32::MAX as u64 {
            return Err(ImageError::Bias {
                layer,
                channel,
                bias,
            });
        }
        channel += 1;
    }
    let mut channel = 0;
    while channel < layout.multipliers {
        let ratio = ratio_at(block, layout, channel);
        let Multiplier { multiplier, shift } = ratio;
        let mantissa = multiplier == 0 || multiplier >= 1 << 30;
        if !mantissa || shift < -31 || shift > 30 {
            return Err(ImageError::Multiplier {
                layer,
                channel,
                multiplier,
                shift,
            });
        }
        channel += 1;
    }
    Ok(())
}

/// Ratio `index` of a layer's constants.
pub const fn ratio_at(block: &[u8], layout: &ConstantsLayout, index: usize) -> Multiplier {
    Multiplier {
        multiplier: u32_at(block, layout.multipliers_at() + 4 * index) as i32,
        shift: u8_at(block, layout.shifts_at() + index) as i8,
    }
}

/// The constants at `offset` of the section, `None` where they leave it.
pub const fn block<'a>(
    constants: &'a [u8],
    offset: usize,
    layout: &ConstantsLayout,
) -> Option<&'a [u8]> {
    part(constants, offset, layout.len())
}
