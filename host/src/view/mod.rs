//! Views: copies of a window, altered in ways that leave its meaning alone.
//!
//! Contrastive objectives learn what two views of one window have in common, so the alterations say
//! what the encoder shall ignore. First come those of time, which decide *where* in the recording each
//! sample of a view is read ([`neighbour`], [`speed`], [`crop`], [`time_warp`], [`permute`]); then those
//! of movement, in the units of the data ([`mirror`], [`rotate`], [`scale`]); then, on normalised values,
//! those of the sensor ([`jitter`], [`mask`], [`channel_dropout`]); [`series`] runs them in this order. Pictures
//! ([`picture`]), symbols ([`symbol`]) and sound ([`sound`]) have views of their own. [`Pipeline`] takes those of the
//! kind of data and [`ViewSource`] makes batches of pairs.
//!
//! Each view draws from its own [`stream`](fn@stream), named by seed, epoch, index and view, so a run is the same
//! on one thread and on many.

pub mod channel_dropout;
pub mod config;
pub mod crop;
pub mod jitter;
pub mod mask;
pub mod mirror;
pub mod neighbour;
pub mod permute;
pub mod picture;
pub mod pipeline;
pub mod ramp;
pub mod rotate;
pub mod scale;
pub mod series;
pub mod sound;
pub mod source;
pub mod speed;
pub mod stream;
pub mod symbol;
pub mod time_warp;

pub use config::{Each, ViewConfig, ViewError};
pub use pipeline::Pipeline;
pub use series::Scratch;
pub use source::{Anchor, Starts, ViewSource};
pub use stream::{Stream, stream};
