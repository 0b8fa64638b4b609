//! The device application on ST's Nucleo-F446RE (Cortex-M4F): pins and flash as in the README.
#![no_std]
#![no_main]

use embassy_stm32::gpio::{Input, Level, Output, Pull, Speed};
use embassy_stm32::usart::{self, BufferedUart};
use embassy_stm32::{bind_interrupts, flash::Flash, i2c::I2c, peripherals};
use mote_board::{Active, Layout, desk, run};

bind_interrupts!(struct Irqs {
    USART2 => usart::BufferedInterruptHandler<peripherals::USART2>;
});

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut INCOMING: [u8; 512] = [0; 512];
    static mut OUTGOING: [u8; 512] = [0; 512];
    let p = embassy_stm32::init(Default::default());
    let (rx, tx, config) = (p.PA3, p.PA2, Default::default());
    let link = BufferedUart::new(p.USART2, rx, tx, OUTGOING, INCOMING, Irqs, config);
    let link = link.expect("115200 bits a second");
    let bus = I2c::new_blocking(p.I2C1, p.PB8, p.PB9, Default::default());
    let button = Input::new(p.PC13, Pull::None);
    let led = Output::new(p.PA5, Level::Low, Speed::Low);
    let desk = desk(bus, (button, Active::Low), (led, Active::High));
    // The three sectors of 16 KB behind the vectors, see memory.x. The others have another
    // size, so there is no place for images.
    let sectors = Flash::new_blocking(p.FLASH).into_blocking_regions();
    let layout = Layout::new(0x0800_0000, 0x4000..0x1_0000, None);
    run("Nucleo-F446RE", desk, link, sectors.bank1_region1, layout)
}
