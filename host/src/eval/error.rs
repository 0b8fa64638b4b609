//! What can be wrong with the input of an evaluation, in words that say what to do.

/// Why an evaluation, or a part of it, is impossible.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum EvalError {
    /// A table has another number of rows than the facts about the windows.
    #[error(
        "{what} has {found} rows, but there are {expected} windows: embed every window once, in their order"
    )]
    Rows {
        /// The table with the wrong length.
        what: String,
        /// How many windows there are.
        expected: usize,
        /// How many rows it has.
        found: usize,
    },
    /// The number of values is not a multiple of the dimension.
    #[error("{values} values cannot be split into embeddings of {dim} values each")]
    Dimension {
        /// How many values there are.
        values: usize,
        /// Values in one embedding.
        dim: usize,
    },
    /// A value is NaN or infinite.
    #[error(
        "{what} holds a value that is not finite (row {row}, column {column}): training diverged, or the recording has gaps; lower the learning rate or clean the recording"
    )]
    NotFinite {
        /// The table with the value.
        what: String,
        /// Row of the first such value.
        row: usize,
        /// Column of the first such value.
        column: usize,
    },
    /// A label number is outside the list of label names.
    #[error("window {window} has label number {label}, but only {labels} label names are known")]
    UnknownLabel {
        /// Index of the window.
        window: usize,
        /// Its label number.
        label: usize,
        /// Length of the list of names.
        labels: usize,
    },
    /// One side of the split has no windows at all.
    #[error(
        "the split leaves no windows for {side}: name other test subjects, or add recordings of another subject"
    )]
    EmptySide {
        /// `training` or `testing`.
        side: &'static str,
    },
    /// A named test subject does not occur.
    #[error("no window comes from subject {subject}; known subjects: {known}")]
    UnknownSubject {
        /// The subject asked for.
        subject: String,
        /// Those that occur.
        known: String,
    },
    /// Measures with labels need labelled windows on both sides.
    #[error(
        "no {side} window carries a label: only measures without labels (rank, spread) are possible"
    )]
    NoLabels {
        /// `training` or `testing`.
        side: &'static str,
    },
    /// A classifier needs at least two labels.
    #[error(
        "every labelled training window is `{label}`: a classifier needs at least two different labels"
    )]
    SingleLabel {
        /// The only label.
        label: String,
    },
    /// Cross-validation needs at least two groups.
    #[error(
        "a setting cannot be chosen: the training windows come from one {group} only, and at least two are needed; give the setting by hand or add recordings"
    )]
    SingleGroup {
        /// What the groups are.
        group: &'static str,
    },
    /// More neighbours asked for than there are training windows.
    #[error(
        "k-NN asks for {k} neighbours, but there are only {rows} labelled training windows: use k <= {rows}"
    )]
    TooManyNeighbours {
        /// Neighbours asked for.
        k: usize,
        /// Training windows.
        rows: usize,
    },
    /// More labelled windows asked for than a label has.
    #[error(
        "{wanted} windows of each label were asked for, but the training subjects have only {found} of `{label}`"
    )]
    TooFewWindows {
        /// Windows a label.
        wanted: usize,
        /// Windows that there are.
        found: usize,
        /// The label's name.
        label: String,
    },
    /// A setting outside its range.
    #[error("{name} is {value}, but must be {range}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// A learner cannot take this input.
    #[error("the learner `{learner}` cannot be used here: {reason}")]
    Learner {
        /// Its name.
        learner: &'static str,
        /// Why not.
        reason: String,
    },
    /// Evaluations of different windows, sets or settings cannot be averaged or compared.
    #[error("cannot compare: {reason}")]
    Mismatch {
        /// What differs.
        reason: String,
    },
}
