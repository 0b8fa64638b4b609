//! The device application on ST's Nucleo-H743ZI2 (Cortex-M7): pins and flash as in the README.
#![no_std]
#![no_main]

use embassy_stm32::gpio::{Input, Level, Output, Pull, Speed};
use embassy_stm32::usart::{self, BufferedUart};
use embassy_stm32::{bind_interrupts, flash::Flash, i2c::I2c, peripherals};
use mote_board::{Active, Layout, desk, run};

bind_interrupts!(struct Irqs {
    USART3 => usart::BufferedInterruptHandler<peripherals::USART3>;
});

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut INCOMING: [u8; 512] = [0; 512];
    static mut OUTGOING: [u8; 512] = [0; 512];
    let p = embassy_stm32::init(Default::default());
    let (rx, tx, config) = (p.PD9, p.PD8, Default::default());
    let link = BufferedUart::new(p.USART3, rx, tx, OUTGOING, INCOMING, Irqs, config);
    let link = link.expect("115200 bits a second");
    let bus = I2c::new_blocking(p.I2C1, p.PB8, p.PB9, Default::default());
    let button = Input::new(p.PC13, Pull::Down);
    let led = Output::new(p.PB0, Level::Low, Speed::Low);
    let desk = desk(bus, (button, Active::High), (led, Active::High));
    // The second megabyte, so that the program runs on while it is erased.
    let slots = [0x16_0000..0x18_0000, 0x18_0000..0x1A_0000];
    let layout = Layout::new(0x0800_0000, 0x10_0000..0x16_0000, Some(slots));
    run(
        "Nucleo-H743ZI2",
        desk,
        link,
        Flash::new_blocking(p.FLASH),
        layout,
    )
}
