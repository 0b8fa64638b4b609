//! What was found in the data, for people and for `--json`.

use super::{Dataset, Motion, Recording, Windows, symbols};
use serde::Serialize;

/// Everything worth checking before hours of training.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Description {
    /// Name of the data set.
    pub name: String,
    /// Rows and columns of each picture, where the data are pictures.
    pub picture: Option<[u16; 2]>,
    /// Names of the symbols, the blank first, where the data are symbols.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vocabulary: Vec<String>,
    /// Samples a second; 0 where there is no time.
    pub rate_hz: f64,
    /// Channel names.
    pub channels: Vec<String>,
    /// Channels that turn together: their names and what they measure.
    pub triads: Vec<([String; 3], Motion)>,
    /// Number of recordings.
    pub recordings: usize,
    /// Samples in all recordings.
    pub samples: usize,
    /// Length of the shortest, the median and the longest recording in samples.
    pub lengths: [usize; 3],
    /// What each label has; empty without labels.
    pub labels: Vec<Count>,
    /// Recordings without a label.
    pub unlabelled: usize,
    /// What each subject has; empty without subjects.
    pub subjects: Vec<Count>,
    /// Window length in samples.
    pub window: usize,
    /// Samples between windows.
    pub hop: usize,
    /// Number of windows.
    pub windows: usize,
    /// Names of the recordings that are too short for a window.
    pub skipped: Vec<String>,
    /// What deserves attention.
    pub notes: Vec<String>,
}

/// How much there is of one label or subject.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Count {
    /// Its name.
    pub name: String,
    /// Recordings that have it.
    pub recordings: usize,
    /// Windows that have it.
    pub windows: usize,
}

impl Description {
    /// Looks at a data set and its windows.
    pub fn new(dataset: &Dataset, windows: &Windows) -> Self {
        let mut lengths: Vec<usize> = (0..dataset.recordings.len())
            .map(|r| dataset.len_of(r))
            .collect();
        lengths.sort_unstable();
        let at = |i: usize| lengths.get(i).copied().unwrap_or(0);
        let mut description = Self {
            name: dataset.name.clone(),
            picture: dataset.picture,
            vocabulary: dataset.vocabulary.clone(),
            rate_hz: dataset.rate_hz,
            channels: dataset.channels.clone(),
            triads: dataset
                .triads
                .iter()
                .map(|t| (t.channels.map(|c| dataset.channels[c].clone()), t.motion))
                .collect(),
            recordings: lengths.len(),
            samples: lengths.iter().sum(),
            lengths: [
                at(0),
                at(lengths.len() / 2),
                at(lengths.len().saturating_sub(1)),
            ],
            labels: count(&dataset.labels, dataset, windows, |r| r.label),
            unlabelled: dataset
                .recordings
                .iter()
                .filter(|r| r.label.is_none())
                .count(),
            subjects: count(&dataset.subjects, dataset, windows, |r| r.subject),
            window: windows.length,
            hop: windows.hop,
            windows: windows.list.len(),
            skipped: windows
                .skipped
                .iter()
                .map(|&r| dataset.recordings[r].name.clone())
                .collect(),
            notes: dataset.notes.clone(),
        };
        description.notes.extend(warnings(dataset, &description));
        description
    }

    /// Duration of all recordings in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples as f64 / self.rate_hz
    }

    /// A few lines of plain text.
    pub fn lines(&self) -> Vec<String> {
        let rate = self.rate_hz;
        if let Some([height, width]) = self.picture {
            return self.of_pictures(height, width);
        }
        if !self.vocabulary.is_empty() {
            return self.of_symbols();
        }
        let mut lines = vec![
            format!(
                "{}: {} of {} at {} Hz ({})",
                self.name,
                plural(self.recordings, "recording"),
                plural(self.channels.len(), "channel"),
                short(rate),
                duration(self.seconds()),
            ),
            format!("channels: {}", self.channels.join(", ")),
            format!(
                "length: {} to {}, median {}",
                duration(self.lengths[0] as f64 / rate),
                duration(self.lengths[2] as f64 / rate),
                duration(self.lengths[1] as f64 / rate),
            ),
            format!(
                "windows: {} of {} samples ({}), one every {} samples",
                self.windows,
                self.window,
                duration(self.window as f64 / rate),
                self.hop,
            ),
            self.line_of_labels("windows"),
            if self.subjects.is_empty() {
                "subjects: none named".into()
            } else {
                let names: Vec<String> = self.subjects.iter().map(|s| s.name.clone()).collect();
                format!("subjects: {} ({})", self.subjects.len(), some(&names))
            },
        ];
        if !self.triads.is_empty() {
            let each = self.triads.iter().map(|(names, motion)| {
                let what = match motion {
                    Motion::Arrow => "arrow",
                    Motion::Axial => "field",
                    Motion::Rate => "rate of turn",
                };
                format!("{} ({what})", names.join(" "))
            });
            let each: Vec<String> = each.collect();
            lines.insert(2, format!("turned together: {}", each.join(", ")));
        }
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines
    }
}

impl Description {
    fn of_pictures(&self, height: u16, width: u16) -> Vec<String> {
        let mut lines = vec![
            format!(
                "{}: {} of {height} x {width} pixels, {}",
                self.name,
                plural(self.recordings, "picture"),
                self.channels.join(", ")
            ),
            self.line_of_labels("pictures"),
        ];
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines
    }

    fn of_symbols(&self) -> Vec<String> {
        let [shortest, median, longest] = self.lengths;
        let mut lines = vec![
            format!(
                "{}: {} of {} different symbols",
                self.name,
                plural(self.recordings, "sequence"),
                self.vocabulary.len() - 1
            ),
            format!("vocabulary: {}", symbols::shown(&self.vocabulary)),
            format!(
                "length: {shortest} to {longest} symbols, median {median}, {} in all",
                self.samples
            ),
            format!(
                "windows: {} of {} symbols, one every {} symbols",
                self.windows, self.window, self.hop
            ),
            self.line_of_labels("windows"),
        ];
        if !self.subjects.is_empty() {
            let names: Vec<String> = self.subjects.iter().map(|s| s.name.clone()).collect();
            lines.push(format!("subjects: {} ({})", names.len(), some(&names)));
        }
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines
    }

    fn line_of_labels(&self, what: &str) -> String {
        if self.labels.is_empty() {
            return "labels: none; the report has the label-free measures only".into();
        }
        let each = self.labels.iter();
        let each: Vec<String> = each.map(|l| format!("{} {}", l.name, l.windows)).collect();
        format!("labels: {} ({what}: {})", self.labels.len(), some(&each))
    }
}

/// Tallies recordings and windows by the name that `of` gives them.
fn count(
    names: &[String],
    dataset: &Dataset,
    windows: &Windows,
    of: impl Fn(&Recording) -> Option<usize>,
) -> Vec<Count> {
    let mut counts: Vec<Count> = names
        .iter()
        .map(|name| Count {
            name: name.clone(),
            recordings: 0,
            windows: 0,
        })
        .collect();
    for recording in &dataset.recordings {
        if let Some(count) = of(recording).and_then(|name| counts.get_mut(name)) {
            count.recordings += 1;
        }
    }
    for window in &windows.list {
        let name = of(&dataset.recordings[window.recording]);
        if let Some(count) = name.and_then(|name| counts.get_mut(name)) {
            count.windows += 1;
        }
    }
    counts
}

/// What may spoil an experiment.
fn warnings(dataset: &Dataset, found: &Description) -> Vec<String> {
    let mut notes = Vec::new();
    if !found.skipped.is_empty() {
        notes.push(format!(
            "{} shorter than a window and left out: {}",
            if found.skipped.len() == 1 {
                "1 recording is".into()
            } else {
                format!("{} recordings are", found.skipped.len())
            },
            some(&found.skipped),
        ));
    }
    if found.labels.len() == 1 {
        notes.push(format!(
            "there is one label only ({}); nothing can be told apart",
            found.labels[0].name
        ));
    }
    if found.unlabelled > 0 && !found.labels.is_empty() {
        notes.push(format!(
            "{} without a label: used for training, not for evaluation",
            plural(found.unlabelled, "recording")
        ));
    }
    let (most, least) = (
        found.labels.iter().map(|l| l.windows).max().unwrap_or(0),
        found.labels.iter().map(|l| l.windows).min().unwrap_or(0),
    );
    if most > 10 * least && found.labels.len() > 1 {
        notes.push(format!("the largest label has {most} windows, the smallest {least}: accuracy favours the large ones"));
    }
    if found.subjects.len() > 1 {
        let alone = found.labels.iter().enumerate().filter(|(label, _)| {
            let mut who = dataset
                .recordings
                .iter()
                .filter(|r| r.label == Some(*label))
                .map(|r| r.subject);
            let first = who.next();
            who.all(|s| Some(s) == first)
        });
        let names: Vec<String> = alone.map(|(_, l)| l.name.clone()).collect();
        if !names.is_empty() {
            notes.push(format!(
                "recorded by one subject only: {}; held-out subjects cannot test it",
                some(&names)
            ));
        }
    }
    for (channel, name) in dataset.channels.iter().enumerate() {
        let mut values = dataset
            .recordings
            .iter()
            .flat_map(|r| r.samples.iter().skip(channel).step_by(dataset.width()));
        let first = values.next();
        if values.all(|v| Some(v) == first) {
            notes.push(format!("channel {name} never changes"));
        }
    }
    notes
}

/// "1 recording", "2 recordings".
fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The first ten names.
fn some(names: &[String]) -> String {
    match names.get(10..) {
        Some(rest) if !rest.is_empty() => {
            format!("{} and {} more", names[..10].join(", "), rest.len())
        }
        _ => names.join(", "),
    }
}

/// A number without needless zeros.
fn short(value: f64) -> String {
    format!("{}", (value * 1000.0).round() / 1000.0)
}

/// Seconds, minutes or hours.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::watch25;

    #[test]
    fn the_shipped_data_in_plain_words() {
        let data = watch25::load().unwrap();
        let windows = Windows::cut(&data, 128, 64).unwrap();
        let description = Description::new(&data, &windows);
        let text = description.lines().join("\n");
        for part in [
            "140 recordings of 6 channels at 25 Hz (81 min)",
            "5.1 s",
            "labels: 7 (windows: PEN",
            "turned together: ax ay az (arrow), wx wy wz (rate of turn)",
            "subjects: 10 (1, 2",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(description.notes.is_empty(), "{text}");
        assert_eq!(
            description.labels.iter().map(|l| l.windows).sum::<usize>(),
            description.windows
        );
        assert!(
            serde_json::to_string(&description)
                .unwrap()
                .contains("\"rate_hz\":25.0")
        );
    }

    #[test]
    fn doubtful_data_are_remarked_upon() {
        let mut data = Dataset::new("mine", 10.0, vec!["a".into(), "b".into()]);
        data.labels = vec!["walk".into(), "run".into()];
        data.subjects = vec!["u".into(), "v".into()];
        let mut add = |name: &str, label, subject, length: usize| {
            data.recordings.push(Recording {
                name: name.into(),
                subject,
                label,
                samples: (0..length).flat_map(|i| [i as f32, 7.0]).collect(),
            });
        };
        add("long", Some(0), Some(0), 500);
        add("other", Some(0), Some(1), 500);
        add("brief", Some(1), Some(1), 20);
        add("tiny", None, None, 5);
        let windows = Windows::cut(&data, 20, 5).unwrap();
        let notes = Description::new(&data, &windows).notes.join("\n");
        for part in [
            "1 recording is shorter than a window and left out: tiny",
            "1 recording without a label",
            "largest label has 194 windows, the smallest 1",
            "one subject only: run",
            "channel b never changes",
        ] {
            assert!(notes.contains(part), "{notes}");
        }
    }

    #[test]
    fn no_labels_and_one_label_are_said() {
        let mut data = Dataset::new("mine", 10.0, vec!["a".into()]);
        data.recordings.push(Recording {
            name: "r".into(),
            subject: None,
            label: None,
            samples: vec![1.0, 2.0, 3.0],
        });
        let windows = Windows::cut(&data, 2, 1).unwrap();
        assert!(
            Description::new(&data, &windows)
                .lines()
                .iter()
                .any(|l| l.contains("labels: none"))
        );
        data.labels = vec!["only".into()];
        data.recordings[0].label = Some(0);
        let notes = Description::new(&data, &windows).notes;
        assert!(
            notes.iter().any(|n| n.contains("one label only (only)")),
            "{notes:?}"
        );
    }
}
