//! The device's application in-process: taught by wire and by button, given another image, also one of f16, and still knowing what it
//! knew after a power cut.

mod button;
#[path = "../../../firmware/tests/cruel_flash/mod.rs"]
mod cruel_flash;
mod desk;
mod f16;
mod image;
mod snapshot;
mod sound;
mod wire;
