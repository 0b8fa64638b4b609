//! Why an encoder cannot be exported.

use mote_core::image::ImageError;
use mote_core::spec::SpecError;

/// Why an encoder cannot be folded, calibrated, quantized or written.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ExportError {
    /// The list of layers is no encoder.
    #[error("the spec is no encoder: {0}")]
    Spec(#[from] SpecError),
    /// The number of trained layers differs from the spec's.
    #[error("the spec has {need} layers, but {have} were trained")]
    Layers {
        /// Layers in the spec.
        need: usize,
        /// Layers given.
        have: usize,
    },
    /// A vector of a layer has the wrong length.
    #[error("layer {layer}: its {what} must have {need} values, but has {have}")]
    Len {
        /// Index of the layer.
        layer: usize,
        /// Which vector.
        what: &'static str,
        /// Values needed.
        need: usize,
        /// Values given.
        have: usize,
    },
    /// A trained number is infinite or not a number.
    #[error(
        "layer {layer}: value {index} of its {what} is {value}; training has diverged, lower the learning rate"
    )]
    NotFinite {
        /// Index of the layer.
        layer: usize,
        /// Which vector.
        what: &'static str,
        /// Index of the value.
        index: usize,
        /// The value.
        value: f32,
    },
    /// Batch norm and spec disagree.
    #[error("layer {layer}: the spec says batch_norm = {spec}, but the trained layer disagrees")]
    BatchNorm {
        /// Index of the layer.
        layer: usize,
        /// What the spec says.
        spec: bool,
    },
    /// A number that a half cannot hold.
    #[error(
        "layer {layer}: weight {value} exceeds the range of f16 (65504); train with weight decay"
    )]
    HalfRange {
        /// Index of the layer.
        layer: usize,
        /// The value.
        value: f32,
    },
    /// No windows to calibrate on, or a broken last one.
    #[error("calibration needs whole windows of {need} values, but {have} values were given")]
    Windows {
        /// Values in a window.
        need: usize,
        /// Values given.
        have: usize,
    },
    /// An activation is not finite on calibration data.
    #[error(
        "tensor {tensor} holds {value} on a calibration window: look for missing values in the data, or for diverged training"
    )]
    Activation {
        /// Index of the tensor.
        tensor: usize,
        /// The value.
        value: f32,
    },
    /// A parameter of the calibration method is out of range.
    #[error("a percentile of {0}; choose one above 50 and at most 100")]
    Percentile(f64),
    /// The number of ranges is not that of the tensors.
    #[error("the encoder has {need} tensors, but {have} ranges were given")]
    Ranges {
        /// Tensors.
        need: usize,
        /// Ranges given.
        have: usize,
    },
    /// A ratio of scales that fixed point cannot hold.
    #[error(
        "layer {layer}: a ratio of scales of {ratio:e} does not fit fixed point; are its weights or activations extreme?"
    )]
    Ratio {
        /// Index of the layer.
        layer: usize,
        /// The ratio.
        ratio: f64,
    },
    /// So many products in one sum that 32 bits may overflow.
    #[error(
        "layer {layer}: {fan_in} products in one sum could overflow 32 bits (with this bias); make its input smaller"
    )]
    Overflow {
        /// Index of the layer.
        layer: usize,
        /// Products in one sum.
        fan_in: usize,
    },
    /// A name that does not fit the image.
    #[error("the name \"{name}\" is longer than 255 bytes")]
    NameLen {
        /// The name.
        name: String,
    },
    /// A description with another number of channels than the encoder.
    #[error("the encoder reads {need} channels, but {have} {what} were given")]
    Channels {
        /// Which list.
        what: &'static str,
        /// Channels of the encoder.
        need: usize,
        /// Entries given.
        have: usize,
    },
    /// A rate below 0 or not finite.
    #[error("a sampling rate of {0} Hz; it must be 0 (no rate) or above")]
    Rate(f32),
    /// A normalisation that cannot be undone.
    #[error(
        "channel {channel} has mean {mean} and deviation {deviation}; both must be finite, the deviation above 0"
    )]
    Normalisation {
        /// Index of the channel.
        channel: usize,
        /// Its mean.
        mean: f32,
        /// Its deviation.
        deviation: f32,
    },
    /// Packed layers whose working memory lies too far out for the format.
    #[error(
        "packed layers need working memory beyond 1 MB of a scratch of {len} bytes; export for portable"
    )]
    Scratch {
        /// Bytes of scratch.
        len: usize,
    },
    /// The image that was written does not pass the device's own check: a bug in the exporter.
    #[error("the exported image fails its own check, please report this: {0}")]
    Image(#[from] ImageError),
}
