//! One evaluation: every set of embeddings with its controls, on the same windows and the same draws.

use super::knn::Knn;
use super::linear::{INVERSE_L2, Linear, linear_evaluation};
use super::{
    Confusion, Curve, Draw, Embeddings, EvalError, FewLabel, Learner, Preparation, Role, Score,
    Split, Spread, Test, Train, alignment,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Embeddings of every window under one encoder, or hand features.
#[derive(Clone, PartialEq, Debug)]
pub struct FeatureSet {
    /// Name in tables; unique.
    pub name: String,
    /// The part it plays.
    pub role: Role,
    /// What is done to it before learners see it, fitted on training windows.
    pub preparation: Preparation,
    /// One row for each window, training and test alike.
    pub embeddings: Embeddings,
    /// Two views of the same training windows, row by row, for the alignment.
    pub views: Option<[Embeddings; 2]>,
}

impl FeatureSet {
    /// A standardised set.
    pub fn new(name: impl Into<String>, role: Role, embeddings: Embeddings) -> Self {
        let name = name.into();
        Self {
            name,
            role,
            preparation: Preparation::STANDARDISE,
            embeddings,
            views: None,
        }
    }

    /// The same set with another preparation.
    pub fn prepared(self, preparation: Preparation) -> Self {
        Self {
            preparation,
            ..self
        }
    }

    /// The same set with embeddings of two views of some training windows.
    pub fn viewed(self, views: [Embeddings; 2]) -> Self {
        Self {
            views: Some(views),
            ..self
        }
    }

    /// The embeddings as learners see them.
    ///
    /// # Errors
    /// As [`Preparation::fit`].
    pub fn prepare(&self, split: &Split) -> Result<Embeddings, EvalError> {
        self.preparation
            .fit(&split.pool(&self.embeddings)?)?
            .apply(&self.embeddings)
    }
}

/// What is measured.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EvaluateConfig {
    /// The few-label curve.
    pub few_label: FewLabel,
    /// Its learners.
    pub learners: Vec<Learner>,
    /// k-NN evaluation.
    pub knn: Knn,
    /// Penalties of the linear evaluation, from strong to weak, chosen on training subjects.
    pub inverse_l2: Vec<f64>,
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self {
            few_label: FewLabel::default(),
            learners: Learner::ALL.to_vec(),
            knn: Knn::default(),
            inverse_l2: INVERSE_L2.to_vec(),
        }
    }
}

impl EvaluateConfig {
    /// Parts of the work on each set, for progress: the linear evaluation and each learner's curve.
    pub fn parts(&self) -> usize {
        1 + self.learners.len()
    }
}

/// Everything measured about one set.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SetEvaluation {
    /// The set's name.
    pub name: String,
    /// The part it plays.
    pub role: Role,
    /// What was done to it.
    pub preparation: Preparation,
    /// Rank and collapse of the unprepared training embeddings.
    pub spread: Spread,
    /// Where there are labels.
    pub linear: Option<Linear>,
    /// Where there are labels.
    pub knn: Option<Score>,
    /// One curve a learner; empty without labels.
    pub curves: Vec<Curve>,
}

/// Everything measured on one split.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Evaluation {
    /// Names of the labels.
    pub labels: Vec<String>,
    /// Subjects that were held out.
    pub test_subjects: Vec<String>,
    /// All training windows.
    pub pool_windows: usize,
    /// Labelled training windows.
    pub train_windows: usize,
    /// Labelled test windows.
    pub test_windows: usize,
    /// Always answering the most frequent training label; none without labels.
    pub majority: Option<Score>,
    /// One entry a set, in the order given.
    pub sets: Vec<SetEvaluation>,
    /// What could not be measured, and why.
    pub notes: Vec<String>,
}

impl Evaluation {
    /// The set called `name`.
    pub fn set(&self, name: &str) -> Option<&SetEvaluation> {
        self.sets.iter().find(|s| s.name == name)
    }
}

/// Measures every set on the same split with the same draws.
///
/// `measured` is called after each of the [`EvaluateConfig::parts`] of each set.
///
/// What the data do not allow becomes a note in the result, not an error: without labels, only rank and
/// spread are measured; with few windows of a label, the curve ends earlier.
///
/// # Errors
/// If a table does not fit the split, a name occurs twice, or a setting is out of range.
pub fn evaluate(
    split: &Split,
    sets: &[FeatureSet],
    config: &EvaluateConfig,
    measured: &(dyn Fn() + Sync),
) -> Result<Evaluation, EvalError> {
    if let Some(twice) = (1..sets.len()).find(|&i| sets[..i].iter().any(|s| s.name == sets[i].name))
    {
        return Err(EvalError::Mismatch {
            reason: format!("two sets are called `{}`", sets[twice].name),
        });
    }
    let (train_windows, test_windows) = split.labelled();
    let mut notes = Vec::new();
    // Labels and draws are the same for every set: any table with a row for each window shows them.
    let empty = Embeddings {
        values: vec![0.0; split.facts().rows()],
        dim: 1,
    };
    let plan = match split
        .train(&empty)
        .and_then(|train| Ok((train, split.test(&empty)?)))
    {
        Ok((train, test)) => {
            let (few_label, note) = config.few_label.fitting(&train);
            notes.extend(note);
            let draws = if few_label.labels.is_empty() {
                Vec::new()
            } else {
                few_label.draws(&train)?
            };
            let rows = train.labels.len();
            if config.knn.neighbours > rows {
                notes.push(format!(
                    "no k-NN: {}",
                    EvalError::TooManyNeighbours {
                        k: config.knn.neighbours,
                        rows
                    }
                ));
            }
            Some(Plan {
                few_label,
                draws,
                majority: majority(&train, &test)?,
            })
        }
        Err(error @ (EvalError::NoLabels { .. } | EvalError::SingleLabel { .. })) => {
            notes.push(error.to_string());
            None
        }
        Err(error) => return Err(error),
    };
    let one = |set: &FeatureSet, inverse_l2: &[f64]| {
        judge(set, split, config, inverse_l2, plan.as_ref(), measured)
    };
    // What was quantized takes the penalty of what it was quantized from: only rounding may tell the two apart.
    let is_quantized = |set: &&FeatureSet| matches!(set.role, Role::Quantized(_));
    let (quantized, originals): (Vec<_>, Vec<_>) = sets.iter().partition(is_quantized);
    let mut results = originals
        .par_iter()
        .map(|set| one(set, &config.inverse_l2))
        .collect::<Result<Vec<_>, EvalError>>()?;
    for set in quantized {
        let penalty = results.iter().find_map(|(result, _)| match &set.role {
            Role::Quantized(of) if *of == result.name => result.linear.as_ref(),
            _ => None,
        });
        let chosen = penalty.map(|linear| [linear.penalty.inverse_l2]);
        let candidates = chosen.as_ref().map_or(&config.inverse_l2[..], |one| one);
        results.push(one(set, candidates)?);
    }
    let place = |name: &str| sets.iter().position(|set| set.name == name);
    results.sort_by_key(|(result, _)| place(&result.name));
    let (results, of_sets): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    notes.extend(of_sets.into_iter().flatten());
    Ok(Evaluation {
        labels: split.facts().label_names.clone(),
        test_subjects: split.test_subjects().to_vec(),
        pool_windows: split.pool_rows().len(),
        train_windows,
        test_windows,
        majority: plan.map(|plan| plan.majority),
        sets: results,
        notes,
    })
}

/// What is the same for every set, where there are labels.
struct Plan {
    few_label: FewLabel,
    draws: Vec<Draw>,
    majority: Score,
}

/// Everything about one set, and what is to be said of it.
fn judge(
    set: &FeatureSet,
    split: &Split,
    config: &EvaluateConfig,
    inverse_l2: &[f64],
    plan: Option<&Plan>,
    measured: &(dyn Fn() + Sync),
) -> Result<(SetEvaluation, Vec<String>), EvalError> {
    let mut spread = Spread::of(&split.pool(&set.embeddings)?.embeddings)?;
    if let Some([a, b]) = &set.views {
        spread.alignment = Some(alignment(a, b)?);
    }
    let mut result = SetEvaluation {
        name: set.name.clone(),
        role: set.role.clone(),
        preparation: set.preparation,
        spread,
        linear: None,
        knn: None,
        curves: Vec::new(),
    };
    let mut notes: Vec<String> = result.spread.warning().into_iter().collect();
    if let Some(plan) = plan {
        let prepared = set.prepare(split)?;
        let (train, test) = (split.train(&prepared)?, split.test(&prepared)?);
        if config.knn.neighbours <= train.labels.len() {
            result.knn = Some(config.knn.score(&train, &test)?);
        }
        match linear_evaluation(&train, &test, inverse_l2) {
            Ok(linear) => result.linear = Some(linear),
            Err(error @ EvalError::SingleGroup { .. }) => {
                notes.push(format!("no linear evaluation: {error}"));
            }
            Err(error) => return Err(error),
        }
        measured();
        let (few_label, draws) = (&plan.few_label, &plan.draws);
        let (curves, refused) = curves(config, few_label, draws, &train, &test, measured)?;
        result.curves = curves;
        notes.extend(refused);
    }
    let named = |note: String| format!("{}: {note}", set.name);
    Ok((result, notes.into_iter().map(named).collect()))
}

/// The curve of each learner, and why some learners have none.
fn curves(
    config: &EvaluateConfig,
    few_label: &FewLabel,
    draws: &[Draw],
    train: &Train,
    test: &Test,
    measured: &(dyn Fn() + Sync),
) -> Result<(Vec<Curve>, Vec<String>), EvalError> {
    let (mut curves, mut refused) = (Vec::new(), Vec::new());
    if draws.is_empty() {
        return Ok((curves, refused));
    }
    let measured: Vec<_> = config
        .learners
        .par_iter()
        .map(|learner| {
            let curve = few_label.curve(learner, draws, train, test);
            measured();
            curve
        })
        .collect();
    for curve in measured {
        match curve {
            Ok(curve) => curves.push(curve),
            Err(error @ EvalError::Learner { .. }) => refused.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok((curves, refused))
}

fn majority(train: &Train, test: &Test) -> Result<Score, EvalError> {
    let mut counts = vec![0u32; train.classes()];
    train.labels.iter().for_each(|&label| counts[label] += 1);
    let answer = super::largest(counts.len(), |label| counts[label] as f32);
    let answers = vec![answer; test.labels.len()];
    Ok(Confusion::new(&test.label_names, &test.labels, &answers)?.score())
}
