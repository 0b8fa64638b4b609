//! `budgets.toml`: one number of instructions a line.

use host::cost::Core;
use libtest_mimic::Failed;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const HEAD: &str = "# Instructions in QEMU: core, packing, case, and on Cortex-M4 and M55 layer. Written by\n\
                    # MOTE_REQUIRE_DEVICE=1 MOTE_BUDGETS=write cargo test -p mote-tests --test budgets\n";

/// Instructions by name, as `m4.dsp.resnet8.3`, or `m33.dsp.resnet8` for all layers together.
pub struct Budgets(BTreeMap<String, u64>);

impl Budgets {
    fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("budgets.toml")
    }

    /// The file as it is.
    pub fn read() -> Result<Self, Failed> {
        let text = std::fs::read_to_string(Self::path())?;
        let entries = text
            .lines()
            .filter(|l| !l.starts_with('#') && !l.is_empty());
        let entry = |line: &str| {
            let (name, count) = line.split_once(" = ").ok_or("a budget without a number")?;
            Ok::<_, Failed>((name.trim_matches('"').to_owned(), count.parse()?))
        };
        Ok(Self(entries.map(entry).collect::<Result<_, _>>()?))
    }

    pub fn write(&self) -> std::io::Result<()> {
        let lines = self
            .0
            .iter()
            .map(|(name, count)| format!("\"{name}\" = {count}\n"));
        std::fs::write(
            Self::path(),
            lines.fold(HEAD.to_owned(), |text, line| text + &line),
        )
    }

    /// Forgets what was known of `core`, and learns `found`.
    pub fn replace(&mut self, core: Core, found: impl Iterator<Item = (String, u64)>) {
        let own = format!("{}.", core.name());
        self.0.retain(|name, _| !name.starts_with(&own));
        self.0.extend(found);
    }

    pub fn of(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    /// The budget of all layers of a case.
    pub fn whole(&self, case: &str) -> Option<u64> {
        let layers = format!("{case}.");
        let sum: u64 = self
            .0
            .iter()
            .filter(|(name, _)| name.starts_with(&layers))
            .map(|(_, n)| n)
            .sum();
        self.of(case).or((sum > 0).then_some(sum))
    }
}
