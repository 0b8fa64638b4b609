//! Linear evaluation: logistic regression on frozen embeddings, its penalty chosen on training subjects.

use super::logistic::{CLOSELY, Problem, ROUGHLY};
use super::{Confusion, EvalError, Score, Test, Train};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Penalties that are tried, from strong to weak (`C` of scikit-learn).
pub const INVERSE_L2: [f64; 6] = [1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2];
/// Most parts that cross-validation makes of the training subjects.
const PARTS: usize = 5;
/// Rows that cross-validation uses at most: choosing one of six penalties needs no more.
const ROWS: usize = 20_000;

/// The penalty that held-out training subjects preferred.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Penalty {
    /// The chosen one.
    pub inverse_l2: f64,
    /// What was held out in turn: `subject`, `recording` or `window`.
    pub held_out: String,
    /// Each candidate with its share of right answers on held-out training windows.
    pub tried: Vec<(f64, f32)>,
}

/// The result of a linear evaluation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Linear {
    /// On the test windows.
    pub score: Score,
    /// On the test windows.
    pub confusion: Confusion,
    /// How the penalty was chosen.
    pub penalty: Penalty,
}

/// Chooses the penalty by leaving out of training what the test leaves out: subjects, groups of them where there are
/// more than five.
///
/// With a single subject, or where the test windows are of the same subjects, whole recordings are left out instead,
/// with a single recording every fifth stretch of windows; the result says which. Equal candidates: the stronger
/// penalty wins.
///
/// # Errors
/// If there are no candidates, one is not positive, or there are fewer than two windows.
pub fn choose_penalty(train: &Train, candidates: &[f64]) -> Result<Penalty, EvalError> {
    let [first, ..] = candidates else {
        return Err(EvalError::Setting {
            name: "penalty candidates",
            value: 0.0,
            range: "at least one",
        });
    };
    let (held_out, parts) = parts(train)?;
    let inverse_l2 = *first;
    if candidates.len() == 1 {
        return Ok(Penalty {
            inverse_l2,
            held_out,
            tried: Vec::new(),
        });
    }
    let count = parts.iter().max().map_or(0, |p| p + 1);
    let thin = train.labels.len().div_ceil(ROWS);
    let rights: Vec<Vec<usize>> = (0..count)
        .into_par_iter()
        .map(|part| {
            let (fit, score) = train.hold_out(|row| parts[row] == part);
            let rows: Vec<usize> = (0..fit.labels.len()).step_by(thin).collect();
            let fit = if thin > 1 { fit.select(&rows) } else { fit };
            let problem = Problem::new(&fit.embeddings, &fit.labels, fit.classes())?;
            let mut start = None;
            candidates
                .iter()
                .map(|&inverse_l2| {
                    let model = problem.fit(inverse_l2, start.as_ref(), ROUGHLY)?;
                    let predicted = model.predict(&score.embeddings)?;
                    start = Some(model);
                    Ok(predicted
                        .iter()
                        .zip(&score.labels)
                        .filter(|(p, l)| p == l)
                        .count())
                })
                .collect()
        })
        .collect::<Result<_, EvalError>>()?;
    let total = train.labels.len().max(1) as f32;
    let tried: Vec<(f64, f32)> = candidates
        .iter()
        .enumerate()
        .map(|(i, &c)| (c, rights.iter().map(|r| r[i]).sum::<usize>() as f32 / total))
        .collect();
    let best = super::largest(tried.len(), |i| tried[i].1);
    Ok(Penalty {
        inverse_l2: tried[best].0,
        held_out,
        tried,
    })
}

/// Fits on the training windows with the penalty that [`choose_penalty`] finds, and scores the test windows.
///
/// # Errors
/// As [`choose_penalty`].
pub fn linear_evaluation(
    train: &Train,
    test: &Test,
    candidates: &[f64],
) -> Result<Linear, EvalError> {
    let penalty = choose_penalty(train, candidates)?;
    let problem = Problem::new(&train.embeddings, &train.labels, train.classes())?;
    let predicted = problem
        .fit(penalty.inverse_l2, None, CLOSELY)?
        .predict(&test.embeddings)?;
    let confusion = Confusion::new(&test.label_names, &test.labels, &predicted)?;
    Ok(Linear {
        score: confusion.score(),
        confusion,
        penalty,
    })
}

/// What is held out, and the part of each row.
fn parts(train: &Train) -> Result<(String, Vec<usize>), EvalError> {
    let numbered = |keys: Vec<&dyn std::fmt::Display>| {
        let mut seen = BTreeMap::new();
        let parts: Vec<usize> = keys
            .iter()
            .map(|key| {
                let next = seen.len();
                *seen.entry(key.to_string()).or_insert(next)
            })
            .collect();
        (seen.len(), parts)
    };
    let rows = train.labels.len();
    let (subjects, by_subject) = numbered(train.subjects.iter().map(|s| s as _).collect());
    let (recordings, by_recording) = numbered(train.recordings.iter().map(|r| r as _).collect());
    let (held_out, parts) = if subjects > 1 && !train.familiar {
        ("subject", by_subject)
    } else if recordings > 1 {
        ("recording", by_recording)
    } else if rows > 1 {
        // Stretches, not single rows: neighbouring windows overlap.
        (
            "window",
            (0..rows).map(|row| row / (rows / 20).max(1)).collect(),
        )
    } else {
        return Err(EvalError::SingleGroup { group: "window" });
    };
    Ok((held_out.into(), parts.iter().map(|p| p % PARTS).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Embeddings, Facts, Split};

    /// Noisy labels on three dimensions, four subjects with two recordings each.
    fn data() -> (Facts, Embeddings) {
        let rows = 160usize;
        let noise = |i: usize| ((i * 2_654_435_761) >> 7) % 1000;
        let labels: Vec<usize> = (0..rows).map(|i| noise(i) % 3).collect();
        let value = |i: usize, d: usize| {
            noise(i * 3 + d + 1000) as f32 / 300.0 + if labels[i] == d { 1.5 } else { 0.0 }
        };
        let values = (0..rows)
            .flat_map(|i| [value(i, 0), value(i, 1), value(i, 2)])
            .collect();
        let facts = Facts {
            label_names: ["a", "b", "c"].map(String::from).to_vec(),
            labels: labels.iter().map(|&l| Some(l)).collect(),
            subjects: (0..rows).map(|i| (i / 40).to_string()).collect(),
            recordings: (0..rows).map(|i| i / 20).collect(),
        };
        (facts, Embeddings::new(values, 3).unwrap())
    }

    fn evaluate(facts: Facts) -> Linear {
        let split = Split::by_subject(facts, &["3".into()]).unwrap();
        let (_, table) = data();
        let (train, test) = (split.train(&table).unwrap(), split.test(&table).unwrap());
        linear_evaluation(&train, &test, &INVERSE_L2).unwrap()
    }

    #[test]
    fn permuting_test_labels_changes_the_score_but_no_choice() {
        let (facts, _) = data();
        let honest = evaluate(facts.clone());
        let mut permuted = facts;
        for label in &mut permuted.labels[120..] {
            *label = label.map(|l| (l + 1) % 3);
        }
        let permuted = evaluate(permuted);
        assert_eq!(honest.penalty, permuted.penalty);
        assert!(honest.score.accuracy > 0.6 && permuted.score.accuracy < 0.4);
    }

    #[test]
    fn what_is_held_out_follows_the_data() {
        let (facts, table) = data();
        let split = Split::by_subject(facts, &["3".into()]).unwrap();
        let mut train = split.train(&table).unwrap();
        assert_eq!(
            choose_penalty(&train, &INVERSE_L2).unwrap().held_out,
            "subject"
        );
        train.familiar = true;
        let of_known = choose_penalty(&train, &INVERSE_L2).unwrap();
        assert_eq!(of_known.held_out, "recording");
        train.familiar = false;
        train.subjects.fill("one".into());
        assert_eq!(
            choose_penalty(&train, &INVERSE_L2).unwrap().held_out,
            "recording"
        );
        train.recordings.fill(0);
        assert_eq!(
            choose_penalty(&train, &INVERSE_L2).unwrap().held_out,
            "window"
        );
        let one = train.select(&[0]);
        assert!(matches!(
            choose_penalty(&one, &INVERSE_L2),
            Err(EvalError::SingleGroup { .. })
        ));
        assert!(choose_penalty(&train, &[]).is_err());
    }

    #[test]
    fn a_single_candidate_is_taken_as_given() {
        let (facts, table) = data();
        let split = Split::by_subject(facts, &["3".into()]).unwrap();
        let penalty = choose_penalty(&split.train(&table).unwrap(), &[0.5]).unwrap();
        assert_eq!((penalty.inverse_l2, penalty.tried.len()), (0.5, 0));
    }
}
