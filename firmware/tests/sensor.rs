//! Sensors and pins against mocks that know each byte on the bus.

use embedded_hal::i2c::ErrorKind;
use embedded_hal_mock::eh1::digital::{Mock as Pin, State, Transaction as PinStep};
use embedded_hal_mock::eh1::i2c::{Mock as Bus, Transaction as Step};
use mote_firmware::board::{Board, Clock, Signal};
use mote_firmware::desk::{Active, Desk};
use mote_firmware::sensor::{Lsm6dso, Mpu6050, Sensor, SensorError};

const DEGREE: f32 = core::f32::consts::PI / 180.0;

fn near(values: [f32; 6], expected: [f32; 6]) {
    for (value, expected) in values.into_iter().zip(expected) {
        assert!(
            (value - expected).abs() <= 2e-6 * expected.abs(),
            "{value}, not {expected}"
        );
    }
}

/// Each count little-endian.
fn little(counts: [i16; 6]) -> Vec<u8> {
    counts
        .iter()
        .flat_map(|count| count.to_le_bytes())
        .collect()
}

#[test]
fn lsm6dso_gives_g_and_radians() {
    let counts = little([100, -100, i16::MIN, 8197, -8197, 1]);
    let mut bus = Bus::new(&[
        Step::write_read(0x6A, vec![0x0F], vec![0x6C]),
        // 26 Hz, 4 g, 2000 degrees a second.
        Step::write(0x6A, vec![0x10, 0x28, 0x2C, 0x44]),
        Step::write_read(0x6A, vec![0x1E], vec![0x01]),
        Step::write_read(0x6A, vec![0x1E], vec![0x07]),
        Step::write_read(0x6A, vec![0x22], counts),
    ]);
    let mut sensor = Lsm6dso::new(bus.clone(), Lsm6dso::<Bus>::ADDRESS, 25.0).unwrap();
    let signal = Signal {
        channels: 6,
        rate_hz: 26.0,
    };
    assert_eq!(sensor.signal(), signal);
    let mut values = [0.0; 6];
    // Only one half is new.
    assert_eq!(sensor.sample(&mut values), Ok(false));
    assert_eq!(sensor.sample(&mut values), Ok(true));
    let turn = [7.0, -7.0, -2293.76].map(|degrees| degrees * DEGREE);
    near(
        values,
        [1.000034, -1.000034, 0.000122, turn[0], turn[1], turn[2]],
    );
    bus.done();
}

#[test]
fn mpu6050_gives_g_and_radians() {
    let words = [8192i16, -8192, 1, 12345, 164, -164, i16::MAX];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let mut bus = Bus::new(&[
        Step::write_read(0x69, vec![0x75], vec![0x68]),
        Step::write(0x69, vec![0x6B, 0x01]),
        // Every 40th of 1000 samples a second, filter, 2000 degrees a second, 4 g.
        Step::write(0x69, vec![0x19, 39, 3, 0x18, 0x08]),
        Step::write(0x69, vec![0x38, 0x01]),
        Step::write_read(0x69, vec![0x3A], vec![0x00]),
        Step::write_read(0x69, vec![0x3A], vec![0x01]),
        Step::write_read(0x69, vec![0x3B], bytes),
    ]);
    let mut sensor = Mpu6050::new(bus.clone(), Mpu6050::<Bus>::ADDRESS + 1, 25.0).unwrap();
    assert_eq!(sensor.signal().rate_hz, 25.0);
    let mut values = [0.0; 6];
    assert_eq!(sensor.sample(&mut values), Ok(false));
    assert_eq!(sensor.sample(&mut values), Ok(true));
    let turn = [10.0, -10.0, 1997.9878].map(|degrees| degrees * DEGREE);
    near(values, [1.0, -1.0, 1.0 / 8192.0, turn[0], turn[1], turn[2]]);
    bus.done();
}

#[test]
fn odd_rates_become_possible_ones() {
    for (wanted, got, code) in [
        (0.0, 12.5, 1),
        (f32::NAN, 12.5, 1),
        (90.0, 104.0, 4),
        (1e9, 833.0, 7),
    ] {
        let mut bus = Bus::new(&[
            Step::write_read(0x6A, vec![0x0F], vec![0x6B]),
            Step::write(0x6A, vec![0x10, code << 4 | 8, code << 4 | 12, 0x44]),
        ]);
        let sensor = Lsm6dso::new(bus.clone(), 0x6A, wanted).unwrap();
        assert_eq!(sensor.signal().rate_hz, got);
        bus.done();
    }
    for (wanted, got, divider) in [
        (0.0, 1000.0 / 256.0, 255),
        (1e9, 1000.0, 0),
        (100.0, 100.0, 9),
    ] {
        let mut bus = Bus::new(&[
            Step::write_read(0x68, vec![0x75], vec![0x71]),
            Step::write(0x68, vec![0x6B, 0x01]),
            Step::write(0x68, vec![0x19, divider, 3, 0x18, 0x08]),
            Step::write(0x68, vec![0x38, 0x01]),
        ]);
        let sensor = Mpu6050::new(bus.clone(), 0x68, wanted).unwrap();
        assert_eq!(sensor.signal().rate_hz, got);
        bus.done();
    }
}

#[test]
fn another_part_or_none_is_told() {
    let mut bus = Bus::new(&[Step::write_read(0x6A, vec![0x0F], vec![0x69])]);
    let error = Lsm6dso::new(bus.clone(), 0x6A, 25.0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "another part is at this address: it says 0x69, the sensor would say 0x6c"
    );
    bus.done();
    let step = Step::write_read(0x68, vec![0x75], vec![0]).with_error(ErrorKind::Other);
    let mut bus = Bus::new(&[step]);
    let error = Mpu6050::new(bus.clone(), 0x68, 25.0).unwrap_err();
    assert_eq!(error, SensorError::Bus(ErrorKind::Other));
    assert!(error.to_string().contains("check wires and address"));
    bus.done();
}

struct Silent;

impl Sensor for Silent {
    type Error = ();

    fn signal(&self) -> Signal {
        Signal {
            channels: 1,
            rate_hz: 1.0,
        }
    }

    fn sample(&mut self, _: &mut [f32]) -> Result<bool, ()> {
        Ok(false)
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now_ms(&mut self) -> u32 {
        7
    }

    fn ticks(&mut self) -> u32 {
        7000
    }

    fn ticks_per_second(&self) -> u32 {
        1_000_000
    }
}

#[test]
fn pins_mean_what_their_active_level_says() {
    for active in [Active::Low, Active::High] {
        let (on, off) = match active {
            Active::Low => (State::Low, State::High),
            Active::High => (State::High, State::Low),
        };
        let mut button = Pin::new(&[PinStep::get(on), PinStep::get(off)]);
        let mut led = Pin::new(&[PinStep::set(on), PinStep::set(off)]);
        let mut desk = Desk {
            sensor: Silent,
            button: (button.clone(), active),
            led: (led.clone(), active),
            clock: Stopped,
        };
        assert!(desk.button());
        assert!(!desk.button());
        desk.led(true);
        desk.led(false);
        assert_eq!((desk.now_ms(), desk.ticks()), (7, 7000));
        assert_eq!(desk.sample(&mut [0.0]), Ok(false));
        button.done();
        led.done();
    }
}
