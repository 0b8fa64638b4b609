//! What training minimises: one objective a file, each with its paper, its formula and its gradient.

pub mod barlow_twins;
pub mod config;
pub mod cpc;
pub mod cross_entropy;
pub mod distillation;
pub mod gaussian;
pub mod masked;
pub mod masked_symbols;
pub(crate) mod matrix;
pub mod moco;
pub mod mse;
pub mod next_symbol;
pub mod nt_xent;
pub mod order;
pub mod paired;
pub mod rotation;
pub mod smooth_l1;
pub mod task;
pub mod vicreg;

pub use config::ObjectiveConfig;

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What one step is computed from. Only `inputs` and `groups` are always filled; an objective says what else it reads.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Batch {
    /// `B` rows, each one view: `B * input_len` values, normalised. Of view pairs the first `B / 2` rows are
    /// the views `a`, the rest the views `b` of the same windows.
    pub inputs: Vec<f32>,
    /// For each row what it is a view of; rows of equal group attract each other.
    pub groups: Vec<u32>,
    /// Empty, or for each row a wider group: rows of one family but different groups neither attract nor
    /// repel, such as neighbouring windows.
    pub families: Vec<u32>,
    /// Empty, or for each row its label; [`UNLABELLED`] where there is none.
    pub labels: Vec<u32>,
    /// Empty, or for each row the values to regress; NaN where one is not known.
    pub targets: Vec<f32>,
    /// Empty, or for each row what another sensor saw of the same window, for a second encoder.
    pub partner: Vec<f32>,
    /// Rows for further objectives, each altered in its own way; the encoder sees all rows in one pass.
    pub further: Vec<Batch>,
}

/// The label of rows without one.
pub const UNLABELLED: u32 = u32::MAX;

impl Batch {
    /// Rows, `B`, without further ones.
    pub fn rows(&self) -> usize {
        self.groups.len()
    }

    /// Rows, with further ones.
    pub fn all_rows(&self) -> usize {
        self.rows() + self.further.iter().map(Self::rows).sum::<usize>()
    }

    /// The inputs of all rows, further ones behind.
    pub fn all_inputs(&self) -> Cow<'_, [f32]> {
        if self.further.is_empty() {
            return Cow::Borrowed(&self.inputs);
        }
        let parts = std::iter::once(self).chain(&self.further);
        Cow::Owned(parts.flat_map(|part| &part.inputs).copied().collect())
    }

    /// Part `index`, 0 for the batch itself, and the number of rows before it.
    pub fn part(&self, index: usize) -> Option<(&Self, usize)> {
        let Some(further) = index.checked_sub(1) else {
            return Some((self, 0));
        };
        let before = self.further.iter().take(further).map(Self::rows);
        Some((
            self.further.get(further)?,
            self.rows() + before.sum::<usize>(),
        ))
    }

    /// Empties all fields and keeps their memory.
    pub fn clear(&mut self) {
        self.inputs.clear();
        self.groups.clear();
        self.families.clear();
        self.labels.clear();
        self.targets.clear();
        self.partner.clear();
        self.further.iter_mut().for_each(Self::clear);
    }
}

/// What an objective keeps from step to step.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    /// Such as embeddings of former steps.
    pub values: Vec<f32>,
    /// Such as their families and places.
    pub numbers: Vec<u32>,
}

/// A function of a batch's outputs that training minimises.
pub trait Objective: Send {
    /// The name in logs.
    fn name(&self) -> &'static str;

    /// The loss of `output` (`B x width`); overwrites `gradient` (`B x width`) with its derivative.
    ///
    /// # Errors
    /// If `batch` lacks what the objective needs.
    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError>;

    /// Takes what a [`Teacher`](crate::train::Teacher) made of the rows, `B x width`, just before
    /// [`Self::evaluate`]; an objective without a teacher is not asked.
    fn take_keys(&mut self, _keys: &[f32]) {}

    /// What it keeps from step to step, for a checkpoint; most keep nothing.
    fn memory(&self) -> Memory {
        Memory::default()
    }

    /// Takes back what [`Self::memory`] gave. A memory of another size is left aside.
    fn remember(&mut self, _memory: Memory) {}

    /// How often the last [`Self::evaluate`] found the right answer, 0 to 1, where the objective asks a question.
    fn accuracy(&self) -> Option<f64> {
        None
    }

    /// What to change where embeddings collapse under this objective, as keys of the configuration.
    fn against_collapse(&self) -> &'static str {
        "lower schedule.learning_rate, or add a contrastive objective beside it: objective.name = \"combined\""
    }

    /// Among how many equally likely symbols the last [`Self::evaluate`] would have been as unsure, where the objective
    /// asks for symbols.
    fn perplexity(&self) -> Option<f64> {
        None
    }
}

/// Why an objective cannot be computed.
#[derive(thiserror::Error, Clone, PartialEq, Debug)]
pub enum ObjectiveError {
    /// A field of the batch is missing or of the wrong length.
    #[error("{objective} needs {expected} {what} for this batch, but the data gave {found}")]
    Missing {
        /// The objective's name.
        objective: &'static str,
        /// Labels, targets, groups or rows.
        what: &'static str,
        /// Values needed.
        expected: usize,
        /// Values there.
        found: usize,
    },
    /// A label has no output.
    #[error("label {label} is beyond the {labels} outputs of the classifier")]
    Label {
        /// The label found.
        label: u32,
        /// Number of outputs.
        labels: usize,
    },
    /// A head works on rows that the batch lacks.
    #[error("{objective} works on part {part} of a batch, but the batch has {parts}")]
    Part {
        /// The objective's name.
        objective: &'static str,
        /// The part asked for, from 0.
        part: usize,
        /// Parts there.
        parts: usize,
    },
    /// The temperature is too small for `f32`, or not a number.
    #[error("a temperature of {0}; choose one between 0.025 and 100, usually 0.1 to 0.5")]
    Temperature(f32),
}

/// `Ok` if `found` is `expected`.
fn need(
    objective: &'static str,
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), ObjectiveError> {
    if found == expected {
        Ok(())
    } else {
        Err(ObjectiveError::Missing {
            objective,
            what,
            expected,
            found,
        })
    }
}

/// `Ok` if there are views `a` and as many views `b`, at least two of each.
fn need_two_pairs(
    objective: &'static str,
    rows: usize,
    batch: &Batch,
) -> Result<(), ObjectiveError> {
    let expected = (rows / 2 * 2).max(4);
    need(
        objective,
        "rows (an even number, at least 4)",
        expected,
        batch.rows(),
    )
}

#[cfg(test)]
mod tests;
