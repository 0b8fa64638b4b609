//! The device application of mote, generic over embedded-hal traits.
#![no_std]

pub mod app;
pub mod debounce;
pub mod device;
pub mod store;
