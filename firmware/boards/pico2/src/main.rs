//! The device application on the Raspberry Pi Pico 2 (RP2350, Cortex-M33): UART on GP0 (out) and GP1 (in), button from
//! GP15 to ground, the LED on the board, sensor on GP4 (SDA) and GP5 (SCL).
#![no_std]
#![no_main]

use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::{bind_interrupts, flash, i2c, peripherals, uart};
use mote_board::{Active, Desk, IMAGE, Layout, Lsm6dso, Ticks};

bind_interrupts!(struct Irqs {
    UART0_IRQ => uart::BufferedInterruptHandler<peripherals::UART0>;
});

/// Bytes of the flash chip.
const FLASH: usize = 4 << 20;

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut BUFFERS: [[u8; 512]; 2] = [[0; 512]; 2];
    let [incoming, outgoing] = BUFFERS;
    let p = embassy_rp::init(Default::default());
    let link = uart::BufferedUart::new(
        p.UART0,
        p.PIN_0,
        p.PIN_1,
        Irqs,
        outgoing,
        incoming,
        Default::default(),
    );
    let bus = i2c::I2c::new_blocking(p.I2C0, p.PIN_5, p.PIN_4, Default::default());
    let desk = Desk {
        sensor: Lsm6dso::new(bus, 0x6A, IMAGE.rate_hz()).expect("an LSM6DSO on GP4 and GP5"),
        button: (Input::new(p.PIN_15, Pull::Up), Active::Low),
        led: (Output::new(p.PIN_25, Level::Low), Active::High),
        clock: Ticks,
    };
    let slots = Some([0x10_0000..0x12_0000, 0x12_0000..0x14_0000]);
    let layout = Layout {
        base: 0x1000_0000,
        states: 0x14_0000..0x15_0000,
        slots,
    };
    let chip = flash::Flash::<_, flash::Blocking, FLASH>::new_blocking(p.FLASH);
    mote_board::run("Raspberry Pi Pico 2", desk, link, chip, layout)
}
