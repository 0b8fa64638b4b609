//! One data set, cut, split and normalised: what training and evaluation of one fold both start from.

use super::PipelineError;
use crate::data::dataset::hex;
use crate::data::join::{self, keep_long};
use crate::data::modality::divide;
use crate::data::sound::SoundConfig;
use crate::data::window::{Window, gather};
use crate::data::{
    self, Dataset, Description, Folds, Kind, Normaliser, Pairing, SplitBy, TeacherEmbeddings,
    Windows,
};
use crate::eval::{
    Embeddings, EvalError, Facts, HandFeatures, NGrams, SoundFeatures, Split, Thumbnails, Whitening,
};
use crate::objective::ObjectiveConfig;
use crate::run::{EncoderConfig, RunConfig};
use crate::view::{Starts, ViewSource};
use mote_core::shape::Shape;
use sha2::{Digest, Sha256};
use std::sync::{Arc, OnceLock};

/// Training windows that are viewed for the alignment.
const VIEWED: usize = 1024;

/// A fold of a data set, ready to train and to judge.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The recordings.
    pub dataset: Dataset,
    /// Windows on the hops, of all recordings.
    pub windows: Windows,
    /// Their normalised samples, `B * T * C`.
    pub values: Vec<f32>,
    /// Their hand features, unscaled.
    pub hand_features: Embeddings,
    /// Mean and deviation of the channels of the training recordings.
    pub normaliser: Normaliser,
    /// Recordings to learn from, by index.
    pub train: Vec<usize>,
    /// Which windows train and which test.
    pub split: Split,
    /// What was held out together.
    pub split_by: SplitBy,
    /// Folds that the data allow.
    pub folds: usize,
    /// The other modality, where the objective pairs two: the same windows as another sensor saw them, or windows of
    /// another data set, of which recording `i` is the same event.
    pub other: Option<Box<Experiment>>,
    /// How windows belong to those of another data set, where that is the other modality.
    pub pairing: Option<Pairing>,
    /// What the teacher says of each window, where the objective reads that from a file.
    pub teacher: Option<Arc<TeacherEmbeddings>>,
    /// A caveat about the split, if there is one.
    pub note: Option<&'static str>,
    /// See [`Self::sha256`].
    digest: OnceLock<String>,
}

/// What an engineer would measure of windows of `length` samples of motion, another series, or sound, or of pictures. Raw
/// sound is heard as log-mel frames for it.
pub(super) fn measure(
    dataset: &Dataset,
    length: usize,
) -> impl Fn(&[f32]) -> Result<Embeddings, EvalError> + use<> {
    let (heard, width) = (dataset.front.is_some(), dataset.width());
    let picture = dataset.picture.map(|side| side.map(usize::from));
    let ear = (dataset.kind == Kind::Sound && !heard)
        .then(|| {
            SoundConfig::default()
                .front(dataset.rate_hz.round() as u32)
                .ok()
        })
        .flatten();
    move |windows| match (picture, heard) {
        (Some([rows, columns]), _) => Thumbnails {
            height: rows,
            width: columns,
            channels: width,
        }
        .compute(windows),
        (None, true) => SoundFeatures {
            frames: length,
            bands: width,
        }
        .compute(windows),
        (None, false) => match ear.and_then(|ear| Some((ear, ear.hear(windows, length)?))) {
            Some((ear, (frames, count))) => SoundFeatures {
                frames: count,
                bands: ear.bands.into(),
            }
            .compute(&frames),
            None => HandFeatures {
                samples: length,
                channels: width,
            }
            .compute(windows),
        },
    }
}

impl Experiment {
    /// Cuts, splits and normalises `dataset` as `config` says.
    ///
    /// # Errors
    /// If windows are longer than the recordings, or nothing can be held out.
    pub fn new(mut dataset: Dataset, config: &RunConfig) -> Result<Self, PipelineError> {
        let paired = config.objective.paired();
        if paired.is_some() {
            let suits = config.objective.suits(dataset.kind);
            suits.map_err(PipelineError::Config)?;
        }
        let with = paired.and_then(|paired| paired.with.as_deref());
        let path = config.data.path.as_deref();
        let read = |with| join::read(&mut dataset, path, with);
        let mut second = with.map(read).transpose()?;
        let (length, hop) = dataset.cut(config.window.length, config.window.hop);
        dataset.fill(length);
        let mut second_cut = (length, hop);
        if let Some(second) = &mut second {
            let own = config.partner(second.kind);
            let own = own.map_err(PipelineError::Config)?.window;
            second_cut = second.cut(own.length, own.hop);
            second.fill(second_cut.0);
            keep_long(&mut dataset, second, second_cut.0)?;
        }
        let (mut dataset, folds) = Folds::new(dataset, config.split.folds, length)?;
        if config.split.fold >= folds.count {
            return Err(PipelineError::Config(format!(
                "split.fold: expected less than {}, the number of folds that the data allow, found {}",
                folds.count, config.split.fold
            )));
        }
        if let (Some(second), SplitBy::Time) = (&second, folds.by) {
            return Err(PipelineError::Config(format!(
                "split: expected people or whole recordings to hold out, at least two recordings of each label, since \
                 pieces of recordings have no partners in {}, found {} recordings with a label that has one only; record \
                 more, or name people with --pattern '{{subject}}_{{rest}}'",
                second.name,
                dataset.recordings.len()
            )));
        }
        let windows = Windows::cut(&dataset, length, hop)?;
        let parts = folds.split(config.split.fold);
        let mut pairing = None;
        let other = match (paired, second) {
            (None, _) => None,
            (Some(_), Some(second)) => {
                let theirs = Windows::cut(&second, second_cut.0, second_cut.1)?;
                let lengths = [length, theirs.length];
                pairing = Some(Pairing::new(&dataset, &second, lengths));
                Some(Self::of(second, theirs, &folds, parts.clone())?)
            }
            (Some(paired), None) => {
                if !paired.partner.is_usual() {
                    return Err(PipelineError::Config(
                        "objective.partner: expected the data set of the second encoder beside it, objective.with or \
                         --pair-with DIR, found none; two sensors of the same recordings share one recipe"
                            .into(),
                    ));
                }
                let other = divide(&mut dataset, &paired.channels)?;
                Some(Self::of(other, windows.clone(), &folds, parts.clone())?)
            }
        };
        let teacher = config.objective.distillation();
        let teacher = teacher.and_then(|distillation| distillation.teacher.as_deref());
        let read = |path| TeacherEmbeddings::read(path, &dataset, &windows, &parts.train);
        let teacher = teacher.map(read).transpose()?.map(Arc::new);
        let mut experiment = Self {
            other: other.map(Box::new),
            pairing,
            teacher,
            ..Self::of(dataset, windows, &folds, parts)?
        };
        experiment.note_following(&config.objective);
        experiment.note_mirror(config);
        if let Some(other) = &mut experiment.other {
            let own = config.partner(other.dataset.kind);
            other.note_mirror(&own.map_err(PipelineError::Config)?);
        }
        Ok(experiment)
    }

    /// Recordings to learn from that go on after a window.
    fn long(&self) -> usize {
        let goes_on = |&&r: &&usize| self.dataset.len_of(r) > self.windows.length;
        self.train.iter().filter(goes_on).count()
    }

    /// Whether there is something that `objective` can ask about, where it asks what comes after a window.
    ///
    /// # Errors
    /// If no recording to learn from goes on after one.
    pub fn goes_on_for(&self, objective: &ObjectiveConfig) -> Result<(), PipelineError> {
        let Some(name) = objective.asks_what_follows().filter(|_| self.long() == 0) else {
            return Ok(());
        };
        let length = self.windows.length;
        let cut = self.dataset.whole.is_some() || self.dataset.given_cut.is_some();
        let advice = if cut {
            "choose another objective".into()
        } else {
            let shorter = length.div_ceil(2);
            format!("choose a shorter one, --window {shorter}, or another objective")
        };
        Err(PipelineError::Config(format!(
            "objective: {name} asks what comes after a window, but no recording to learn from in {} is longer than a \
             window of {length} samples; {advice}",
            self.dataset.name
        )))
    }

    /// Says where little comes after a window, if `objective` asks about that.
    fn note_following(&mut self, objective: &ObjectiveConfig) {
        let suits = objective.suits(self.dataset.kind).is_ok();
        let asks = objective.asks_what_follows().filter(|_| suits);
        let (long, all, length) = (self.long(), self.train.len(), self.windows.length);
        if let Some(name) = asks.filter(|_| long > 0 && 2 * long < all) {
            self.dataset.notes.push(format!(
                "{long} of {all} recordings to learn from go on after a window of {length} samples, which {name} asks \
                 about; a shorter --window leaves it more"
            ));
        }
    }

    /// Says where the views are not mirrored although `config` asks for it.
    fn note_mirror(&mut self, config: &RunConfig) {
        let (mirror, dataset) = (&config.views.mirror, &mut self.dataset);
        let held = mirror.held_by_gravity(&dataset.triads, &self.normaliser);
        if let Some(channel) = held.filter(|_| mirror.probability > 0.0) {
            dataset.notes.push(format!(
                "no view is mirrored: gravity lies along {}, so left and right do not; views.mirror.axis can name \
                 another axis",
                dataset.channels[channel]
            ));
        }
    }

    /// The fold that holds out `parts.test`, with nothing beside.
    fn of(
        dataset: Dataset,
        windows: Windows,
        folds: &Folds,
        parts: data::Split,
    ) -> Result<Self, PipelineError> {
        let length = windows.length;
        let normaliser = Normaliser::fit(&dataset, &parts.train);
        let values = gather(&dataset, &windows.list, length, &normaliser);
        let is_test: Vec<bool> = windows
            .list
            .iter()
            .map(|w| parts.test.binary_search(&w.recording).is_ok())
            .collect();
        let hand_features = if dataset.kind == Kind::Symbols {
            let training = gather(&dataset, &windows.of(&parts.train), length, &normaliser);
            NGrams::fit(&training, length).compute(&values)?
        } else {
            measure(&dataset, length)(&values)?
        };
        Ok(Self {
            other: None,
            pairing: None,
            teacher: None,
            hand_features,
            split: Split::new(Facts::of(&dataset, &windows.list), &is_test)?,
            split_by: folds.by,
            folds: folds.count,
            note: folds.note(),
            train: parts.train,
            dataset,
            windows,
            values,
            normaliser,
            digest: OnceLock::new(),
        })
    }

    /// SHA-256 of the data, together with the other modality and the teacher's file if there are such, computed when
    /// first asked for; see [`Dataset::sha256`].
    pub fn sha256(&self) -> &str {
        self.digest.get_or_init(|| {
            let data = self.dataset.sha256();
            let other = self.other.as_ref().map(|other| other.sha256());
            let teacher = self.teacher.as_ref().map(|t| t.sha256.as_str());
            match (other, teacher) {
                (None, None) => data,
                further => {
                    let all = data + further.0.unwrap_or("") + further.1.unwrap_or("");
                    hex(&Sha256::digest(all))
                }
            }
        })
    }

    /// Views of the training windows, as `config` draws and alters them. A teacher that knows the windows on the hops
    /// only is asked for no others.
    ///
    /// # Errors
    /// If a number of the views is out of its range.
    pub fn view_source(&self, config: &RunConfig) -> Result<ViewSource<'_>, PipelineError> {
        let by_rows = self
            .teacher
            .as_ref()
            .is_some_and(|teacher| teacher.per_window);
        let starts = if by_rows {
            Starts::Grid
        } else {
            config.window.starts
        };
        Ok(ViewSource::new(
            &self.dataset,
            &self.train,
            &self.windows,
            self.normaliser.clone(),
            &config.views,
            starts,
            config.seed,
        )?)
    }

    /// Two views of each of at most 1,024 training windows that no step of training has drawn.
    ///
    /// # Errors
    /// If a number of the views is out of its range.
    pub fn views(&self, config: &RunConfig) -> Result<[Vec<f32>; 2], PipelineError> {
        let mut source = self.view_source(config)?;
        let mut groups = vec![0; source.windows().min(VIEWED)];
        let mut views = [(); 2].map(|()| vec![0.0; groups.len() * source.view_len()]);
        let [a, b] = &mut views;
        source.fill(u64::MAX, 0, a, b, &mut groups);
        Ok(views)
    }

    /// What either encoder takes, in words, where the objective pairs two.
    pub fn modalities(&self) -> Option<[String; 2]> {
        let both = [&self.dataset, &self.other.as_deref()?.dataset];
        Some(both.map(|data| match self.pairing {
            None => data.channels.join(" "),
            Some(_) => format!("{} of {}", data.kind.name(), data.name),
        }))
    }

    /// Where the partner of `window` lies in the other data; without a place of its own, amid its recording.
    pub fn partner(&self, window: &Window) -> Window {
        let (recording, start) = (window.recording, window.start);
        let amid = |places: usize| places / 2;
        let place = |pairing: &Pairing| pairing.start(recording, start, amid);
        Window {
            start: self.pairing.as_ref().map_or(start, place),
            ..*window
        }
    }

    /// What was found in the data.
    pub fn describe(&self) -> Description {
        Description::new(&self.dataset, &self.windows)
    }

    /// The whitening that `encoder` asks for and that suits how many windows the recordings hold, if it asks for one.
    pub fn whitening(&self, encoder: &EncoderConfig) -> Option<Whitening> {
        let (share, clusters) = (encoder.whitening, encoder.clusters);
        let recordings = &self.split.facts().recordings;
        (share > 0.0).then(|| Whitening::suited(recordings, share, clusters))
    }

    /// Steps of a training on this fold.
    pub fn steps(&self, config: &RunConfig) -> u64 {
        config.schedule.steps_over(self.split.pool_rows().len()) as u64
    }

    /// Rows, columns and channels of a window where patches of it are hidden: a spectrogram has rows of time and columns of
    /// bands, whatever its encoder makes of it.
    pub fn patched(&self, input: Shape) -> Shape {
        let sides = [self.windows.length, self.dataset.width()].map(u16::try_from);
        match (self.dataset.front, sides) {
            (Some(_), [Ok(frames), Ok(bands)]) => Shape::new(frames, bands, 1),
            _ => input,
        }
    }

    /// Values of one window, `T * C`.
    pub fn window_len(&self) -> usize {
        self.windows.length * self.dataset.width()
    }

    /// Samples of all windows in their own units, `B * T * C`.
    pub fn samples(&self) -> Vec<f32> {
        let as_they_are = Normaliser::identity(self.dataset.width());
        let Windows { list, length, .. } = &self.windows;
        gather(&self.dataset, list, *length, &as_they_are)
    }

    /// Samples of the training windows on the hops, `B * T * C`: for calibration and whitening.
    pub fn training_values(&self) -> Vec<f32> {
        let len = self.window_len();
        let rows = self.split.pool_rows().iter();
        rows.flat_map(|&row| &self.values[row * len..(row + 1) * len])
            .copied()
            .collect()
    }

    /// Whether the training recordings name at least two labels.
    pub fn has_labels(&self) -> bool {
        let mut labels = self
            .train
            .iter()
            .filter_map(|&r| self.dataset.recordings[r].label);
        let first = labels.next();
        first.is_some() && labels.any(|label| Some(label) != first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Recording;

    /// Log-mel frames of 20 bands: recordings of these numbers of frames.
    fn sound(frames: &[usize]) -> Dataset {
        let names = (0..20).map(|band| format!("band {band}")).collect();
        let mut data = Dataset::new("tones", 50.0, names);
        data.kind = Kind::Sound;
        data.front = SoundConfig::default().front(8000).ok();
        let recordings = frames.iter().enumerate().map(|(at, frames)| Recording {
            name: format!("{at}.wav"),
            subject: None,
            label: None,
            samples: (0..frames * 20).map(|i| (i * 7 % 31) as f32).collect(),
        });
        data.recordings = recordings.collect();
        data
    }

    fn experiment(frames: &[usize], objective: &str) -> Experiment {
        let mut config = RunConfig::default();
        (config.window.length, config.window.hop) = (10, 5);
        config.objective = ObjectiveConfig::named(objective).unwrap();
        Experiment::new(sound(frames), &config).unwrap()
    }

    #[test]
    fn patches_of_a_spectrogram_have_bands() {
        let sequence = Shape::sequence(10, 20);
        let heard = experiment(&[10; 8], "masked");
        assert_eq!(heard.patched(sequence), Shape::new(10, 20, 1));
        let mut series = heard;
        series.dataset.front = None;
        assert_eq!(series.patched(sequence), sequence);
    }

    #[test]
    fn what_asks_for_what_comes_next_needs_recordings_that_go_on() {
        let cpc = ObjectiveConfig::named("cpc").unwrap();
        let none = experiment(&[10; 10], "cpc");
        let message = none.goes_on_for(&cpc).unwrap_err().to_string();
        assert!(message.contains("--window 5"), "{message}");
        assert!(none.goes_on_for(&ObjectiveConfig::default()).is_ok());
        let few = experiment(&[10, 10, 10, 40, 10, 10, 10, 40, 10, 10], "cpc");
        assert!(few.goes_on_for(&cpc).is_ok());
        let said = |e: &Experiment| e.dataset.notes.iter().any(|n| n.contains("cpc asks about"));
        assert!(said(&few) && !said(&none));
        assert!(!said(&experiment(&[40; 10], "cpc")));
    }
}
