//! What training minimises: one objective a file, each with its paper, its formula and its gradient.

pub mod cross_entropy;
pub mod mse;
pub mod nt_xent;
pub mod smooth_l1;
pub mod vicreg;

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
}

/// The label of rows without one.
pub const UNLABELLED: u32 = u32::MAX;

impl Batch {
    /// Rows, `B`.
    pub fn rows(&self) -> usize {
        self.groups.len()
    }

    /// Empties all fields and keeps their memory.
    pub fn clear(&mut self) {
        self.inputs.clear();
        self.groups.clear();
        self.families.clear();
        self.labels.clear();
        self.targets.clear();
    }
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

#[cfg(test)]
mod tests;
