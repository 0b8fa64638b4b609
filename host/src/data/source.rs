//! Where the recordings come from: the data that ship, or somebody's own.

use super::{DataError, Dataset, Motion, Triad, csv, watch25};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which data to read and how.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A folder of `.csv` files, or one such file. Without it the data that ship are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Samples a second. Needed only where the files have no time column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
    /// Names subject and label in file names: `{subject}_{rest}` is held against the name without
    /// `.csv`; with a slash, as in `{subject}/{label}/{rest}`, against the path below the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The columns to read, in this order; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Channels that turn together; guessed from their names when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub triads: Option<Vec<NamedTriad>>,
}

/// A [`Triad`] by channel names.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedTriad {
    /// Names of x, y and z.
    pub channels: [String; 3],
    /// What they measure.
    pub motion: Motion,
}

/// Reads the data that `config` names.
///
/// # Errors
/// Whatever the reader finds wrong, with its place; see [`DataError`].
pub fn load(config: &DataConfig) -> Result<Dataset, DataError> {
    let mut dataset = match &config.path {
        None => watch25::load()?,
        Some(path) => csv::load(path, config)?,
    };
    if let Some(triads) = &config.triads {
        dataset.triads = triads
            .iter()
            .map(|triad| resolve(triad, &dataset.channels))
            .collect::<Result<_, _>>()?;
    }
    Ok(dataset)
}

fn resolve(triad: &NamedTriad, channels: &[String]) -> Result<Triad, DataError> {
    let mut indices = [0; 3];
    for (index, name) in indices.iter_mut().zip(&triad.channels) {
        *index = channels
            .iter()
            .position(|c| c == name)
            .ok_or_else(|| DataError::Triad {
                name: name.clone(),
                channels: channels.to_vec(),
            })?;
    }
    Ok(Triad {
        channels: indices,
        motion: triad.motion,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triads_may_be_named_by_hand() {
        let named = |z: &str| DataConfig {
            triads: Some(vec![NamedTriad {
                channels: ["wx".into(), "wy".into(), z.into()],
                motion: Motion::Axial,
            }]),
            ..DataConfig::default()
        };
        let triads = load(&named("wz")).unwrap().triads;
        assert_eq!(triads[0].channels, [3, 4, 5]);
        assert_eq!(triads[0].motion, Motion::Axial);
        let message = load(&named("up")).unwrap_err().to_string();
        assert!(
            message.contains("\"up\"") && message.contains("wz"),
            "{message}"
        );
    }
}
