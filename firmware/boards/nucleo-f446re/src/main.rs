//! The device application on ST's Nucleo-F446RE (Cortex-M4F): UART of the ST-LINK, blue button, LED LD2, sensor on
//! D14 (SDA) and D15 (SCL).
#![no_std]
#![no_main]

use embassy_stm32::gpio::{Input, Level, Output, Pull, Speed};
use embassy_stm32::{bind_interrupts, flash, i2c, peripherals, usart};
use mote_board::{Active, Desk, IMAGE, Layout, Lsm6dso, Ticks};

bind_interrupts!(struct Irqs {
    USART2 => usart::BufferedInterruptHandler<peripherals::USART2>;
});

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut BUFFERS: [[u8; 512]; 2] = [[0; 512]; 2];
    let [incoming, outgoing] = BUFFERS;
    let p = embassy_stm32::init(Default::default());
    let link = usart::BufferedUart::new(
        p.USART2,
        p.PA3,
        p.PA2,
        outgoing,
        incoming,
        Irqs,
        Default::default(),
    );
    let bus = i2c::I2c::new_blocking(p.I2C1, p.PB8, p.PB9, Default::default());
    let desk = Desk {
        sensor: Lsm6dso::new(bus, 0x6A, IMAGE.rate_hz()).expect("an LSM6DSO on D14 and D15"),
        button: (Input::new(p.PC13, Pull::None), Active::Low),
        led: (Output::new(p.PA5, Level::Low, Speed::Low), Active::High),
        clock: Ticks,
    };
    // The three 16 KB sectors behind the vector table; see memory.x. Images of other sectors cannot be uploaded.
    let sectors = flash::Flash::new_blocking(p.FLASH)
        .into_blocking_regions()
        .bank1_region1;
    let layout = Layout {
        base: 0x0800_0000,
        states: 0x4000..0x1_0000,
        slots: None,
    };
    mote_board::run(
        "Nucleo-F446RE",
        desk,
        link.expect("115200 bits a second"),
        sectors,
        layout,
    )
}
