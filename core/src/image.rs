//! The model image: an encoder as bytes in flash. `FORMAT.md` describes every byte.
//!
//! [`ModelImage::parse`] checks everything once; after it no accessor fails. It is `const`, so an image that is
//! part of the firmware is checked by the compiler, and its scratch is sized there:
//!
//! ```
//! use mote_core::{image::ModelImage, scratch::Scratch};
//!
//! const IMAGE: ModelImage = mote_core::include_image!("../tests/golden/conv1d.image");
//! static SCRATCH: Scratch<{ IMAGE.scratch_len() }> = Scratch::new(); // RAM proven at compile time
//!
//! let mut scratch = SCRATCH; // in firmware: a `static mut` inside `#[entry]`, or a StaticCell
//! let window = [0_i8; IMAGE.input_shape().len()];
//! let embedding = IMAGE.embed(&window, scratch.as_mut())?;
//! assert_eq!(embedding.len(), IMAGE.embedding_len());
//! # Ok::<(), mote_core::encoder::EmbedError>(())
//! ```
//!
//! The bytes may also be included plainly, as `ModelImage::parse_or_panic(include_bytes!("encoder.image"))`;
//! [`include_image!`](crate::include_image) adds the alignment that packed kernels want. A broken image does not compile:
//!
//! ```compile_fail
//! use mote_core::image::ModelImage;
//! const IMAGE: ModelImage = ModelImage::parse_or_panic(b"not an image, and not compiled");
//! ```
//!
//! rustc warns of a `const` that takes two million turns (`long_running_const_eval`, an error by default). Parsing takes
//! one turn for sixteen bytes and a few for each channel, so only an image of some 20 MB would meet it: `resnet8`
//! (80 KB) takes the compiler half a second, an image of 1.2 MB eight.

mod about;
pub(crate) mod bytes;
mod check;
mod error;
mod include;
mod info;
mod layer;
mod plan;
pub mod section;
mod tensor;
mod vocabulary;

pub use error::ImageError;
pub use include::Aligned;
pub use info::{LayerInfo, Work};
pub(crate) use layer::codes;
pub use layer::{
    CONSTANTS_ALIGN, ConstantsLayout, IN_PLACE, LAYER_LEN, OVER, WORK_ALIGN, op_code, packing_code,
};
pub use tensor::{MAX_SCRATCH_LEN, SCRATCH_ALIGN, TENSOR_LEN, TensorInfo};

use crate::encoder::kernels::{ALL, Linked};
use crate::mel::FrontEnd;
use crate::quant::Quant;
use crate::shape::Shape;
use crate::spec::Spec;
use crate::window::Normalisation;
use about::About;
use heapless::Vec;
use layer::Record;
use section::Directory;

/// Version of the format that this build reads and the host writes.
pub const VERSION: u16 = 1;

/// How an image computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Format {
    /// int8 weights and activations, as TFLite.
    I8,
    /// Half-precision weights, f32 activations.
    F16,
}

impl Format {
    /// Bytes of one weight.
    pub const fn weight_len(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::F16 => 2,
        }
    }

    /// Bytes of one activation in scratch.
    pub const fn value_len(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::F16 => 4,
        }
    }

    /// Tensors start at multiples of this many values of scratch, which are 16 bytes.
    pub const fn scratch_align(self) -> usize {
        SCRATCH_ALIGN / self.value_len()
    }
}

/// The kernels for which weights are laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Target {
    /// Plain layout: runs everywhere.
    Portable,
    /// For Cortex-M4, M7, and Armv8-M cores with DSP instructions. Machines that are no microcontrollers run it too.
    Dsp,
    /// Reserved. Cores with vector instructions, such as Cortex-M55, run plain weights with them.
    Mve,
}

/// A checked encoder, borrowed from its bytes.
#[derive(Clone, Copy)]
pub struct ModelImage<'a> {
    directory: Directory<'a>,
    about: About<'a>,
    scratch_len: usize,
    pub(crate) linked: Linked,
}

impl<'a> ModelImage<'a> {
    /// Checks `bytes`; whatever follows the image, as in a flash slot, is left alone.
    ///
    /// Links the kernels of every kind of layer; [`only`](Self::only) and [`parse_like`](Self::parse_like) do not.
    pub const fn parse(bytes: &'a [u8]) -> Result<Self, ImageError> {
        Self::parse_with(bytes, Linked::of::<ALL>())
    }

    /// Checks `bytes` as an image that runs with the kernels of this one.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`ImageError::Kernel`] where it needs one that is left out.
    pub const fn parse_like<'b>(&self, bytes: &'b [u8]) -> Result<ModelImage<'b>, ImageError> {
        ModelImage::parse_with(bytes, self.linked)
    }

    const fn parse_with(bytes: &'a [u8], linked: Linked) -> Result<Self, ImageError> {
        let directory = match section::parse(bytes) {
            Ok(directory) => directory,
            Err(error) => return Err(error),
        };
        match check::all(&directory) {
            Ok((about, scratch_len)) => {
                let image = Self {
                    directory,
                    about,
                    scratch_len,
                    linked,
                };
                match image.left_out(linked.set) {
                    Some(layer) => Err(ImageError::Kernel { layer }),
                    None => Ok(image),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// The kernels that the layers need, as a set for [`only`](Self::only); its bits mean something to this version alone.
    pub const fn kernels(&self) -> u32 {
        let mut set = 0;
        let mut layer = 0;
        while layer < self.directory.layers {
            set |= self.kernel(layer);
            layer += 1;
        }
        set
    }

    const fn kernel(&self, layer: u8) -> u32 {
        match Record::read(self.directory.sections[section::LAYERS as usize], layer) {
            Ok(record) => record.kernel(self.directory.format),
            Err(_) => 0,
        }
    }

    /// The first layer whose kernel is not in `set`.
    const fn left_out(&self, set: u32) -> Option<u8> {
        let mut layer = 0;
        while layer < self.directory.layers {
            if self.kernel(layer) & !set != 0 {
                return Some(layer);
            }
            layer += 1;
        }
        None
    }

    /// The same image, for which the program links no kernels but those in `SET`.
    ///
    /// ```
    /// use mote_core::{image::ModelImage, include_image};
    ///
    /// const ANY: ModelImage = include_image!("../tests/golden/conv1d.image");
    /// const IMAGE: ModelImage = ANY.only::<{ ANY.kernels() }>();
    /// ```
    ///
    /// `include_image!(PATH, only)` is short for it. The program must not parse other images with [`parse`](Self::parse),
    /// which links everything; [`parse_like`](Self::parse_like) takes those that run with the same kernels.
    ///
    /// # Panics
    /// Where a layer needs another kernel: in a `const`, a compile error.
    pub const fn only<const SET: u32>(self) -> Self {
        assert!(
            self.left_out(SET).is_none(),
            "the image needs a kernel that is left out"
        );
        Self {
            linked: Linked::of::<SET>(),
            ..self
        }
    }

    /// Checks `bytes` at compile time: in a `const`, a bad image is a compile error.
    ///
    /// # Panics
    /// Where [`Self::parse`] gives an error.
    pub const fn parse_or_panic(bytes: &'a [u8]) -> Self {
        match Self::parse(bytes) {
            Ok(image) => image,
            Err(error) => panic!("{}", error.message()),
        }
    }

    /// Values of scratch that running needs: bytes for int8, f32 for f16. The input is included.
    pub const fn scratch_len(&self) -> usize {
        self.scratch_len
    }

    /// Shape of the input.
    pub const fn input_shape(&self) -> Shape {
        self.tensor(0).shape
    }

    /// Quantization of the input; scale 0 in an f16 image.
    pub const fn input_quant(&self) -> Quant {
        self.tensor(0).quant
    }

    /// Number of values of the embedding.
    pub const fn embedding_len(&self) -> usize {
        self.tensor(self.directory.layers as usize).shape.len()
    }

    /// Quantization of the embedding; scale 0 in an f16 image.
    pub const fn embedding_quant(&self) -> Quant {
        self.tensor(self.directory.layers as usize).quant
    }

    /// How the image computes.
    pub const fn format(&self) -> Format {
        self.directory.format
    }

    /// The kernels for which the weights are laid out.
    pub const fn target(&self) -> Target {
        self.directory.target
    }

    /// Bytes of flash.
    pub const fn len(&self) -> usize {
        self.directory.bytes.len()
    }

    /// Never: an image has a layer.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// The image's bytes, without what followed it.
    pub const fn bytes(&self) -> &'a [u8] {
        self.directory.bytes
    }

    /// The CRC-32 that the image carries: its identity.
    pub const fn crc(&self) -> u32 {
        bytes::u32_at(self.directory.bytes, 4)
    }

    /// Name of the encoder.
    pub const fn name(&self) -> &'a str {
        self.about.name()
    }

    /// Samples a second; 0 where time has no meaning, as in pictures.
    pub const fn rate_hz(&self) -> f32 {
        self.about.rate_hz()
    }

    /// Samples in a window.
    pub const fn window_len(&self) -> usize {
        self.about.window_len() as usize
    }

    /// Samples from one window to the next; 0 leaves it to the application.
    pub const fn hop_len(&self) -> usize {
        self.about.hop_len() as usize
    }

    /// Names of the channels; none where they have no names.
    pub fn channel_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.about.channel_names()
    }

    /// Names of the symbols that the encoder reads, by their numbers; none where they have no names. The first is
    /// the blank, whose name is empty: it stands for nothing, for something hidden and for whatever is not listed.
    pub fn symbols(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        vocabulary::names(self.directory.sections[section::VOCABULARY as usize])
    }

    /// The number of the symbol called `name`; 0, the blank, for a symbol that is not listed.
    pub fn symbol(&self, name: &str) -> u8 {
        self.symbols()
            .position(|known| known == name)
            .map_or(0, |number| number as u8)
    }

    /// What turns sound into the frames that the encoder reads, where it reads log-mel frames.
    pub const fn front_end(&self) -> Option<FrontEnd<'a>> {
        match self.directory.sections[section::MEL as usize] {
            [] => None,
            bytes => Some(FrontEnd::checked(bytes)),
        }
    }

    /// What brings raw samples to the encoder's input: in an int8 image it quantizes too.
    pub fn normalisation(&self) -> Normalisation<'a> {
        let (quads, _) = self.directory.sections[section::AFFINE as usize].as_chunks();
        let channels = usize::from(self.input_shape().c);
        let (gain, offset) = quads.split_at_checked(channels).unwrap_or((&[], &[]));
        Normalisation { gain, offset }
    }

    /// Number of layers.
    pub const fn layer_count(&self) -> usize {
        self.directory.layers as usize
    }

    /// Tensor `index`: 0 is the input, `i + 1` the output of layer `i`. Empty beyond the last.
    pub const fn tensor(&self, index: usize) -> TensorInfo {
        TensorInfo::read(self.directory.sections[section::TENSORS as usize], index)
    }

    /// Layer `index`, or `None` beyond the last.
    #[inline]
    pub fn layer(&self, index: usize) -> Option<LayerInfo<'a>> {
        let table = self.directory.sections[section::LAYERS as usize];
        if index >= self.layer_count() {
            return None;
        }
        match &Record::read(table, index as u8) {
            Ok(record) => Some(LayerInfo::new(self, index, record)),
            Err(_) => None,
        }
    }

    /// The layers in order of execution.
    pub fn layers(&self) -> impl Iterator<Item = LayerInfo<'a>> + use<'a> {
        let image = *self;
        (0..self.layer_count()).filter_map(move |index| image.layer(index))
    }

    /// The encoder's spec; batch normalisation is folded.
    pub fn spec(&self) -> Spec {
        let mut layers = Vec::new();
        for info in self.layers() {
            let _ = layers.push(info.layer);
        }
        Spec {
            input: self.input_shape(),
            layers,
        }
    }

    fn constants(&self) -> &'a [u8] {
        self.directory.sections[section::CONSTANTS as usize]
    }
}

impl core::fmt::Debug for ModelImage<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ModelImage")
            .field("name", &self.name())
            .field("format", &self.format())
            .field("layers", &self.layer_count())
            .field("len", &self.len())
            .field("scratch_len", &self.scratch_len)
            .finish()
    }
}

impl PartialEq for ModelImage<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}
