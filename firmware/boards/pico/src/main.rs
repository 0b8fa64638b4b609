//! The device application on the Raspberry Pi Pico (RP2040, Cortex-M0+): pins and flash as in the README.
#![no_std]
#![no_main]

use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::uart::{self, BufferedUart};
use embassy_rp::{bind_interrupts, i2c::I2c, peripherals};
use mote_board::{Active, Layout, desk, run};

bind_interrupts!(struct Irqs {
    UART0_IRQ => uart::BufferedInterruptHandler<peripherals::UART0>;
});

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut INCOMING: [u8; 512] = [0; 512];
    static mut OUTGOING: [u8; 512] = [0; 512];
    let p = embassy_rp::init(Default::default());
    let (tx, rx, config) = (p.PIN_0, p.PIN_1, Default::default());
    let link = BufferedUart::new(p.UART0, tx, rx, Irqs, OUTGOING, INCOMING, config);
    let bus = I2c::new_blocking(p.I2C0, p.PIN_5, p.PIN_4, Default::default());
    let button = Input::new(p.PIN_15, Pull::Up);
    let led = Output::new(p.PIN_25, Level::Low);
    let desk = desk(bus, (button, Active::Low), (led, Active::High));
    let slots = [0x10_0000..0x12_0000, 0x12_0000..0x14_0000];
    let layout = Layout::new(0x1000_0000, 0x14_0000..0x15_0000, Some(slots));
    let chip = Flash::<_, Blocking, { 2 << 20 }>::new_blocking(p.FLASH);
    run("Raspberry Pi Pico", desk, link, chip, layout)
}
