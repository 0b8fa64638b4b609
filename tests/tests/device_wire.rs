//! Each QEMU board as a user has it: taught over its UART from the shipped recordings, asked about people it never met,
//! cut from its power, asked again, and given another image. Embeddings, logits and learned state must equal the
//! desktop's to the bit.
//!
//! A board whose tools are missing counts as ignored and says why; see `device_parity.rs`.

use host::data::{Dataset, Window, Windows, watch25};
use host::device::{Session, TcpLink};
use host::export::{About, Method, embed, int8};
use host::train::Network;
use libtest_mimic::{Arguments, Failed, Trial};
use mote_core::image::ModelImage;
use mote_core::preset::conv1d;
use mote_core::probe::{Lda, Learner, Normalisation};
use mote_core::shape::Shape;
use mote_core::snapshot::{self, encode};
use mote_core::wire::{Request, Upload};
use mote_tests::board::{self, BUILD, in_board, last_lines};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Board, folder of its target, machine. The first one runs by default; the Cortex-M0 program runs on a machine that has
/// the RAM for it.
const BOARDS: [(&str, &str, &str); 6] = [
    ("qemu-m4", "thumbv7em-none-eabihf", "mps2-an386"),
    ("qemu-m0-large", "thumbv6m-none-eabi", "mps2-an385"),
    ("qemu-m3", "thumbv7m-none-eabi", "mps2-an385"),
    ("qemu-m7", "thumbv7em-none-eabihf", "mps2-an500"),
    ("qemu-m33", "thumbv8m.main-none-eabihf", "mps2-an505"),
    ("qemu-m55", "thumbv8m.main-none-eabihf", "mps3-an547"),
];

/// Where boards are built and run.
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");
/// Examples of each label.
const PER_CLASS: usize = 5;
/// People who are asked about; the others teach.
const HELD_OUT: [usize; 2] = [8, 9];
/// Windows that are asked about.
const ASKED: usize = 7;

const D: usize = 64;
const L: usize = 10;
/// The boards' own probe.
type Probe = Lda<D, L, { Lda::packed_len(D) }>;

fn main() {
    let arguments = Arguments::from_args();
    let trials = BOARDS.map(|(board, target, machine)| {
        let skipped = board::skipped(SCRATCH, board);
        let name = format!("{board}_is_taught_over_its_uart");
        Trial::test(name, move || taught(board, target, machine)).with_ignored_flag(skipped)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

/// A board in QEMU, until it is dropped: then its power is cut.
struct Powered {
    session: Session<TcpLink>,
    qemu: Child,
}

impl Drop for Powered {
    fn drop(&mut self) {
        stop(&mut self.qemu);
    }
}

/// Ends `timeout`, which passes a plain `kill` on to QEMU.
fn stop(qemu: &mut Child) {
    let _ = Command::new("kill").arg(qemu.id().to_string()).status();
    let _ = qemu.wait();
}

fn power_on(program: &Path, machine: &str, folder: &Path) -> Result<Powered, Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let mut qemu = Command::new("timeout")
        .args(["120", "qemu-system-arm", "-machine", machine])
        .args(["-display", "none", "-monitor", "none"])
        .args(["-semihosting-config", "enable=on,target=native"])
        .arg("-serial")
        .arg(format!("tcp:{},nodelay=on", listener.local_addr()?))
        .arg("-kernel")
        .arg(program)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let begun = Instant::now();
    let stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(_) if begun.elapsed() < Duration::from_secs(20) => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(e) => {
                stop(&mut qemu);
                return Err(format!("QEMU does not connect: {e}").into());
            }
        }
    };
    stream.set_nonblocking(false)?;
    let session = Session::new(TcpLink::new(stream)?, Duration::from_secs(5), 7);
    Ok(Powered { session, qemu })
}

fn build(board: &str, target: &str) -> Result<PathBuf, Failed> {
    let _one_at_a_time = BUILD
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let arguments = ["cargo", "build", "--release", "--quiet", "--bin", board];
    let built = in_board(SCRATCH, board, &arguments).output()?;
    match built.status.success() {
        true => Ok(board::target(SCRATCH)
            .join(target)
            .join("release")
            .join(board)),
        false => Err(last_lines(&built.stderr).into()),
    }
}

fn taught(board: &str, target: &str, machine: &str) -> Result<(), Failed> {
    let program = build(board, target)?;
    let folder = Path::new(SCRATCH).join("wire").join(board);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let data = watch25::load()?;
    let bytes = std::fs::read(board::firmware().join("boards/encoder.image"))?;
    let mut twin = Twin::new(&bytes)?;
    let windows = Windows::cut(&data, 128, 64)?.list;
    let (asked, lessons): (Vec<Window>, Vec<Window>) = windows
        .into_iter()
        .partition(|window| window.subject.is_some_and(|s| HELD_OUT.contains(&s)));

    let mut powered = power_on(&program, machine, &folder)?;
    let session = &mut powered.session;
    assert_eq!(running(session)?, twin.image.crc());
    for (label, name) in data.labels.iter().enumerate() {
        let index = session.label(&short(name))?.index;
        twin.probe.add_label(&short(name))?;
        let of: Vec<_> = lessons.iter().filter(|w| w.label == Some(label)).collect();
        for (example, window) in of
            .iter()
            .step_by(of.len() / PER_CLASS)
            .take(PER_CLASS)
            .enumerate()
        {
            let values = values(&data, window);
            let (quantized, embedding) = twin.embed(values)?;
            session.window_i8(&quantized)?;
            assert_eq!(bits(&session.embed()?), bits(&embedding));
            let id = (label * PER_CLASS + example) as u32;
            session.learn(id, index)?;
            twin.probe
                .learn(&embedding, mote_core::probe::Label(index))?;
        }
    }
    session.save()?;
    twin.agrees(session, &data, &asked)?;
    drop(powered);

    // Without power, and then with it again.
    let mut powered = power_on(&program, machine, &folder)?;
    let session = &mut powered.session;
    twin.agrees(session, &data, &asked)?;
    // An example that the saved state includes counts once, also after the cut.
    session.window(values(&data, &asked[0]))?;
    session.learn((data.labels.len() * PER_CLASS - 1) as u32, 0)?;
    twin.agrees(session, &data, &asked[..1])?;

    let other = other_image(&data, &lessons)?;
    let mut twin = Twin::new(&other)?;
    session.write(Upload::Image, &other, |_| {})?;
    drop(powered);
    let mut powered = power_on(&program, machine, &folder)?;
    let session = &mut powered.session;
    assert_eq!(running(session)?, twin.image.crc());
    let index = session.label("first")?.index;
    let label = twin.probe.add_label("first")?;
    session.window(values(&data, &lessons[0]))?;
    session.learn(1, index)?;
    let (_, embedding) = twin.embed(values(&data, &lessons[0]))?;
    twin.probe.learn(&embedding, label)?;
    twin.agrees(session, &data, &asked[..1])?;
    let timing = session.bench(None, 1)?;
    assert!(timing.macs > 100_000 && timing.seconds > 0.0, "{timing:?}");
    // A reboot by the wire, which the link survives.
    session.command(&Request::Reboot)?;
    assert_eq!(running(session)?, twin.image.crc());
    Ok(())
}

/// What the device must be equal to: encoder and probe on the desktop.
struct Twin<'i> {
    image: ModelImage<'i>,
    probe: Probe,
}

impl<'i> Twin<'i> {
    fn new(bytes: &'i [u8]) -> Result<Self, Failed> {
        Ok(Self {
            image: ModelImage::parse(bytes)?,
            probe: Probe::new(Normalisation::None, Probe::SHRINKAGE),
        })
    }

    /// The window as the encoder takes it, and its embedding.
    fn embed(&self, values: &[f32]) -> Result<(Vec<i8>, [f32; D]), Failed> {
        let mut quantized = vec![0; values.len()];
        let zero_point = self.image.input_quant().zero_point;
        self.image
            .normalisation()
            .quantize(values, zero_point, &mut quantized);
        let input: Vec<f32> = quantized
            .iter()
            .map(|q| self.image.input_quant().dequantize(*q))
            .collect();
        let embedding = embed(&self.image, &input)?;
        Ok((quantized, embedding.as_slice().try_into()?))
    }

    /// Asks about some of `windows`, and for the learned state.
    fn agrees(
        &self,
        session: &mut Session<TcpLink>,
        data: &Dataset,
        windows: &[Window],
    ) -> Result<(), Failed> {
        for window in windows.iter().step_by(windows.len().div_ceil(ASKED)) {
            let values = values(data, window);
            session.window(values)?;
            let (_, embedding) = self.embed(values)?;
            assert_eq!(bits(&session.embed()?), bits(&embedding));
            let answer = session.infer()?;
            assert_eq!(bits(&answer.logits), bits(&self.probe.logits(&embedding)?));
            let prediction = self.probe.predict(&embedding)?;
            assert_eq!(answer.index, prediction.known().map(|label| label.0));
            assert_eq!(answer.confidence.to_bits(), prediction.confidence.to_bits());
        }
        let mut state = vec![0; 16 * 1024];
        let len = encode(
            &self.probe,
            snapshot::Values::F32,
            self.image.crc(),
            &mut state,
        )?;
        assert!(session.snapshot()? == state[..len], "another learned state");
        Ok(())
    }
}

fn running(session: &mut Session<TcpLink>) -> Result<u32, Failed> {
    Ok(session.status()?.image.ok_or("no image")?.crc)
}

/// An image of an encoder that nobody has trained, calibrated on real windows.
fn other_image(data: &Dataset, lessons: &[Window]) -> Result<Vec<u8>, Failed> {
    let spec = conv1d(Shape::sequence(128, 6), 1.0, None)?;
    let encoder = Network::new(&spec, 5)?.trained();
    let about = About {
        rate_hz: 25.0,
        ..About::plain("another", 128, 6)
    };
    let calibration: Vec<f32> = lessons
        .iter()
        .step_by(40)
        .flat_map(|window| values(data, window).iter().copied())
        .collect();
    Ok(int8(&encoder, &about, &calibration, Method::MinMax)?)
}

fn values<'d>(data: &'d Dataset, window: &Window) -> &'d [f32] {
    let from = window.start * 6;
    &data.recordings[window.recording].samples[from..from + 128 * 6]
}

/// As much of a label's name as a probe keeps.
fn short(name: &str) -> String {
    name.chars().take(20).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
