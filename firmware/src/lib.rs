//! The device application of mote, generic over embedded-hal traits.
#![no_std]

pub mod store;
