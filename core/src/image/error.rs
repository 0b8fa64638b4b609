//! Why bytes are no model image, in numbers.

use crate::shape::Shape;
use crate::spec::LayerError;
use core::fmt;

/// Why [`ModelImage::parse`](super::ModelImage::parse) refuses bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ImageError {
    /// Fewer bytes than the header, or than the header announces.
    Short {
        /// Bytes needed.
        need: usize,
        /// Bytes given.
        have: usize,
    },
    /// The first four bytes are not `MOTE`.
    Magic {
        /// The bytes found.
        found: [u8; 4],
    },
    /// Written for another version of the format.
    Version {
        /// The image's version.
        found: u16,
    },
    /// The bytes changed since they were written.
    Crc {
        /// Checksum in the image.
        stored: u32,
        /// Checksum of the bytes.
        computed: u32,
    },
    /// A number format that this build does not know.
    Format {
        /// Code found.
        found: u8,
    },
    /// Weights packed for a target class that this build cannot run.
    Target {
        /// Code found.
        found: u8,
    },
    /// A reserved byte is not zero.
    Reserved {
        /// Its section, 0 for the header.
        section: u16,
        /// Its offset there.
        offset: usize,
    },
    /// No layer, or more than [`MAX_LAYERS`](crate::spec::MAX_LAYERS).
    Layers {
        /// Layers announced.
        found: u8,
    },
    /// A section starts before the previous one ends, or not at a multiple of 16.
    SectionStart {
        /// Kind of the section.
        section: u16,
        /// Where it starts.
        offset: usize,
        /// The first byte that is free.
        free: usize,
    },
    /// A section reaches beyond the image.
    SectionEnd {
        /// Kind of the section.
        section: u16,
        /// Where it ends.
        end: usize,
        /// Length of the image.
        have: usize,
    },
    /// A required section of a kind that this build does not know.
    SectionUnknown {
        /// Kind of the section.
        section: u16,
    },
    /// A section is missing or occurs twice.
    SectionCount {
        /// Kind of the section.
        section: u16,
        /// How often it occurs.
        found: u8,
    },
    /// A section is too short or too long for what the header announces.
    SectionLen {
        /// Kind of the section.
        section: u16,
        /// Bytes needed.
        need: usize,
        /// Bytes given.
        have: usize,
    },
    /// A name is not UTF-8, or the number of channel names is neither 0 nor that of the channels.
    Names,
    /// Sampling rate below 0, infinite or not a number.
    Rate,
    /// A number of the log-mel front end is out of its range.
    FrontEnd {
        /// Where it lies in its section.
        offset: usize,
    },
    /// Gain or offset of an input channel is infinite or not a number.
    Affine {
        /// Index of the channel.
        channel: usize,
    },
    /// A tensor holds no value or too many.
    Shape {
        /// Index of the tensor.
        tensor: u8,
        /// Its shape.
        found: Shape,
    },
    /// The scale of a tensor is not a finite positive number (int8), or not 0 (f16).
    Scale {
        /// Index of the tensor.
        tensor: u8,
    },
    /// A tensor lies in scratch at an unaligned offset, or beyond the largest scratch allowed.
    ScratchOffset {
        /// Index of the tensor.
        tensor: u8,
        /// Its offset, in values.
        offset: usize,
    },
    /// Two tensors that live at the same time share scratch.
    ScratchOverlap {
        /// Index of the one.
        a: u8,
        /// Index of the other.
        b: u8,
    },
    /// A layer is marked as in place or over its input, but its output does not lie on an input that ends there.
    InPlace {
        /// Index of the layer.
        layer: u8,
    },
    /// A packed layer works in memory that a living tensor occupies.
    Work {
        /// Index of the layer.
        layer: u8,
        /// Index of the tensor.
        tensor: u8,
    },
    /// A code in a layer record has no meaning.
    Code {
        /// Index of the layer.
        layer: u8,
        /// Offset of the code in the record.
        offset: u8,
        /// Code found.
        found: u8,
    },
    /// The program has left out the kernel of a layer; see [`ModelImage::only`](super::ModelImage::only).
    Kernel {
        /// Index of the layer.
        layer: u8,
    },
    /// A layer cannot run on its input.
    Layer {
        /// Index of the layer.
        layer: u8,
        /// What is wrong.
        error: LayerError,
    },
    /// The tensor table disagrees with what a layer makes.
    OutputShape {
        /// Index of the layer.
        layer: u8,
        /// What the layer makes.
        need: Shape,
        /// What the table says.
        have: Shape,
    },
    /// The weights of a layer have another length than its shape needs.
    Weights {
        /// Index of the layer.
        layer: u8,
        /// Bytes needed.
        need: usize,
        /// Bytes given.
        have: usize,
    },
    /// The constants of a layer overlap those of an earlier one, are unaligned, or leave their section.
    Constants {
        /// Index of the layer.
        layer: u8,
        /// Where they start.
        offset: usize,
        /// Where they end.
        end: usize,
        /// The bytes free for them: from here to the end of the section.
        free: usize,
    },
    /// A fixed-point ratio outside its range.
    Multiplier {
        /// Index of the layer.
        layer: u8,
        /// Index of the ratio.
        channel: usize,
        /// Mantissa found.
        multiplier: i32,
        /// Exponent found.
        shift: i8,
    },
    /// A bias so large that the accumulator could overflow.
    Bias {
        /// Index of the layer.
        layer: u8,
        /// Index of the output channel.
        channel: usize,
        /// Bias found.
        bias: i32,
    },
    /// A pool's output, or the symbols of an embedding, must keep a quantization that they do not.
    Quant {
        /// Index of the layer.
        layer: u8,
    },
}

impl ImageError {
    /// What is wrong, without the numbers; this is what a compile error can show.
    pub const fn message(&self) -> &'static str {
        match self {
            Self::Short { .. } => "the image is cut short",
            Self::Magic { .. } => "this is no mote image: it does not start with MOTE",
            Self::Version { .. } => "the image has another format version: export it again",
            Self::Crc { .. } => "the image is damaged: its checksum differs",
            Self::Format { .. } => "the image has an unknown number format",
            Self::Target { .. } => {
                "the image is packed for another target class: export it for `portable`"
            }
            Self::Reserved { .. } => "a reserved byte of the image is not zero",
            Self::Layers { .. } => "the image has no layers or too many",
            Self::SectionStart { .. } => {
                "a section of the image overlaps the previous one or is unaligned"
            }
            Self::SectionEnd { .. } => "a section reaches beyond the image",
            Self::SectionUnknown { .. } => {
                "the image needs a section that this version does not know"
            }
            Self::SectionCount { .. } => "a section of the image is missing or occurs twice",
            Self::SectionLen { .. } => "a section of the image has the wrong length",
            Self::Names => "the names in the image are broken",
            Self::Rate => "the sampling rate in the image is no rate",
            Self::FrontEnd { .. } => "a number of the log-mel front end is out of its range",
            Self::Affine { .. } => "gain or offset of a channel is not finite",
            Self::Shape { .. } => "a tensor is empty or too large",
            Self::Scale { .. } => "the scale of a tensor is not finite and positive",
            Self::ScratchOffset { .. } => "a tensor is unaligned in scratch or lies too far out",
            Self::ScratchOverlap { .. } => "two living tensors share scratch",
            Self::InPlace { .. } => "a layer cannot run in place",
            Self::Work { .. } => "a layer works in the memory of a living tensor",
            Self::Code { .. } => "a layer record holds an unknown code",
            Self::Kernel { .. } => "the program was built without the kernel of a layer",
            Self::Layer { .. } => "a layer cannot run on its input",
            Self::OutputShape { .. } => "the tensor table disagrees with a layer",
            Self::Weights { .. } => "the weights of a layer have the wrong length",
            Self::Constants { .. } => "the constants of a layer overlap or leave their section",
            Self::Multiplier { .. } => "a multiplier or shift is out of range",
            Self::Bias { .. } => "a bias could overflow the accumulator",
            Self::Quant { .. } => "a layer must keep its input's quantization",
        }
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message())?;
        match *self {
            Self::Short { need, have } => write!(f, ": need {need} bytes, have {have}"),
            Self::Magic { found } => write!(f, ", but with {found:02x?}"),
            Self::Version { found } => {
                write!(
                    f,
                    ": found version {found}, this build reads {}",
                    super::VERSION
                )
            }
            Self::Crc { stored, computed } => {
                write!(f, ": {stored:08x} stored, {computed:08x} computed")
            }
            Self::Format { found } => write!(f, ": code {found}"),
            Self::Target { found } => write!(f, ": code {found}"),
            Self::Reserved { section: 0, offset } => write!(f, ": byte {offset} of the header"),
            Self::Reserved { section, offset } => write!(f, ": byte {offset} of section {section}"),
            Self::Layers { found } => {
                write!(f, ": {found}, allowed are 1 to {}", crate::spec::MAX_LAYERS)
            }
            Self::SectionStart {
                section,
                offset,
                free,
            } => {
                write!(f, ": section {section} at byte {offset}, free from {free}")
            }
            Self::SectionEnd { section, end, have } => {
                write!(f, ": section {section} ends at {end}, the image at {have}")
            }
            Self::SectionUnknown { section } => write!(f, ": kind {section}"),
            Self::SectionCount { section, found } => {
                write!(f, ": kind {section} occurs {found} times")
            }
            Self::SectionLen {
                section,
                need,
                have,
            } => {
                write!(f, ": section {section} needs {need} bytes, has {have}")
            }
            Self::Names | Self::Rate => Ok(()),
            Self::FrontEnd { offset } => write!(f, ": byte {offset} of its section"),
            Self::Affine { channel } => write!(f, ": channel {channel}"),
            Self::Shape { tensor, found } => {
                write!(
                    f,
                    ": tensor {tensor} of {} x {} x {}",
                    found.h, found.w, found.c
                )
            }
            Self::Scale { tensor } => write!(f, ": tensor {tensor}"),
            Self::ScratchOffset { tensor, offset } => write!(f, ": tensor {tensor} at {offset}"),
            Self::ScratchOverlap { a, b } => write!(f, ": tensors {a} and {b}"),
            Self::InPlace { layer } | Self::Quant { layer } | Self::Kernel { layer } => {
                write!(f, ": layer {layer}")
            }
            Self::Work { layer, tensor } => write!(f, ": layer {layer}, tensor {tensor}"),
            Self::Code {
                layer,
                offset,
                found,
            } => {
                write!(f, ": {found} at byte {offset} of layer {layer}")
            }
            Self::Layer { layer, error } => write!(f, ": layer {layer} {error}"),
            Self::OutputShape { layer, need, have } => write!(
                f,
                ": layer {layer} makes {} x {} x {}, the table says {} x {} x {}",
                need.h, need.w, need.c, have.h, have.w, have.c
            ),
            Self::Weights { layer, need, have } => {
                write!(f, ": layer {layer} needs {need} bytes, has {have}")
            }
            Self::Constants {
                layer,
                offset,
                end,
                free,
            } => {
                write!(
                    f,
                    ": layer {layer} uses bytes {offset} to {end}, free from {free}"
                )
            }
            Self::Multiplier {
                layer,
                channel,
                multiplier,
                shift,
            } => {
                write!(
                    f,
                    ": {multiplier} with shift {shift} for channel {channel} of layer {layer}"
                )
            }
            Self::Bias {
                layer,
                channel,
                bias,
            } => {
                write!(f, ": {bias} for channel {channel} of layer {layer}")
            }
        }
    }
}

impl core::error::Error for ImageError {}
