//! The device application on Nordic's nRF52840-DK (Cortex-M4F): UART of the debugger, button 1, LED 1, sensor on
//! P0.26 (SDA) and P0.27 (SCL).
#![no_std]
#![no_main]

use embassy_nrf::gpio::{Input, Level, Output, OutputDrive, Pull};
use embassy_nrf::{bind_interrupts, buffered_uarte, nvmc, peripherals, twim};
use mote_board::{Active, Desk, IMAGE, Layout, Lsm6dso, Ticks, Waiting};

bind_interrupts!(struct Irqs {
    UARTE0 => buffered_uarte::InterruptHandler<peripherals::UARTE0>;
    TWISPI0 => twim::InterruptHandler<peripherals::TWISPI0>;
});

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut BUFFERS: [[u8; 512]; 3] = [[0; 512]; 3];
    let [incoming, outgoing, bus] = BUFFERS;
    let p = embassy_nrf::init(Default::default());
    let mut baud = embassy_nrf::uarte::Config::default();
    baud.baudrate = embassy_nrf::uarte::Baudrate::Baud115200;
    let link = buffered_uarte::BufferedUarte::new(
        p.UARTE0,
        p.TIMER1,
        p.PPI_CH0,
        p.PPI_CH1,
        p.PPI_GROUP0,
        p.P0_08,
        p.P0_06,
        Irqs,
        baud,
        incoming,
        outgoing,
    );
    let bus = twim::Twim::new(p.TWISPI0, Irqs, p.P0_26, p.P0_27, Default::default(), bus);
    let desk = Desk {
        sensor: Lsm6dso::new(bus, 0x6A, IMAGE.rate_hz()).expect("an LSM6DSO on P0.26 and P0.27"),
        button: (Input::new(p.P0_11, Pull::Up), Active::Low),
        led: (
            Output::new(p.P0_13, Level::High, OutputDrive::Standard),
            Active::Low,
        ),
        clock: Ticks,
    };
    let slots = Some([0x8_0000..0xA_0000, 0xA_0000..0xC_0000]);
    let layout = Layout {
        base: 0,
        states: 0xC_0000..0xD_0000,
        slots,
    };
    mote_board::run(
        "nRF52840-DK",
        desk,
        Waiting(link),
        nvmc::Nvmc::new(p.NVMC),
        layout,
    )
}
