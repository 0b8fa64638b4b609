//! Two modalities: what one sensor saw and what another saw at the same time, or a picture and what is said of it, shall
//! be recognised as a pair.
//!
//! Radford et al., *Learning Transferable Visual Models From Natural Language Supervision*, 2021 (CLIP), after Zhang et
//! al., *Contrastive Learning of Medical Visual Representations from Paired Images and Text*, 2020 (ConVIRT). Two
//! encoders, one for each modality, each with a projector of its own. With unit projections `u_i` and `v_i` of window
//! `i` and temperature `t`:
//!
//! `s_ij = u_i v_j / t`
//! `loss = mean over i of [ (log sum over j of exp(s_ij) - s_ii) / 2 + (log sum over j of exp(s_ji) - s_ii) / 2 ]`
//!
//! Other windows of the same recording, and of others that mean the same, may be left out of both sums. With `p` the
//! softmax of the rows of `s` and `q` that of its columns, the gradient with respect to `s_ij` is
//! `(p_ij + q_ij - 2 [i = j]) / (2 n)`.

use super::config::Combined;
use super::matrix::{add_times, softmax_rows, through_unit_rows, times_transposed, to_unit_rows};
use super::task::{StepWindows, Task};
use super::{Batch, Objective, ObjectiveConfig, ObjectiveError, need};
use crate::data::{DataConfig, Pairing};
use crate::view::stream::below;
use crate::view::{Anchor, ViewSource, stream};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the streams of [`PairedTask`] are for; views have small numbers.
const PLACE: u64 = 1 << 32;

/// The settings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paired {
    /// Temperature, 0.01 to 100.
    pub temperature: f32,
    /// Whether other windows of the same recording are left out of the negatives. Of two data sets, those of recordings
    /// that are identical to one of them too: two pictures with the same caption are no negatives of one another.
    pub exclude_same_recording: bool,
    /// Channels of the second encoder; the first has the others. Without any, the last triad, such as a gyroscope's.
    pub channels: Vec<String>,
    /// Another data set, which the second encoder learns from, instead of channels of the same. Its files belong to those
    /// of the first by name; see [`join`](crate::data::join::join).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<Box<DataConfig>>,
    /// What the second encoder has otherwise than the recipe for its kind of data, where it has data of its own.
    #[serde(skip_serializing_if = "PartnerConfig::is_usual")]
    pub partner: PartnerConfig,
}

/// The second encoder of two data sets. What is left out is as in the recipe for its kind of data, or as in the first's
/// where that says nothing.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartnerConfig {
    /// A preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Factor on the preset's channels, 0.05 to 16; that of the first encoder when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f32>,
    /// Samples in a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// Samples between the starts of two windows in evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop: Option<usize>,
}

impl PartnerConfig {
    /// Whether it changes nothing.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl ObjectiveConfig {
    /// Pairs the data with those at `path`: in the term that pairs, if there is one, else as the only objective.
    pub fn pair_with(&mut self, path: &Path) {
        if self.paired().is_none() {
            *self = Self::Paired(Paired::default());
        }
        match self {
            Self::Paired(paired) => {
                paired.with.get_or_insert_default().path = Some(path.into());
            }
            Self::Combined(Combined { terms }) => {
                let mut terms = terms.iter_mut();
                if let Some(term) = terms.find(|term| term.objective.paired().is_some()) {
                    term.objective.pair_with(path);
                }
            }
            _ => {}
        }
    }
}

impl Default for Paired {
    fn default() -> Self {
        Self {
            temperature: 0.2,
            exclude_same_recording: true,
            channels: Vec::new(),
            with: None,
            partner: PartnerConfig::default(),
        }
    }
}

/// The loss. The first half of the rows are the first encoder's, the rest the second's, of the same windows.
#[derive(Clone, PartialEq, Debug)]
pub struct Clip {
    temperature: f32,
    exclude: bool,
    accuracy: Option<f64>,
}

impl Clip {
    /// With the settings of `config`.
    pub fn new(config: &Paired) -> Self {
        Self {
            temperature: config.temperature,
            exclude: config.exclude_same_recording,
            accuracy: None,
        }
    }
}

/// `n x n` values with rows and columns exchanged.
fn transposed(matrix: &[f32], n: usize) -> Vec<f32> {
    let column = |at: usize| matrix[at..].iter().step_by(n).copied();
    (0..n).flat_map(column).collect()
}

impl Objective for Clip {
    fn name(&self) -> &'static str {
        "paired"
    }

    fn against_collapse(&self) -> &'static str {
        "raise objective.temperature, or schedule.batch for more negatives, or lower schedule.learning_rate"
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        let n = batch.rows();
        let expected = 2 * n.max(2) * width;
        need("paired", "values of both encoders", expected, output.len())?;
        if !batch.families.is_empty() {
            need("paired", "families", n, batch.families.len())?;
        }
        let (mut first, mut second) = (output[..n * width].to_vec(), output[n * width..].to_vec());
        let [a, b] = [&mut first, &mut second].map(|rows| to_unit_rows(rows, width));
        let mut rows = vec![0.0; n * n];
        times_transposed(&first, &second, width, &mut rows);
        for (at, score) in rows.iter_mut().enumerate() {
            let (i, j) = (at / n, at % n);
            let alike = self.exclude
                && i != j
                && batch
                    .families
                    .get(i)
                    .is_some_and(|f| *f == batch.families[j]);
            *score = if alike {
                f32::NEG_INFINITY
            } else {
                *score / self.temperature
            };
        }
        let mut columns = transposed(&rows, n);
        let (loss, right) = softmax_rows(&mut rows, n, |row| row);
        let (other_loss, other_right) = softmax_rows(&mut columns, n, |row| row);
        let share = 0.5 / (n as f32 * self.temperature);
        let mut columns = transposed(&columns, n);
        for (at, (slope, other)) in columns.iter_mut().zip(&rows).enumerate() {
            let own = if at / n == at % n { 2.0 } else { 0.0 };
            *slope = share * (*slope + other - own);
        }
        gradient.fill(0.0);
        let (to_first, to_second) = gradient.split_at_mut(n * width);
        add_times(&columns, &second, width, to_first);
        add_times(&transposed(&columns, n), &first, width, to_second);
        through_unit_rows(to_first, &first, &a, width);
        through_unit_rows(to_second, &second, &b, width);
        self.accuracy = Some((right + other_right) as f64 / (2 * n) as f64);
        Ok((loss + other_loss) / (2 * n) as f64)
    }

    fn accuracy(&self) -> Option<f64> {
        self.accuracy
    }
}

/// Makes the rows: one view of each window for either encoder, each altered in its own way, so that nothing but what
/// the window shows tells them as a pair.
pub struct PairedTask<'a> {
    /// Windows of the second modality.
    pub other: ViewSource<'a>,
    /// Which of them belongs to which of two data sets; `None` for two sensors, whose windows are the same.
    pub pairing: Option<&'a Pairing>,
    /// Names all draws.
    pub seed: u64,
}

impl PairedTask<'_> {
    /// The partners of `anchors`, the windows of a batch.
    fn partners(&self, anchors: &[Anchor], epoch: u64, batch: usize) -> Vec<Anchor> {
        let Some(pairing) = self.pairing else {
            return anchors.to_vec();
        };
        let first = batch * anchors.len();
        let partner = |(at, anchor): (usize, &Anchor)| {
            let mut rng = stream([self.seed, epoch, (first + at) as u64, PLACE]);
            Anchor {
                recording: anchor.recording,
                start: pairing.start(anchor.recording, anchor.start, |places| {
                    below(&mut rng, places)
                }),
            }
        };
        anchors.iter().enumerate().map(partner).collect()
    }
}

impl Task for PairedTask<'_> {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        let anchors = windows.anchors().to_vec();
        let (epoch, number) = (windows.epoch, windows.batch);
        let count = anchors.len();
        let len = windows.source.view_len();
        batch.inputs.resize(count * len, 0.0);
        windows
            .source
            .views_at(&anchors, epoch, number, 0, &mut batch.inputs);
        batch.partner.resize(count * self.other.view_len(), 0.0);
        let partners = self.partners(&anchors, epoch, number);
        self.other
            .views_at(&partners, epoch, number, 1, &mut batch.partner);
        batch.groups.extend(0..count as u32);
        match self.pairing {
            None => batch.families.extend(windows.recordings()),
            Some(pairing) => {
                let family = |anchor: &Anchor| pairing.families.get(anchor.recording).copied();
                batch.families.extend(anchors.iter().filter_map(family));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Kind, Normaliser, Recording, Windows, watch25};
    use crate::train::random::SplitMix;
    use crate::view::{Starts, ViewConfig};

    fn batch(n: u32) -> Batch {
        Batch {
            groups: (0..n).collect(),
            families: (0..n).map(|row| row / 2).collect(),
            ..Batch::default()
        }
    }

    fn loss(z: &[f32], width: usize) -> (f64, Vec<f32>, Option<f64>) {
        let mut clip = Clip::new(&Paired::default());
        let mut gradient = vec![9.0; z.len()];
        let batch = batch((z.len() / width / 2) as u32);
        let loss = clip.evaluate(z, width, &batch, &mut gradient).unwrap();
        (loss, gradient, clip.accuracy())
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let mut random = SplitMix::new(2, 0);
        let z: Vec<f32> = (0..12 * 5).map(|_| random.normal()).collect();
        let gradient = loss(&z, 5).1;
        for at in 0..z.len() {
            let moved = |by: f32| {
                let mut z = z.clone();
                z[at] += by;
                loss(&z, 5).0
            };
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            let found = f64::from(gradient[at]);
            assert!((slope - found).abs() < 2e-3, "{at}: {slope} {found}");
        }
    }

    #[test]
    fn pairs_that_agree_are_found_and_one_recording_is_no_negative_of_itself() {
        let (n, width) = (4, 4);
        let eye: Vec<f32> = (0..n * width)
            .map(|at| f32::from(at / width == at % width))
            .collect();
        let (good, _, right) = loss(&[eye.clone(), eye.clone()].concat(), width);
        assert!(good < 0.02 && right == Some(1.0), "{good}");
        // Exchanged with a window of another recording, all are wrong; within a recording, nobody is asked.
        let mut turned = eye.clone();
        turned.rotate_left(2 * width);
        let (bad, _, right) = loss(&[eye.clone(), turned].concat(), width);
        assert!(bad > 4.0 && right == Some(0.0), "{bad}");
        let all: Vec<f32> = vec![1.0; 2 * n * width];
        let (even, _, _) = loss(&all, width);
        assert!((even - 3f64.ln()).abs() < 1e-6, "{even}");
    }

    /// A batch of 40 windows of the shipped recordings with their partners in a data set without time: even recordings
    /// count from 0, odd ones from 100.
    fn joined(epoch: u64) -> (Vec<Anchor>, Batch) {
        let first = watch25::load().unwrap();
        let mut second = Dataset::new("counts", 0.0, vec!["c".into()]);
        let count = |(at, recording): (usize, &Recording)| Recording {
            samples: (0..20).map(|t| (at % 2 * 100 + t) as f32).collect(),
            ..recording.clone()
        };
        second.recordings = first.recordings.iter().enumerate().map(count).collect();
        let pairing = Pairing::new(&first, &second, [128, 8]);
        let train: Vec<usize> = (0..30).collect();
        let source = |data, length| {
            let windows = Windows::cut(data, length, 64).unwrap();
            let normaliser = Normaliser::identity(data.width());
            let views = ViewConfig::none();
            ViewSource::new(
                data,
                &train,
                &windows,
                normaliser,
                &views,
                Starts::Random,
                7,
            )
            .unwrap()
        };
        let mut source_of_first = source(&first, 128);
        source_of_first.draw(epoch, 2, 40);
        let mut task = PairedTask {
            other: source(&second, 8),
            pairing: Some(&pairing),
            seed: 7,
        };
        let mut windows = StepWindows {
            source: &mut source_of_first,
            epoch,
            batch: 2,
        };
        let mut batch = Batch::default();
        task.fill(&mut windows, &mut batch);
        (windows.anchors().to_vec(), batch)
    }

    #[test]
    fn partners_of_two_data_sets_are_of_the_same_recording_and_drawn_anew_each_epoch() {
        let (anchors, batch) = joined(3);
        let mut starts = Vec::new();
        for ((anchor, row), family) in anchors
            .iter()
            .zip(batch.partner.chunks(8))
            .zip(&batch.families)
        {
            let odd = anchor.recording % 2;
            assert_eq!(*family as usize, odd);
            let start = row[0].round() as usize - 100 * odd;
            let expected = (start..).map(|t| (100 * odd + t) as f32);
            let close = row.iter().zip(expected).all(|(v, e)| (v - e).abs() < 1e-3);
            assert!(close && start <= 12, "{row:?}");
            starts.push(start);
        }
        let again = joined(3).1;
        assert_eq!(
            (again.partner, again.inputs),
            (batch.partner.clone(), batch.inputs)
        );
        assert_ne!(joined(4).1.partner, batch.partner);
        starts.sort_unstable();
        starts.dedup();
        assert!(starts.len() > 8, "{starts:?}");
    }

    #[test]
    fn a_flag_pairs_whatever_the_objective_was_and_keeps_what_a_file_says_of_pairs() {
        let mut objective = ObjectiveConfig::default();
        objective.pair_with(Path::new("words"));
        let with = |objective: &ObjectiveConfig| objective.paired()?.with.as_ref()?.path.clone();
        assert_eq!(with(&objective), Some("words".into()));
        let text = "name = \"combined\"\n[[terms]]\nname = \"vicreg\"\n[[terms]]\nname = \"paired\"\ntemperature = 0.1\n\
                    [terms.with]\npath = \"a\"\nrate_hz = 9";
        let mut objective: ObjectiveConfig = toml::from_str(text).unwrap();
        objective.pair_with(Path::new("b"));
        let paired = objective.paired().unwrap();
        assert_eq!(paired.temperature, 0.1);
        assert_eq!(paired.with.as_ref().unwrap().rate_hz, Some(9.0));
        assert_eq!(
            (with(&objective), objective.terms().len()),
            (Some("b".into()), 2)
        );
        assert_eq!(objective.check(), Ok(()));
        assert_eq!(objective.kinds(), Kind::ALL);

        let text = "name = \"paired\"\nchannels = [\"gx\"]\n[with]\npath = \"a\"";
        let both: ObjectiveConfig = toml::from_str(text).unwrap();
        let message = both.check().unwrap_err();
        assert!(
            message.contains("objective.channels: expected none") && message.contains("gx"),
            "{message}"
        );
    }

    #[test]
    fn a_missing_half_is_named() {
        let mut clip = Clip::new(&Paired::default());
        let error = clip.evaluate(&[1.0; 12], 3, &batch(4), &mut [0.0; 12]);
        let message = error.unwrap_err().to_string();
        assert!(
            message.contains("paired needs 24 values of both"),
            "{message}"
        );
    }
}
