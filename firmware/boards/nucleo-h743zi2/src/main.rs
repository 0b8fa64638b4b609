//! The device application on ST's Nucleo-H743ZI2 (Cortex-M7): UART of the ST-LINK, blue button, green LED, sensor on
//! D14 (SDA) and D15 (SCL).
#![no_std]
#![no_main]

use embassy_stm32::gpio::{Input, Level, Output, Pull, Speed};
use embassy_stm32::{bind_interrupts, flash, i2c, peripherals, usart};
use mote_board::{Active, Desk, IMAGE, Layout, Lsm6dso, Ticks};

bind_interrupts!(struct Irqs {
    USART3 => usart::BufferedInterruptHandler<peripherals::USART3>;
});

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut BUFFERS: [[u8; 512]; 2] = [[0; 512]; 2];
    let [incoming, outgoing] = BUFFERS;
    let p = embassy_stm32::init(Default::default());
    let link = usart::BufferedUart::new(
        p.USART3,
        p.PD9,
        p.PD8,
        outgoing,
        incoming,
        Irqs,
        Default::default(),
    );
    let bus = i2c::I2c::new_blocking(p.I2C1, p.PB8, p.PB9, Default::default());
    let desk = Desk {
        sensor: Lsm6dso::new(bus, 0x6A, IMAGE.rate_hz()).expect("an LSM6DSO on D14 and D15"),
        button: (Input::new(p.PC13, Pull::Down), Active::High),
        led: (Output::new(p.PB0, Level::Low, Speed::Low), Active::High),
        clock: Ticks,
    };
    // The second megabyte, so that the program runs on while it is erased.
    let slots = Some([0x16_0000..0x18_0000, 0x18_0000..0x1A_0000]);
    let layout = Layout {
        base: 0x0800_0000,
        states: 0x10_0000..0x16_0000,
        slots,
    };
    let sectors = flash::Flash::new_blocking(p.FLASH);
    mote_board::run(
        "Nucleo-H743ZI2",
        desk,
        link.expect("115200 bits a second"),
        sectors,
        layout,
    )
}
