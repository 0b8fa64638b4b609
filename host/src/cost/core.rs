//! The cores whose costs are known.

use std::fmt;

/// A Cortex-M core.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Core {
    /// Cortex-M0 and M0+.
    M0,
    /// Cortex-M3.
    M3,
    /// Cortex-M4.
    M4,
    /// Cortex-M7.
    M7,
    /// Cortex-M33 with the DSP instructions.
    M33,
    /// Cortex-M55 with vector instructions.
    M55,
}

impl Core {
    /// All of them, the smallest first.
    pub const ALL: [Self; 6] = [Self::M0, Self::M3, Self::M4, Self::M7, Self::M33, Self::M55];

    /// Short name, as in the tables of coefficients and budgets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::M0 => "m0",
            Self::M3 => "m3",
            Self::M4 => "m4",
            Self::M7 => "m7",
            Self::M33 => "m33",
            Self::M55 => "m55",
        }
    }

    /// The core called `name`, as `m4` or `cortex-m4`.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let short = name.strip_prefix("cortex-").unwrap_or(&name);
        Self::ALL
            .into_iter()
            .find(|core| core.name() == short.trim_end_matches(['+', 'f']))
    }

    /// Whether images packed for the DSP instructions run.
    pub const fn has_dsp(self) -> bool {
        !matches!(self, Self::M0 | Self::M3)
    }
}

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cortex-{}", self.name().to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_go_by_short_and_long_names() {
        for core in Core::ALL {
            assert_eq!(Core::named(core.name()), Some(core));
            assert_eq!(Core::named(&core.to_string()), Some(core));
        }
        assert_eq!(Core::named("cortex-m4f"), Some(Core::M4));
        assert_eq!(Core::named("M0+"), Some(Core::M0));
        assert_eq!(Core::named("cortex-a53"), None);
    }
}
