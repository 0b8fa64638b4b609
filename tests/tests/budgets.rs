//! What every layer costs on a Cortex-M4 and M55, and every case on the other cores, in instructions, against `budgets.toml`:
//! no growth over 0.5 %.
//!
//! Builds `firmware/bench`, runs it in QEMU, which counts exactly, and compares every output with the desktop's, also
//! those of small layers of odd shapes. On cores without DSP instructions the straightforward loops are counted in the same
//! run, and must take half as many again as the kernels at least.
//! Without its tools a core is ignored and says why, unless `MOTE_REQUIRE_DEVICE=1`. `MOTE_BUDGETS=write` writes the
//! cores that run anew.

#[path = "budgets/bench.rs"]
#[allow(dead_code, reason = "shared with the costs")]
mod bench;
#[path = "budgets/cases.rs"]
mod cases;
#[path = "budgets/flash.rs"]
mod flash;

use bench::{Class, LEARNER, MACHINES, Machine};
use cases::{cases, encoders, odd};
use host::cost::Core;
use libtest_mimic::{Arguments, Failed, Trial};
use mote_tests::board;
use mote_tests::budgets::INSTRUCTIONS;
use std::fmt::Write as _;
use std::sync::Mutex;

/// Growth that is no growth, as a fraction.
const SLACK: f64 = 0.005;
/// How many times as many instructions as the kernels the straightforward loops take for a network, at least.
const LAW: f64 = 1.5;
/// SysTick's steps: a layer may differ by one from run to run of different code.
const STEP: u64 = 80;

/// What is measured with f16 weights: activations in f32 fit the scratch of the bench.
const FITS_F32: [&str; 6] = ["a", "d", "e", "g", "k", "conv1d"];

/// The cores run side by side, but only one writes the file at a time.
static WRITING: Mutex<()> = Mutex::new(());

fn main() {
    let arguments = Arguments::from_args();
    let budgets = MACHINES.map(|machine| {
        let name = format!("cortex_{}_keeps_its_budgets", machine.core.name());
        Trial::test(name, move || keep(&machine)).with_ignored_flag(machine.skipped())
    });
    let only = Trial::test("an_image_links_only_its_kernels", || {
        let _one_at_a_time = board::BUILD
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        match flash::only(bench::SCRATCH)? {
            text if text.is_empty() => Ok(()),
            text => Err(text.into()),
        }
    });
    let only = only.with_ignored_flag(board::skipped(bench::SCRATCH, "qemu-m4"));
    let trials = budgets.into_iter().chain([only]).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// Instructions and layers under each name.
fn measured(machine: &Machine) -> Result<Vec<(String, u64, u64)>, Failed> {
    let mut found: Vec<(String, u64, u64)> = Vec::new();
    let mut classes = machine.packings();
    if let Core::M4 | Core::M55 = machine.core {
        classes.push((Class::F16, "f16"));
    }
    for (class, packing) in classes {
        let (mut named, mut odd) = (encoders(cases()), odd());
        if class == Class::F16 {
            named.retain(|(name, _)| FITS_F32.contains(&name.as_str()));
            // The board's memory holds so many images of f16.
            odd.truncate(150);
        }
        let odd = odd.into_iter().map(|encoder| ("odd".to_owned(), encoder));
        machine.measure(&odd.collect::<Vec<_>>(), class, None)?;
        for line in machine.measure(&named, class, None)? {
            if line.law && machine.core.has_dsp() {
                continue;
            }
            let packing = if line.law { "law" } else { packing };
            let case = format!("{}.{packing}.{}", machine.core.name(), line.case);
            // Layer by layer where kernels differ: the others go the ways of Cortex-M4.
            let name = match machine.core {
                Core::M4 | Core::M55 => format!("{case}.{}", line.layer),
                _ => case,
            };
            match found.iter_mut().rev().find(|(found, ..)| *found == name) {
                Some((_, count, layers)) => (*count, *layers) = (*count + line.count, *layers + 1),
                None => found.push((name, line.count, 1)),
            }
        }
    }
    found.extend(board(machine)?);
    Ok(found)
}

/// What the boards of this core take for a window of their own image, for an answer, for a learning step, and for a
/// frame of sound.
fn board(machine: &Machine) -> Result<[(String, u64, u64); 4], Failed> {
    let mut images = Vec::new();
    for image in ["boards/encoder.image", "../core/tests/golden/sound.image"] {
        images.extend(std::fs::read(mote_tests::board::firmware().join(image))?);
        images.resize(images.len().next_multiple_of(16), 0);
    }
    let mut found = ["window", "answer", "step", "frame"]
        .map(|what| (format!("{}.board.{what}", machine.core.name()), 0, 0));
    let lines = machine.measure_images(&images, None)?;
    for line in lines.into_iter().filter(|line| !line.law) {
        let part = match (line.case.as_str(), line.layer) {
            (LEARNER, 0) => 2,
            (LEARNER, _) => 1,
            ("sound.frame", _) => 3,
            ("sound", _) => continue,
            _ => 0,
        };
        let (_, count, layers) = &mut found[part];
        (*count, *layers) = (*count + line.count, *layers + 1);
    }
    for (name, count, _) in &found {
        println!("{name}: {count} instructions");
    }
    Ok(found)
}

/// Says which networks take more of what they take by definition than they may. There only layers with weights count.
fn by_law(found: &[(String, u64, u64)]) -> String {
    let count = |name: &str| found.iter().find(|(found, ..)| found == name);
    let mut text = String::new();
    for (name, law, layers) in found.iter().filter(|(.., layers)| *layers > 1) {
        let Some((core, case)) = name.split_once(".law.") else {
            continue;
        };
        let Some((_, kernels, _)) = count(&format!("{core}.portable.{case}")) else {
            continue;
        };
        if (*law as f64) < LAW * *kernels as f64 {
            let _ = writeln!(
                text,
                "{core}.portable.{case}: {kernels} instructions, but {law} by definition, in {layers} layers"
            );
        }
    }
    text
}

fn keep(machine: &Machine) -> Result<(), Failed> {
    let found = measured(machine)?;
    if INSTRUCTIONS.rewrite() {
        let _one_at_a_time = WRITING
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut kept = INSTRUCTIONS.read()?;
        kept.replace(
            machine.core.name(),
            found.into_iter().map(|(name, count, _)| (name, count)),
        );
        return Ok(kept.write()?);
    }
    let kept = INSTRUCTIONS.read()?;
    let mut grown = by_law(&found);
    grown += &flash::too_much(machine)?;
    for (name, count, layers) in found {
        match kept.of(&name) {
            Some(budget)
                if count as f64 > budget as f64 * (1.0 + SLACK) + (STEP * layers) as f64 =>
            {
                writeln!(grown, "{name}: {count} instructions, budget {budget}")?;
            }
            Some(_) => {}
            None => writeln!(grown, "{name}: {count} instructions, no budget")?,
        }
    }
    match grown.is_empty() {
        true => Ok(()),
        false => {
            Err(format!("{grown}MOTE_BUDGETS=write cargo test --test budgets accepts them").into())
        }
    }
}
