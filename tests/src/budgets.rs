//! What may not grow: a number a line in a file beside the tests.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

/// A file of budgets.
#[derive(Clone, Copy)]
pub struct Kept {
    /// Its name.
    file: &'static str,
    /// Its first lines.
    head: &'static str,
    /// The variable that is `write` when it is to be written anew.
    switch: &'static str,
}

/// Instructions by name, as `m4.dsp.resnet8.3`, or `m33.dsp.resnet8` for all layers together.
pub const INSTRUCTIONS: Kept = Kept {
    file: "budgets.toml",
    head: "# Instructions in QEMU: core, packing, case, and on Cortex-M4 and M55 layer. Written by\n\
           # MOTE_REQUIRE_DEVICE=1 MOTE_BUDGETS=write cargo test -p mote-tests --test budgets\n",
    switch: "MOTE_BUDGETS",
};

/// Bytes of each board's program, as `qemu-m4.flash`.
pub const SIZES: Kept = Kept {
    file: "sizes.toml",
    head: "# Bytes of each board: flash without the image, static RAM, and in QEMU the deepest stack. Written by\n\
           # MOTE_REQUIRE_DEVICE=1 MOTE_SIZES=write cargo test -p mote-tests --test device_wire, and with\n\
           # MOTE_REQUIRE_SILICON=1 by --test silicon\n",
    switch: "MOTE_SIZES",
};

impl Kept {
    /// Whether the file is to be written instead of obeyed.
    pub fn rewrite(self) -> bool {
        std::env::var_os(self.switch).is_some_and(|value| value == "write")
    }

    fn path(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.file)
    }

    /// The file as it is.
    pub fn read(self) -> Result<Budgets, Box<dyn Error>> {
        let text = match std::fs::read_to_string(self.path()) {
            Err(_) if self.rewrite() => String::new(),
            text => text?,
        };
        let entries = text
            .lines()
            .filter(|l| !l.starts_with('#') && !l.is_empty());
        let entry = |line: &str| {
            let (name, count) = line.split_once(" = ").ok_or("a budget without a number")?;
            Ok::<_, Box<dyn Error>>((name.trim_matches('"').to_owned(), count.parse()?))
        };
        let numbers = entries.map(entry).collect::<Result<_, _>>()?;
        Ok(Budgets {
            kept: self,
            numbers,
        })
    }
}

/// What a file holds.
pub struct Budgets {
    kept: Kept,
    numbers: BTreeMap<String, u64>,
}

impl Budgets {
    /// Writes the file.
    pub fn write(&self) -> std::io::Result<()> {
        let lines = self
            .numbers
            .iter()
            .map(|(name, count)| format!("\"{name}\" = {count}\n"));
        let text = lines.fold(self.kept.head.to_owned(), |text, line| text + &line);
        std::fs::write(self.kept.path(), text)
    }

    /// Forgets what was known of `owner`, a core or a board, and learns `found`.
    pub fn replace(&mut self, owner: &str, found: impl IntoIterator<Item = (String, u64)>) {
        let own = format!("{owner}.");
        self.numbers.retain(|name, _| !name.starts_with(&own));
        self.numbers.extend(found);
    }

    /// The budget of this name.
    pub fn of(&self, name: &str) -> Option<u64> {
        self.numbers.get(name).copied()
    }

    /// The budget of all layers of a case.
    pub fn whole(&self, case: &str) -> Option<u64> {
        let layers = format!("{case}.");
        let sum: u64 = self
            .numbers
            .iter()
            .filter(|(name, _)| name.starts_with(&layers))
            .map(|(_, n)| n)
            .sum();
        self.of(case).or((sum > 0).then_some(sum))
    }
}
