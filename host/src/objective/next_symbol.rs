//! The next symbol: at every place of a sequence, say what comes next.
//!
//! Radford et al., *Improving Language Understanding by Generative Pre-Training*, 2018, over causal convolutions as in
//! Bai et al., *An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence Modeling*, 2018.
//! A linear classifier reads the encoder's features of each place, before they are pooled to the embedding; the loss
//! is the cross entropy ([`Places`](super::cross_entropy::Places))
//!
//! `loss = mean over known places t of -ln softmax(W h_t + b)[x_(t+1)]`
//!
//! and `exp(loss)` the perplexity. What follows the window in its sequence is the answer at its last place. Batch
//! norm takes its statistics over all places, as is usual; beyond that nothing sees its future.

use super::task::{StepWindows, Task};
use super::{Batch, UNLABELLED};
use crate::data::symbols::BLANK;
use serde::{Deserialize, Serialize};

/// Has no settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NextSymbol {}

/// The answer that `symbol` is: none where it is blank or unknown.
pub fn answer(symbol: f32) -> u32 {
    if symbol.is_nan() || symbol == BLANK {
        UNLABELLED
    } else {
        symbol as u32
    }
}

/// Makes the rows: plain windows, and for each place the symbol after it.
pub struct NextSymbolTask;

impl Task for NextSymbolTask {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        batch.inputs = windows.plain();
        let length = windows.source.view_len().max(1);
        let mut after = Vec::new();
        for (anchor, window) in windows
            .anchors()
            .iter()
            .zip(batch.inputs.chunks_exact(length))
        {
            after.clear();
            let end = anchor.start + length;
            windows.source.after(anchor.recording, end, 1, &mut after);
            let next = window.iter().skip(1).chain(&after);
            batch.labels.extend(next.map(|&symbol| answer(symbol)));
        }
        batch.groups.extend(0..windows.count() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Kind, Normaliser, Recording, Windows};
    use crate::view::{Starts, ViewConfig, ViewSource};

    /// Two sequences, one of them filled up.
    pub(crate) fn dataset() -> Dataset {
        let mut data = Dataset::new("t", 0.0, vec!["symbol".into()]);
        data.kind = Kind::Symbols;
        data.vocabulary = ["", "a", "b", "c"].map(String::from).to_vec();
        for samples in [vec![1.0, 2.0, 3.0, 1.0, 2.0, 3.0], vec![0.0, 0.0, 3.0, 2.0]] {
            data.recordings.push(Recording {
                name: "r".into(),
                subject: None,
                label: None,
                samples,
            });
        }
        data
    }

    #[test]
    fn every_place_is_asked_for_the_symbol_after_it() {
        let data = dataset();
        let windows = Windows::cut(&data, 4, 1).unwrap();
        let (plain, identity) = (ViewConfig::none(), Normaliser::identity(1));
        let mut source =
            ViewSource::new(&data, &[0, 1], &windows, identity, &plain, Starts::Grid, 1).unwrap();
        source.draw(0, 0, 4);
        let mut batch = Batch::default();
        let mut step = StepWindows {
            source: &mut source,
            epoch: 0,
            batch: 0,
        };
        NextSymbolTask.fill(&mut step, &mut batch);
        assert_eq!((batch.rows(), batch.labels.len()), (4, 16));
        let mut seen: Vec<(&[f32], &[u32])> =
            batch.inputs.chunks(4).zip(batch.labels.chunks(4)).collect();
        seen.sort_by(|a, b| a.0[0].total_cmp(&b.0[0]));
        let none = UNLABELLED;
        assert_eq!(
            seen[0],
            (&[0.0, 0.0, 3.0, 2.0][..], &[none, 3, 2, none][..])
        );
        assert_eq!(seen[1], (&[1.0, 2.0, 3.0, 1.0][..], &[2, 3, 1, 2][..]));
        assert_eq!(seen[3], (&[3.0, 1.0, 2.0, 3.0][..], &[1, 2, 3, none][..]));
    }
}
