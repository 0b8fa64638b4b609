//! Recordings: where they come from, how they are cut, split and normalised.
//!
//! A reader ([`watch25`], [`csv`], [`picture`], [`sound`], [`symbols`]) makes a [`Dataset`]; [`window`] cuts it; [`split`] divides it by
//! subject; [`join`] finds the recordings of another data set that belong to these; [`normalise`] fits means and deviations on the training part; [`describe`] says what was found.

pub mod csv;
pub mod dataset;
pub mod describe;
pub mod error;
mod folder;
pub mod join;
pub mod kind;
pub mod modality;
mod natural;
pub mod normalise;
mod npy;
pub mod pairing;
mod pattern;
pub mod picture;
pub mod sound;
pub mod source;
pub mod split;
pub mod symbols;
pub mod teacher;
pub mod triad;
mod ucr;
pub mod watch25;
pub mod window;

pub use dataset::{Dataset, Recording};
pub use describe::Description;
pub use error::DataError;
pub use kind::Kind;
pub use normalise::Normaliser;
pub use pairing::Pairing;
pub use source::{DataConfig, kind, load, load_for};
pub use split::{Folds, Split, SplitBy};
pub use teacher::TeacherEmbeddings;
pub use triad::{Motion, Triad};
pub use window::{Window, Windows, gather};

/// The distinct names, in natural order.
fn distinct<'a>(names: impl Iterator<Item = &'a Option<String>>) -> Vec<String> {
    let mut names: Vec<String> = names.flatten().cloned().collect();
    names.sort_by(|a, b| natural::compare(a, b));
    names.dedup();
    names
}
