//! Views of pictures: another part of it, askew, its mirror image, other light, no colour, a piece missing.
//!
//! The pair of crop and colour is what SimCLR found to matter (Chen et al., *A Simple Framework for Contrastive
//! Learning of Visual Representations*, 2020, figure 5).

pub mod affine;
pub mod erase;
pub mod flip;
pub mod light;
pub mod resized_crop;
mod sample;

use super::stream::Stream;
use crate::data::Normaliser;
use affine::Affine;
use erase::Erase;
use flip::Flip;
use light::{Grey, Light};
use resized_crop::ResizedCrop;
use serde::{Deserialize, Serialize};

/// All alterations of pictures; probability 0 turns one off.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PictureViews {
    /// A part of the picture, as large as the whole.
    pub resized_crop: ResizedCrop,
    /// It hangs askew.
    pub affine: Affine,
    /// Left and right change places.
    pub flip: Flip,
    /// Brighter, darker, harder, softer.
    pub light: Light,
    /// All colours become one.
    pub grey: Grey,
    /// A rectangle is missing.
    pub erase: Erase,
}

/// Makes views of pictures of one size.
#[derive(Clone, Debug)]
pub struct PicturePipeline {
    /// What is done.
    pub views: PictureViews,
    /// Rows and columns.
    pub size: [usize; 2],
    /// Values in a pixel.
    pub channels: usize,
    /// Applied between light and erasing.
    pub normaliser: Normaliser,
}

impl PicturePipeline {
    /// Writes one view of `picture` (`H * W * C` values in the units of the data), normalised.
    pub fn view(&self, picture: &[f32], rng: &mut Stream, out: &mut [f32]) {
        let (views, size, channels) = (&self.views, self.size, self.channels);
        let part = views.resized_crop.part(size, rng);
        let part = views.affine.apply(part, size, rng);
        part.sample(picture, size, channels, out);
        views.flip.apply(out, size[1], channels, rng);
        views.light.apply(out, rng);
        views.grey.apply(out, channels, rng);
        self.normaliser.apply(out);
        views.erase.apply(out, size, channels, rng);
    }
}
