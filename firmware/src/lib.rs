//! The device application of mote, generic over embedded-hal traits.
//!
//! A board gives the things of [`board::Board`], a link (`embedded-io`) and NOR flash (`embedded-storage`);
//! [`app::App`] is the loop over them, [`device::Device`] what it knows and does when asked, [`store::Store`]
//! what survives a power cut.
#![no_std]

pub mod app;
pub mod board;
pub mod debounce;
pub mod desk;
pub mod device;
pub mod ear;
pub mod flash;
pub mod sensor;
pub mod store;
