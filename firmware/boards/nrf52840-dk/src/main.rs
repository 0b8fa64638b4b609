//! The device application on Nordic's nRF52840-DK (Cortex-M4F): pins and flash as in the README.
#![no_std]
#![no_main]

use embassy_nrf::buffered_uarte::{self, BufferedUarte};
use embassy_nrf::gpio::{Input, Level, Output, OutputDrive, Pull};
use embassy_nrf::{bind_interrupts, nvmc::Nvmc, peripherals, twim};
use mote_board::{Active, Layout, Waiting, desk, run};

bind_interrupts!(struct Irqs {
    UARTE0 => buffered_uarte::InterruptHandler<peripherals::UARTE0>;
    TWISPI0 => twim::InterruptHandler<peripherals::TWISPI0>;
});

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut INCOMING: [u8; 512] = [0; 512];
    static mut OUTGOING: [u8; 512] = [0; 512];
    static mut BUS: [u8; 16] = [0; 16];
    let p = embassy_nrf::init(Default::default());
    let (timer, a, b, group) = (p.TIMER1, p.PPI_CH0, p.PPI_CH1, p.PPI_GROUP0);
    let (irqs, config, rx, tx) = (Irqs, Default::default(), p.P0_08, p.P0_06);
    let link = BufferedUarte::new(
        p.UARTE0, timer, a, b, group, rx, tx, irqs, config, INCOMING, OUTGOING,
    );
    let (sda, scl) = (p.P0_26, p.P0_27);
    let bus = twim::Twim::new(p.TWISPI0, Irqs, sda, scl, Default::default(), BUS);
    let button = Input::new(p.P0_11, Pull::Up);
    let led = Output::new(p.P0_13, Level::High, OutputDrive::Standard);
    let desk = desk(bus, (button, Active::Low), (led, Active::Low));
    let slots = [0x8_0000..0xA_0000, 0xA_0000..0xC_0000];
    let layout = Layout::new(0, 0xC_0000..0xD_0000, Some(slots));
    run(
        "nRF52840-DK",
        desk,
        Waiting(link),
        Nvmc::new(p.NVMC),
        layout,
    )
}
