//! `firmware/bench` in QEMU: what every layer of a set of images takes on each core, and that its bits are the desktop's.

use crate::cases::{about, trained};
use host::cost::Core;
use host::export::{QuantizedEncoder, f16, int8_image_for};
use libtest_mimic::Failed;
use mote_core::image::{ModelImage, Target};
use mote_core::probe::Normalisation;
use mote_tests::board;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

/// How an image computes.
#[derive(Clone, Copy, PartialEq)]
pub enum Class {
    I8(Target),
    F16,
}

/// A core, the board whose program it runs, and QEMU's machine.
#[derive(Clone, Copy)]
pub struct Machine {
    pub core: Core,
    pub board: &'static str,
    target: &'static str,
    machine: &'static str,
}

const fn machine(
    core: Core,
    board: &'static str,
    target: &'static str,
    machine: &'static str,
) -> Machine {
    Machine {
        core,
        board,
        target,
        machine,
    }
}

/// All of them. Cortex-M7 runs the program of Cortex-M4: the boards are built with the same settings, for the same memory.
pub const MACHINES: [Machine; 6] = [
    machine(Core::M4, "qemu-m4", "thumbv7em-none-eabihf", "mps2-an386"),
    machine(Core::M7, "qemu-m4", "thumbv7em-none-eabihf", "mps2-an500"),
    machine(
        Core::M33,
        "qemu-m33",
        "thumbv8m.main-none-eabihf",
        "mps2-an505",
    ),
    machine(
        Core::M55,
        "qemu-m55",
        "thumbv8m.main-none-eabihf",
        "mps3-an547",
    ),
    machine(Core::M3, "qemu-m3", "thumbv7m-none-eabi", "mps2-an385"),
    machine(
        Core::M0,
        "qemu-m0-large",
        "thumbv6m-none-eabi",
        "mps2-an385",
    ),
];

/// Under this name the boards' probe is measured.
pub const LEARNER: &str = "lda";

/// One layer of one image.
pub struct Line {
    /// Name of the image.
    pub case: String,
    /// Of the straightforward loops.
    pub law: bool,
    pub layer: usize,
    /// Instructions, by SysTick.
    pub count: u64,
    /// Instructions and model cycles by a plugin of QEMU, where there is one.
    pub exact: Option<[u64; 2]>,
    crc: String,
}

impl Machine {
    /// Why it does not run here, if it does not; says so aloud.
    pub fn skipped(&self) -> bool {
        board::skipped(SCRATCH, self.board)
    }

    /// The packings that run on the core.
    pub fn packings(&self) -> Vec<(Class, &'static str)> {
        let mut packings = vec![(Class::I8(Target::Portable), "portable")];
        // Cortex-M55 has vectors, which run over plain weights.
        if self.core.has_dsp() && self.core != Core::M55 {
            packings.push((Class::I8(Target::Dsp), "dsp"));
        }
        packings
    }

    /// Runs every layer of every case, also by definition where the image is portable; `plugin` is a plugin of QEMU that counts between the benchmark's markers.
    pub fn measure(
        &self,
        cases: &[(String, QuantizedEncoder)],
        class: Class,
        plugin: Option<&Path>,
    ) -> Result<Vec<Line>, Failed> {
        let mut lines = self.measure_images(&images(cases, class)?, plugin)?;
        lines.retain(|line| line.case != LEARNER);
        Ok(lines)
    }

    /// The same of images as they are, each at a multiple of 16; behind them two lines of the boards' probe, a step and
    /// an answer, as layers 0 and 1 of [`LEARNER`].
    pub fn measure_images(
        &self,
        images: &[u8],
        plugin: Option<&Path>,
    ) -> Result<Vec<Line>, Failed> {
        let desktop = lines(&desktop(images)?)?;
        let (text, counted) = self.run(images, plugin)?;
        let mut device = lines(&text)?;
        if desktop.len() != device.len() {
            return Err(format!("{} lines instead of {}", device.len(), desktop.len()).into());
        }
        for pair in desktop.windows(2) {
            if let [law, kernel] = pair
                && law.law
                && law.crc != kernel.crc
            {
                let Line { case, layer, .. } = law;
                return Err(format!("{case}.{layer}: other bits than by definition").into());
            }
        }
        for (desktop, device) in desktop.iter().zip(&device) {
            if desktop.crc != device.crc {
                let Line { case, layer, .. } = device;
                return Err(format!("{case}.{layer}: other bits than the desktop's").into());
            }
        }
        for (line, exact) in device.iter_mut().zip(exact(&counted)) {
            line.exact = Some(exact);
        }
        Ok(device)
    }

    /// Builds the program, in a place of its own: two boards may build to the same path.
    pub fn program(&self) -> Result<PathBuf, Failed> {
        let _one_at_a_time = board::BUILD
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let arguments = ["cargo", "build", "--release", "--quiet", "--bin", "bench"];
        let built = board::in_board(SCRATCH, self.board, &arguments).output()?;
        if !built.status.success() {
            return Err(board::last_lines(&built.stderr).into());
        }
        let folder = Path::new(SCRATCH).join("bench").join(self.core.name());
        std::fs::create_dir_all(&folder)?;
        let program = folder.join("bench");
        let made = board::target(SCRATCH)
            .join(self.target)
            .join("release/bench");
        std::fs::copy(made, &program)?;
        Ok(program)
    }

    /// What the program and the plugin print.
    fn run(&self, images: &[u8], plugin: Option<&Path>) -> Result<(String, String), Failed> {
        let program = self.program()?;
        let folder = program.parent().unwrap_or(Path::new("."));
        std::fs::write(folder.join("bench.images"), images)?;
        let mut command = Command::new("timeout");
        command
            .args(["120", "qemu-system-arm", "-machine", self.machine])
            .args(["-icount", "shift=0"])
            .args(["-display", "none", "-serial", "none", "-monitor", "none"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(&program);
        if let Some(plugin) = plugin {
            command.arg("--plugin").arg(plugin);
        }
        let output = command.current_dir(folder).stdin(Stdio::null()).output()?;
        let [text, told] =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        match output.status.success() {
            true => Ok((text, told)),
            false => Err(format!("the board ended with {}:\n{text}{told}", output.status).into()),
        }
    }
}

/// All cases one after the other, each at a multiple of 16.
fn images(cases: &[(String, QuantizedEncoder)], class: Class) -> Result<Vec<u8>, Failed> {
    let mut images = Vec::new();
    for (name, encoder) in cases {
        let about = about(name, &encoder.spec);
        images.extend(match class {
            Class::I8(target) => int8_image_for(&about, encoder, target)?,
            Class::F16 => f16(&trained(encoder), &about)?,
        });
        images.resize(images.len().next_multiple_of(16), 0);
    }
    Ok(images)
}

/// Calls `each` with every image in `images`.
pub fn each_image(
    cases: &[(String, QuantizedEncoder)],
    class: Class,
    mut each: impl FnMut(&ModelImage<'_>),
) -> Result<(), Failed> {
    for case in cases {
        each(&ModelImage::parse(&images(
            std::slice::from_ref(case),
            class,
        )?)?);
    }
    Ok(())
}

struct NoCounter;

impl mote_bench::Counter for NoCounter {
    fn start(&mut self) {}

    fn stop(&mut self) -> u32 {
        0
    }
}

fn desktop(images: &[u8]) -> Result<String, Failed> {
    let (chunks, _) = images.as_chunks::<16>();
    let aligned: Vec<u128> = chunks.iter().map(|&c| u128::from_ne_bytes(c)).collect();
    let mut scratch = vec![0_u128; mote_bench::SCRATCH_LEN / 16];
    let mut text = String::new();
    mote_bench::run(
        bytemuck::cast_slice(&aligned),
        bytemuck::cast_slice_mut(&mut scratch),
        &mut NoCounter,
        &mut text,
    )?;
    let mut probe = mote_bench::Probe::new(Normalisation::None, mote_bench::Probe::SHRINKAGE);
    mote_bench::run_learner(&mut probe, &mut NoCounter, &mut text)?;
    Ok(text)
}

fn lines(text: &str) -> Result<Vec<Line>, Failed> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[case, layer, _macs, count, crc] = words.as_slice() else {
            return Err(Failed::from(format!("not a line of the benchmark: {line}")));
        };
        let (case, law) = match case.strip_suffix(".law") {
            Some(case) => (case, true),
            None => (case, false),
        };
        Ok(Line {
            case: case.to_owned(),
            law,
            layer: layer.parse()?,
            count: count.parse()?,
            exact: None,
            crc: crc.to_owned(),
        })
    };
    text.lines().map(line).collect()
}

/// Instructions and model cycles of each layer, from lines with `insn=N` and `cyc4=N`.
fn exact(counted: &str) -> impl Iterator<Item = [u64; 2]> {
    counted.lines().filter_map(|line| {
        let number = |name: &str| {
            let word = line
                .split_whitespace()
                .find_map(|word| word.strip_prefix(name));
            word?.parse().ok()
        };
        Some([number("insn=")?, number("cyc4=")?])
    })
}
