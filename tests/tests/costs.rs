//! Predicted costs against measured budgets: within 10 % for every network, on every core.
//!
//! `MOTE_COSTS=write` first measures the layers of `costs/shapes.rs` on every core in QEMU and fits the coefficients
//! anew. Model cycles come from a plugin of QEMU, `MOTE_QEMU_PLUGIN=FILE`, which prints `insn=N cyc4=N` for what runs
//! between the benchmark's two hints; without one their coefficients stay as they are.

#[path = "budgets/bench.rs"]
#[allow(dead_code, reason = "shared with the budgets")]
mod bench;
#[path = "budgets/cases.rs"]
#[allow(dead_code, reason = "shared with the budgets")]
mod cases;
#[path = "budgets/file.rs"]
#[allow(dead_code, reason = "shared with the budgets")]
mod file;
#[path = "costs/fit.rs"]
mod fit;
#[path = "costs/shapes.rs"]
mod shapes;

use bench::{MACHINES, Machine, each_image};
use file::Budgets;
use host::cost::{Coefficients, Core, Kind, Unit, amounts};
use libtest_mimic::Failed;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const HEAD: &str = "# What one amount of work (work.rs) takes: core, packing, kind of layer, unit, coefficients. Written by\n\
                    # MOTE_COSTS=write MOTE_QEMU_PLUGIN=FILE cargo test -p mote-tests --test costs\n";

/// Relative error of a whole network that a prediction may have.
const TOLERANCE: f64 = 0.1;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src/cost/coefficients.txt")
}

#[test]
fn predictions_meet_the_budgets_of_every_network() -> Result<(), Failed> {
    if std::env::var_os("MOTE_COSTS").is_some_and(|value| value == "write") {
        write()?;
    }
    let coefficients = Coefficients::parse(&std::fs::read_to_string(path())?);
    let budgets = Budgets::read()?;
    let mut worst = 0.0_f64;
    let mut compared = 0;
    for machine in fitted() {
        for (class, packing) in machine.packings() {
            let mut check = |image: &mote_core::image::ModelImage<'_>| {
                let case = format!("{}.{packing}.{}", machine.core.name(), image.name());
                let cost = |layer| coefficients.cost(machine.core, Unit::Instructions, &layer);
                let predicted: Option<f64> = image.layers().map(cost).sum();
                let error = match (predicted, budgets.whole(&case)) {
                    (Some(predicted), Some(budget)) => predicted / budget as f64 - 1.0,
                    _ => f64::NAN,
                };
                println!("{case}: {:+.1} %", 100.0 * error);
                (worst, compared) = (worst.max(error.abs()), compared + 1);
                error.abs() <= TOLERANCE
            };
            let mut all = true;
            each_image(&networks(), class, |image| all &= check(image))?;
            assert!(
                all,
                "a prediction is off by more than 10 %, or has no budget: see above"
            );
        }
    }
    println!("worst of {compared}: {:.1} %", 100.0 * worst);
    assert!(compared >= 25);
    Ok(())
}

/// The cores whose costs are known: not yet those of Cortex-M55's vectors.
fn fitted() -> impl Iterator<Item = Machine> {
    MACHINES
        .into_iter()
        .filter(|machine| machine.core != Core::M55)
}

/// The cases that are whole networks.
fn networks() -> Vec<(String, host::export::QuantizedEncoder)> {
    let cases = cases::cases().into_iter();
    cases::encoders(cases.filter(|(_, spec)| spec.layers.len() > 2).collect())
}

/// Amounts of work of a layer, and what they took.
type Samples = Vec<(Vec<f64>, f64)>;

fn write() -> Result<(), Failed> {
    let plugin = std::env::var_os("MOTE_QEMU_PLUGIN").map(PathBuf::from);
    let mut coefficients = Coefficients::parse(&std::fs::read_to_string(path())?);
    for machine in fitted() {
        for ((kind, unit), samples) in samples(&machine, plugin.as_deref())? {
            coefficients.set(machine.core, kind, unit, fit::fit(&samples));
        }
    }
    Ok(std::fs::write(path(), format!("{HEAD}{coefficients}"))?)
}

fn samples(
    machine: &Machine,
    plugin: Option<&Path>,
) -> Result<BTreeMap<(Kind, Unit), Samples>, Failed> {
    let mut samples: BTreeMap<(Kind, Unit), Samples> = BTreeMap::new();
    let shapes = cases::encoders(shapes::shapes());
    for (class, _) in machine.packings() {
        let lines = machine.measure(&shapes, class, plugin)?.into_iter();
        let mut lines = lines.filter(|line| !line.law);
        each_image(&shapes, class, |image| {
            for (layer, line) in image.layers().zip(&mut lines) {
                let mut add = |unit, count: u64| {
                    let sample = (amounts(&layer), count as f64);
                    samples
                        .entry((Kind::of(&layer), unit))
                        .or_default()
                        .push(sample);
                };
                match line.exact {
                    Some([instructions, cycles]) => {
                        add(Unit::Instructions, instructions);
                        add(Unit::Cycles, cycles);
                    }
                    None => add(Unit::Instructions, line.count),
                }
            }
        })?;
    }
    Ok(samples)
}
