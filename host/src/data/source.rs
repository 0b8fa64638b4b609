//! Where the recordings come from: the data that ship, or somebody's own.

use super::folder::{self, Name};
use super::picture::{cifar, files, idx};
use super::sound::SoundConfig;
use super::symbols::{self, Table, Unit};
use super::{DataError, Dataset, Kind, Motion, Triad, csv, npy, sound, ucr, watch25};
use mote_core::mel::FrontEnd;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Which data to read and how.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A folder of recordings or pictures, or one such file. Without it the data that ship are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Samples a second. Needed only where the files have no time column; sound is brought to this rate, or to the lowest
    /// of the files and at most 16,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
    /// Names subject and label in file names: `{subject}_{rest}` is held against the name without
    /// `.csv`; with a slash, as in `{subject}/{label}/{rest}`, against the path below the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Which files are held out for testing, by the field `{index}` of the pattern: `0-4`, or `3,7,20-29`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// The columns to read, in this order; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Names of the subjects held out for testing, whatever the data say; when empty, folds of subjects are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test_subjects: Vec<String>,
    /// Read about this many recordings or pictures at most, evenly spaced over parts and labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<usize>,
    /// Pixels a side to which PNG and JPEG pictures are scaled; 32 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<u16>,
    /// What a symbol of a text file is; characters when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbols: Option<Unit>,
    /// Channels that turn together; guessed from their names when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub triads: Option<Vec<NamedTriad>>,
    /// How sound is heard.
    pub sound: SoundConfig,
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

/// Who reads a folder.
enum Reader {
    /// Of CSV files.
    Csv,
    /// Of IDX files.
    Idx(Vec<Name>),
    /// Of CIFAR's batches.
    Cifar(Vec<Name>),
    /// Of picture files.
    Files(Vec<Name>),
    /// Of archives of series.
    Ucr(Vec<Name>),
    /// Of arrays.
    Npy(PathBuf),
    /// Of several sets of arrays, which nobody reads together.
    ManyArrays(usize),
    /// Of CSV files that hold symbols.
    Table(Table),
    /// Of FASTA.
    Fasta(Vec<Name>),
    /// Of text.
    Text(Vec<Name>),
    /// Of sound.
    Sound(Vec<Name>),
}

/// Looks at the names in a folder, or at the one file's. CSV files come first, since plots may lie beside
/// recordings, but for tables of what lies there; what nobody knows is left to the CSV reader, which says what it expects.
fn reader(path: &Path) -> Reader {
    let file = path.is_file().then(|| path.file_name()).flatten();
    let file = file.map(|name| name.to_string_lossy());
    let found = |wanted: fn(&str) -> bool| match &file {
        Some(name) if !wanted(name) => None,
        _ => folder::list(path, wanted).ok(),
    };
    let sound = || found(sound::is_wav).map(Reader::Sound);
    let files = || found(files::is_picture).map(Reader::Files);
    if let Some(tables) = found(folder::is_csv) {
        let captions = |name: &Name| symbols::is_captions(&format!("{}.csv", name.stem));
        let beside = |name: &Name| captions(name) || sound::is_table(&format!("{}.csv", name.stem));
        if let Some(sound) = sound().filter(|_| tables.iter().all(beside)) {
            return sound;
        }
        if let Some(pictures) = files().filter(|_| tables.iter().all(captions)) {
            return pictures;
        }
        return symbols::sniff(path).map_or(Reader::Csv, Reader::Table);
    }
    let idx = found(idx::is_images).map(Reader::Idx);
    let cifar = || found(cifar::is_batch).map(Reader::Cifar);
    let ucr = || found(ucr::is_archive).map(Reader::Ucr);
    let npy = || {
        let names = found(npy::is_array)?;
        Some(match names.as_slice() {
            [only] => Reader::Npy(only.path.clone()),
            several => Reader::ManyArrays(several.len()),
        })
    };
    let fasta = || found(symbols::is_fasta).map(Reader::Fasta);
    // Notes may lie beside anything.
    let text = || found(symbols::is_text).map(Reader::Text);
    let readers = idx.or_else(cifar).or_else(ucr).or_else(npy).or_else(files);
    let readers = readers.or_else(sound).or_else(fasta).or_else(text);
    readers.unwrap_or(Reader::Csv)
}

/// The kind of data that `config` names, from names of files alone.
pub fn kind(config: &DataConfig) -> Kind {
    match config.path.as_deref().map(reader) {
        None | Some(Reader::Csv | Reader::Ucr(_) | Reader::ManyArrays(_)) => Kind::Series,
        Some(Reader::Idx(_) | Reader::Cifar(_) | Reader::Files(_)) => Kind::Pictures,
        Some(Reader::Npy(file)) => npy::kind(&file),
        Some(Reader::Sound(_)) => Kind::Sound,
        Some(Reader::Table(_) | Reader::Fasta(_) | Reader::Text(_)) => Kind::Symbols,
    }
}

/// What it is, where files' names say nothing of single recordings: there is no pattern to hold against them.
fn unnamed(reader: Option<&Reader>) -> Option<&'static str> {
    match reader {
        None => Some(
            "the smartwatch recordings that ship with mote, which name label and subject themselves",
        ),
        Some(Reader::Csv | Reader::Files(_) | Reader::Sound(_)) => None,
        Some(Reader::Idx(_) | Reader::Cifar(_)) => Some(
            "files of many pictures, whose test part are those with t10k or test in their names",
        ),
        Some(Reader::Ucr(_)) => {
            Some("an archive of many series, whose test part is the file called _TEST")
        }
        Some(Reader::Npy(_) | Reader::ManyArrays(_)) => {
            Some("one array of many windows, beside which the arrays y and subject say more")
        }
        Some(Reader::Table(_) | Reader::Fasta(_) | Reader::Text(_)) => {
            Some("sequences of symbols, whose labels are columns or sub-folders")
        }
    }
}

/// Reads the data that `config` names.
///
/// # Errors
/// Whatever the reader finds wrong, with its place; see [`DataError`].
pub fn load(config: &DataConfig) -> Result<Dataset, DataError> {
    load_for(config, None)
}

/// As [`load`]; sound is heard as `front`, the front end of an image, hears it.
///
/// # Errors
/// As [`load`].
pub fn load_for(config: &DataConfig, front: Option<&FrontEnd<'_>>) -> Result<Dataset, DataError> {
    let reader = config.path.as_deref().map(|path| (path, reader(path)));
    if let Some(unnamed) = unnamed(reader.as_ref().map(|(_, reader)| reader)) {
        let given = [("--pattern", &config.pattern), ("--test", &config.test)];
        if let Some((flag, _)) = given.into_iter().find(|(_, given)| given.is_some()) {
            return Err(DataError::NotInNames {
                flag,
                data: unnamed,
            });
        }
    }
    let mut dataset = match reader {
        None => watch25::load()?,
        Some((path, reader)) => match reader {
            Reader::Csv => csv::load(path, config)?,
            Reader::Idx(names) => idx::load(path, &names)?,
            Reader::Ucr(names) => ucr::load(path, &names, config)?,
            Reader::Npy(file) => npy::load(&file, config)?,
            Reader::ManyArrays(count) => {
                return Err(DataError::series(
                    path.display(),
                    format!(
                        "expected one array of windows (x.npy or an .npz archive), found {count}; give one of them as \
                         --data"
                    ),
                ));
            }
            Reader::Table(table) => symbols::load_table(path, table)?,
            Reader::Fasta(names) => symbols::load_fasta(path, &names)?,
            Reader::Text(names) => {
                symbols::load_text(path, &names, config.symbols.unwrap_or_default())?
            }
            Reader::Sound(names) => sound::load(path, &names, config, front)?,
            Reader::Cifar(names) => cifar::load(path, &names)?,
            Reader::Files(names) => files::load(path, &names, config)?,
        },
    };
    if !config.test_subjects.is_empty() {
        dataset.hold_out(&config.test_subjects)?;
    }
    if let Some(most) = config.most {
        dataset.thin(most);
    }
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
    fn patterns_are_refused_where_names_of_files_say_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let said = |file: &str, content: &str, config: DataConfig| {
            let path = folder.path().join(file);
            std::fs::write(&path, content).unwrap();
            let path = Some(path);
            load(&DataConfig { path, ..config })
                .unwrap_err()
                .to_string()
        };
        let pattern = || DataConfig {
            pattern: Some("{label}_{index}".into()),
            ..DataConfig::default()
        };
        let test = || DataConfig {
            test: Some("0-4".into()),
            ..DataConfig::default()
        };
        let series = said("a_TRAIN.tsv", "1\t0.5\t0.25\n", pattern());
        assert!(
            series.contains("--pattern") && series.contains("_TEST"),
            "{series}"
        );
        let text = said("a.txt", "to be", test());
        assert!(
            text.contains("--test") && text.contains("symbols"),
            "{text}"
        );
        let shipped = load(&pattern()).unwrap_err().to_string();
        assert!(shipped.contains("smartwatch"), "{shipped}");
    }

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
