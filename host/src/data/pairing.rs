//! Which moment of one data set belongs to which of another, and which events mean the same.

use super::Dataset;

/// How windows of two joined data sets belong together; recording `i` of either is the same event.
#[derive(Clone, PartialEq, Debug)]
pub struct Pairing {
    /// Samples in a window of either.
    lengths: [usize; 2],
    /// Samples a second of either; 0 where there is no time.
    rates: [f64; 2],
    /// In how many places of each recording of the second a window may begin.
    places: Vec<usize>,
    /// A number for each event. Those of the same number mean the same: to one of the data sets they are identical, as
    /// two pictures with the same caption are.
    pub families: Vec<u32>,
}

impl Pairing {
    /// Of windows of `lengths` samples.
    pub fn new(first: &Dataset, second: &Dataset, lengths: [usize; 2]) -> Self {
        let places = |r| (second.len_of(r) + 1).saturating_sub(lengths[1]);
        Self {
            lengths,
            rates: [first.rate_hz, second.rate_hz],
            places: (0..second.recordings.len()).map(places).collect(),
            families: families(first, second),
        }
    }

    /// Where in `recording` the partner begins of the window that begins at sample `start` of the first: where time runs
    /// in both, the middles of the two are at the same moment, so that the shorter shows what is amid the longer, as far
    /// as the recording goes; else anywhere, as `draw` chooses among that many places.
    pub fn start(
        &self,
        recording: usize,
        start: usize,
        draw: impl FnOnce(usize) -> usize,
    ) -> usize {
        let places = self.places.get(recording).copied().unwrap_or(0);
        let [own, other] = self.rates;
        if places < 2 {
            0
        } else if own > 0.0 && other > 0.0 {
            let [own_half, other_half] = self.lengths.map(|length| length as f64 / 2.0);
            let moment = (start as f64 + own_half) / own;
            // A cast of what is below zero is zero.
            ((moment * other - other_half).round() as usize).min(places - 1)
        } else {
            draw(places)
        }
    }
}

/// Joins events whose samples are equal in either data set, bit by bit.
fn families(first: &Dataset, second: &Dataset) -> Vec<u32> {
    let mut parents: Vec<usize> = (0..first.recordings.len()).collect();
    for data in [first, second] {
        let bits = |at: &usize| data.recordings[*at].samples.iter().map(|v| v.to_bits());
        let mut order: Vec<usize> = (0..data.recordings.len().min(parents.len())).collect();
        order.sort_by(|a, b| bits(a).cmp(bits(b)));
        for pair in order.windows(2) {
            if bits(&pair[0]).eq(bits(&pair[1])) {
                let [a, b] = [pair[0], pair[1]].map(|at| root(&parents, at));
                parents[a.max(b)] = a.min(b);
            }
        }
    }
    let all = 0..parents.len();
    all.map(|at| root(&parents, at) as u32).collect()
}

/// The first event of the family of `at`.
fn root(parents: &[usize], mut at: usize) -> usize {
    while parents[at] != at {
        at = parents[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Recording;

    fn data(rate_hz: f64, recordings: &[Vec<f32>]) -> Dataset {
        let mut data = Dataset::new("test", rate_hz, vec!["c".into()]);
        let recordings = recordings.iter().map(|samples| Recording {
            name: String::new(),
            subject: None,
            label: None,
            samples: samples.clone(),
        });
        data.recordings = recordings.collect();
        data
    }

    #[test]
    fn where_time_runs_the_middles_meet() {
        // 10 s at 20 Hz in windows of 2 s, with 8 s at 50 Hz in windows of 1 s.
        let (first, second) = (data(20.0, &[vec![0.0; 200]]), data(50.0, &[vec![1.0; 400]]));
        let pairing = Pairing::new(&first, &second, [40, 50]);
        let never = |_| panic!("nothing is drawn");
        for (start, expected) in [(0, 25), (20, 75), (60, 175), (120, 325), (160, 350)] {
            assert_eq!(pairing.start(0, start, never), expected, "{start}");
        }
        // The longer of the two cannot begin before its recording.
        let pairing = Pairing::new(&second, &first, [50, 40]);
        assert_eq!(pairing.start(0, 0, never), 0);
        assert_eq!(pairing.start(0, 100, never), 30);
        assert_eq!(pairing.start(0, 350, never), 130);
    }

    #[test]
    fn without_time_a_place_is_drawn_if_there_are_several() {
        let first = data(20.0, &[vec![0.0; 9], vec![0.5; 9]]);
        let second = data(0.0, &[vec![0.0; 8], vec![1.0; 5]]);
        let pairing = Pairing::new(&first, &second, [4, 5]);
        let drawn = |count: usize| {
            assert_eq!(count, 4);
            3
        };
        assert_eq!(pairing.start(0, 2, drawn), 3);
        assert_eq!(pairing.start(1, 2, |_| panic!("one place only")), 0);
        assert_eq!(pairing.start(9, 2, |_| panic!("no such recording")), 0);
    }

    #[test]
    fn what_is_identical_to_either_is_one_family() {
        let row = |value: f32| vec![value; 3];
        let pictures: Vec<Vec<f32>> = [0.0, 1.0, 2.0, 3.0, 4.0, 4.0, 5.0].map(row).to_vec();
        let captions: Vec<Vec<f32>> = [7.0, 8.0, 7.0, 9.0, 8.0, 6.0, 5.0].map(row).to_vec();
        let (pictures, captions) = (data(0.0, &pictures), data(0.0, &captions));
        // 0 and 2 share a caption; 1 and 4 too, and 5 is the same picture as 4.
        let expected = [0, 1, 0, 3, 1, 1, 6];
        for [first, second] in [[&pictures, &captions], [&captions, &pictures]] {
            assert_eq!(Pairing::new(first, second, [3, 3]).families, expected);
        }
    }
}
