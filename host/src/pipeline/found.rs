//! How often two encoders of paired modalities find the right partner among windows that neither has seen.

use super::Experiment;
use crate::data::window::{Window, gather};
use crate::objective::matrix::{times_transposed, to_unit_rows};
use crate::report::Table;
use crate::train::pretrain::Pretraining;
use crate::train::{Mode, Network};

/// Held-out windows that are looked at; more are thinned out evenly.
const MOST_WINDOWS: usize = 512;
/// Windows that go through an encoder at once.
const ROWS: usize = 64;

/// Recall at 1 on held-out pairs: how often the nearest projection of the other modality is the partner's, or that of a
/// window which means the same: of the same recording, or of one that is identical to either encoder.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Found {
    /// Pairs that were asked about; among as many the partner is to be found.
    pub pairs: usize,
    /// Share of the first modality's windows that find theirs, then of the second's.
    pub right: [f32; 2],
    /// Share that would by chance.
    pub chance: f32,
}

impl Found {
    /// Asks the projections of the held-out windows of `experiment`; `None` where `training` pairs nothing.
    pub(super) fn held_out(training: &mut Pretraining, experiment: &Experiment) -> Option<Self> {
        let other = experiment.other.as_deref()?;
        let heads = &mut training.heads;
        let head = heads.iter_mut().find(|head| head.partner.is_some())?;
        let partner = head.partner.as_mut()?;
        let pool = experiment.split.pool_rows();
        let list = experiment.windows.list.iter().enumerate();
        let held_out = list.filter(|(row, _)| pool.binary_search(row).is_err());
        let held_out: Vec<&Window> = held_out.map(|(_, window)| window).collect();
        let stride = held_out.len().div_ceil(MOST_WINDOWS).max(1);
        let first: Vec<Window> = held_out.into_iter().step_by(stride).copied().collect();
        let second: Vec<Window> = first.iter().map(|w| experiment.partner(w)).collect();
        let values = |experiment: &Experiment, windows: &[Window]| {
            let length = experiment.windows.length;
            gather(&experiment.dataset, windows, length, &experiment.normaliser)
        };
        let projections = [
            project(
                &mut training.encoder,
                head.network.as_mut(),
                &values(experiment, &first),
            ),
            project(
                &mut partner.encoder,
                partner.head.as_mut(),
                &values(other, &second),
            ),
        ];
        let families = first.iter().map(|window| {
            let own = window.recording as u32;
            let known = experiment.pairing.as_ref();
            known.map_or(own, |pairing| pairing.families[window.recording])
        });
        Some(Self::new(&projections, &families.collect::<Vec<_>>()))
    }

    /// Of `projections` of the same windows, one row for each of `families`.
    fn new([first, second]: &[Vec<f32>; 2], families: &[u32]) -> Self {
        let pairs = families.len();
        // Nothing is held out, then, and no product is taken.
        let width = (first.len() / pairs.max(1)).max(1);
        let [first, second] = [first, second].map(|rows| {
            let mut rows = rows.clone();
            to_unit_rows(&mut rows, width);
            rows
        });
        let share = |count: usize| count as f32 / pairs.max(1) as f32;
        let finds = |own: &[f32], others: &[f32]| {
            let mut alike = vec![0.0; pairs * pairs];
            times_transposed(own, others, width, &mut alike);
            let rows = alike.chunks_exact(pairs.max(1)).zip(families);
            let right = rows.filter(|(alike, family)| {
                let nearest = (1..pairs).fold(
                    0,
                    |best, at| {
                        if alike[at] > alike[best] { at } else { best }
                    },
                );
                families[nearest] == **family
            });
            share(right.count())
        };
        let same = |family: &u32| families.iter().filter(|other| *other == family).count();
        Self {
            pairs,
            right: [finds(&first, &second), finds(&second, &first)],
            chance: families.iter().map(same).sum::<usize>() as f32 / (pairs * pairs).max(1) as f32,
        }
    }

    /// For the report; `names` are those of the modalities.
    pub fn table(&self, names: &[String; 2]) -> Table {
        let percent = |share: f32| format!("{:.1}", 100.0 * share);
        let row = |[own, other]: [&String; 2], right: f32| {
            vec![
                format!("{own} -> {other}"),
                percent(right),
                percent(self.chance),
            ]
        };
        let [one, other] = names;
        Table {
            caption: format!(
                "Held-out pairs, % that find their partner first among {}, or one that means the same",
                self.pairs
            ),
            header: vec![
                "asked -> found".into(),
                "recall at 1".into(),
                "chance".into(),
            ],
            rows: vec![
                row([one, other], self.right[0]),
                row([other, one], self.right[1]),
            ],
        }
    }
}

/// Projections of `values` as in evaluation, batch norm at rest.
fn project(encoder: &mut Network, mut head: Option<&mut Network>, values: &[f32]) -> Vec<f32> {
    let mut all = Vec::new();
    for values in values.chunks(ROWS * encoder.input_len()) {
        let embeddings = encoder.forward(values, Mode::Eval);
        all.extend_from_slice(match &mut head {
            Some(head) => head.forward(embeddings, Mode::Eval),
            None => embeddings,
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_are_found_by_direction_and_either_way() {
        let first = vec![1.0, 0.0, 0.0, 1.0, -1.0, 0.0];
        let second = vec![9.0, 1.0, 0.1, 0.2, 3.0, 3.5];
        let found = Found::new(&[first.clone(), second.clone()], &[0, 1, 2]);
        assert_eq!((found.pairs, found.chance), (3, 1.0 / 3.0));
        // To the third of the first all are far, the second least; the third of the second is nearest to the second.
        assert_eq!(found.right, [2.0 / 3.0, 2.0 / 3.0]);
        let found = Found::new(&[first, second], &[0, 1, 1]);
        assert_eq!((found.right, found.chance), ([1.0, 1.0], 5.0 / 9.0));
    }

    #[test]
    fn nothing_held_out_finds_nothing() {
        let found = Found::new(&[Vec::new(), Vec::new()], &[]);
        assert_eq!((found.pairs, found.right), (0, [0.0, 0.0]));
    }
}
