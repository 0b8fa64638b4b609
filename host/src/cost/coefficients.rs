//! The fitted coefficients, as a table of text.

use super::work::sliding;
use super::{Core, amounts};
use mote_core::image::LayerInfo;
use mote_core::spec::Op;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// What a coefficient counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Unit {
    /// Instructions, exact.
    Instructions,
    /// Cycles by the rules of a Cortex-M4 without wait states.
    Cycles,
}

/// Layers whose cost has the same coefficients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Kind {
    packed: bool,
    op: &'static str,
}

impl Kind {
    /// The kind of `layer`.
    pub fn of(layer: &LayerInfo<'_>) -> Self {
        let op = match layer.layer.op {
            Op::Conv2d { .. } if sliding(layer) => "sliding_conv2d",
            Op::Conv2d { .. } => "conv2d",
            Op::DepthwiseConv2d { .. } => "depthwise_conv2d",
            Op::Dense { .. } => "dense",
            Op::Add { .. } => "add",
            Op::Concat { .. } => "concat",
            Op::AvgPool { .. } => "avg_pool",
            Op::MaxPool { .. } => "max_pool",
            Op::GlobalAvgPool => "global_avg_pool",
            Op::GlobalStatPool => "global_stat_pool",
            Op::Embedding { .. } => "embedding",
        };
        Self {
            packed: layer.work.is_some(),
            op,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            if self.packed { "dsp" } else { "plain" },
            self.op
        )
    }
}

/// One coefficient for each amount of work, by core, kind of layer and unit.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Coefficients(BTreeMap<String, Vec<f64>>);

impl Coefficients {
    /// Those of this release.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Coefficients> =
            LazyLock::new(|| Coefficients::parse(include_str!("coefficients.txt")));
        &SHIPPED
    }

    /// Reads lines of `core packing kind unit numbers...`; what is no such line is left out.
    pub fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (key, numbers) = words.split_at_checked(4)?;
            let numbers = numbers.iter().map(|number| number.parse().ok());
            Some((key.join(" "), numbers.collect::<Option<_>>()?))
        };
        Self(
            text.lines()
                .filter(|l| !l.starts_with('#'))
                .filter_map(line)
                .collect(),
        )
    }

    /// Sets the coefficients of one kind of layer.
    pub fn set(&mut self, core: Core, kind: Kind, unit: Unit, numbers: Vec<f64>) {
        self.0.insert(key(core, kind, unit), numbers);
    }

    /// What `layer` takes on `core`; `None` where its kind was not measured.
    pub fn cost(&self, core: Core, unit: Unit, layer: &LayerInfo<'_>) -> Option<f64> {
        let numbers = self.0.get(&key(core, Kind::of(layer), unit))?;
        let amounts = amounts(layer);
        let products = numbers.iter().zip(&amounts).map(|(a, b)| a * b);
        (numbers.len() == amounts.len()).then(|| products.sum())
    }
}

impl fmt::Display for Coefficients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, numbers) in &self.0 {
            let numbers: Vec<String> = numbers.iter().map(|n| format!("{n:.4}")).collect();
            writeln!(f, "{key} {}", numbers.join(" "))?;
        }
        Ok(())
    }
}

fn key(core: Core, kind: Kind, unit: Unit) -> String {
    let unit = match unit {
        Unit::Instructions => "instructions",
        Unit::Cycles => "cycles",
    };
    format!("{} {kind} {unit}", core.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_back_what_it_writes() {
        let shipped = Coefficients::shipped();
        assert_eq!(*shipped, Coefficients::parse(&shipped.to_string()));
        let lines = include_str!("coefficients.txt").lines();
        assert_eq!(
            lines.filter(|l| !l.starts_with('#')).count(),
            shipped.0.len()
        );
    }
}
