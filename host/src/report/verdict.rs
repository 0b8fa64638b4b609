//! What was found, in plain words: is the encoder worth flashing?

use crate::eval::{Estimate, Role, SetSummary, Summary};
use serde::Serialize;

/// Points that linear evaluation may stay behind supervised training and still count as reaching it.
const BAR: f32 = 0.02;
/// Differences below this many points are called equal where no noise is known.
const UNKNOWN_NOISE: f32 = 0.03;

/// The verdict: one line for the headline, then one a finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// Whether it beats hand features, in one sentence.
    pub headline: String,
    /// Figures and caveats.
    pub findings: Vec<String>,
    /// What to type next, a command a line, as the caller gave them.
    pub next: Vec<String>,
}

impl Verdict {
    /// Judges the first [`Role::Learned`] set under the learner that is shipped (its name).
    ///
    /// The learner is chosen before looking at test figures; hand features get whichever of their
    /// preparations does best, at each number of labels.
    pub fn of(summary: &Summary, learner: &str, next: &[String]) -> Self {
        let mut findings = Vec::new();
        let headline = match summary.role(&Role::Learned) {
            Some(ours) if summary.majority.is_some() => {
                let headline = few_labels(summary, ours, learner, &mut findings);
                linear(summary, ours, &mut findings);
                headline
            }
            Some(_) => "Without labels nobody can say what the encoder is worth; label a few recordings to find out.".into(),
            None => "No learned encoder was evaluated; only controls.".into(),
        };
        if let Some(ours) = summary.role(&Role::Learned) {
            quantized(summary, ours, learner, &mut findings);
            let spread = &ours.spread;
            findings.push(spread.warning().unwrap_or_else(|| {
                format!(
                    "No collapse: effective rank {:.1} of {}.",
                    ours.rank.mean, spread.dim
                )
            }));
        }
        caveat(summary, &mut findings);
        findings.extend(
            summary
                .notes
                .iter()
                .filter(|n| !n.contains("collapse"))
                .cloned(),
        );
        Self {
            headline,
            findings,
            next: next.to_vec(),
        }
    }

    /// Lines for the terminal, wrapped at 96 columns.
    pub fn to_text(&self) -> String {
        let mut text = wrap(&self.headline, "", "");
        for finding in &self.findings {
            text.push_str(&wrap(finding, "- ", "  "));
        }
        if !self.next.is_empty() {
            text.push_str("\nNext:\n");
            self.next
                .iter()
                .for_each(|command| text.push_str(&format!("  {command}\n")));
        }
        text
    }
}

/// How a difference is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Better,
    Equal,
    Worse,
}

fn call(difference: &Estimate) -> Call {
    let sure = difference
        .beyond_noise()
        .unwrap_or(difference.mean.abs() > UNKNOWN_NOISE);
    match (sure, difference.mean > 0.0) {
        (false, _) => Call::Equal,
        (true, true) => Call::Better,
        (true, false) => Call::Worse,
    }
}

/// Compares at every number of labels; returns the headline.
fn few_labels(
    summary: &Summary,
    ours: &SetSummary,
    learner: &str,
    findings: &mut Vec<String>,
) -> String {
    let Some(curve) = ours.curves.iter().find(|c| c.learner == learner) else {
        return format!(
            "There is no few-label curve under the learner {learner}, so hand features were not compared."
        );
    };
    let (mut better, mut equal, mut worse) = (Vec::new(), Vec::new(), Vec::new());
    for (k, mine) in &curve.points {
        let best = summary.best_hand_features(|s| Some(s.few_label(learner, *k)?.mean));
        let Some(theirs) = best.and_then(|hand| hand.few_label(learner, *k)) else {
            continue;
        };
        let Ok(difference) = mine.minus(theirs) else {
            continue;
        };
        let (list, words) = match call(&difference) {
            Call::Better => (&mut better, "better, beyond noise"),
            Call::Equal => (&mut equal, "within noise"),
            Call::Worse => (&mut worse, "worse, beyond noise"),
        };
        list.push(k.to_string());
        let noise = difference
            .standard_error()
            .map_or(String::new(), |e| format!(" ± {:.1}", 200.0 * e));
        let name = best.map_or("", |s| s.name.as_str());
        findings.push(format!(
            "{k} label{} of each class: {:.1} %, {name} {:.1} %: {:+.1}{noise} points, {words}.",
            if *k == 1 { "" } else { "s" },
            100.0 * mine.mean,
            100.0 * theirs.mean,
            100.0 * difference.mean,
        ));
    }
    let at = |list: &[String]| {
        format!(
            "{} label{} of each class",
            and(list),
            if list == ["1"] { "" } else { "s" }
        )
    };
    match (better.is_empty(), equal.is_empty(), worse.is_empty()) {
        (true, true, true) => {
            "Hand features were not evaluated, so the encoder has nothing to beat.".into()
        }
        (false, true, true) => format!(
            "Worth flashing: with the learner {learner} the encoder beats hand features at every number of labels ({}).",
            and(&better)
        ),
        (true, true, false) => format!(
            "Not worth flashing: with the learner {learner} hand features win at every number of labels ({}).",
            and(&worse)
        ),
        _ => {
            let mut parts: Vec<String> = Vec::new();
            for (verb, list) in [
                ("beats", &better),
                ("is level with", &equal),
                ("loses to", &worse),
            ] {
                if !list.is_empty() {
                    let them = if parts.is_empty() {
                        "hand features"
                    } else {
                        "them"
                    };
                    parts.push(format!("{verb} {them} at {}", at(list)));
                }
            }
            format!("With the learner {learner} the encoder {}.", and(&parts))
        }
    }
}

fn linear(summary: &Summary, ours: &SetSummary, findings: &mut Vec<String>) {
    let Some(mine) = &ours.linear else { return };
    let mut parts = vec![format!(
        "Linear evaluation with all training labels: {:.1} %",
        100.0 * mine.mean
    )];
    let hand = summary.best_hand_features(|s| Some(s.linear.as_ref()?.mean));
    for (name, set) in [
        ("hand features", hand),
        ("untrained encoder", summary.role(&Role::RandomInit)),
    ] {
        if let Some(theirs) = set.and_then(|s| s.linear.as_ref()) {
            parts.push(format!("{name} {:.1} %", 100.0 * theirs.mean));
        }
    }
    if let Some(theirs) = summary
        .role(&Role::Supervised)
        .and_then(|s| s.linear.as_ref())
    {
        let reached = if mine.mean >= theirs.mean - BAR {
            "reached"
        } else {
            "missed"
        };
        parts.push(format!(
            "the same encoder trained with all labels {:.1} %, a bar (minus 2 points) that is {reached}",
            100.0 * theirs.mean
        ));
    }
    findings.push(format!("{}.", parts.join("; ")));
}

fn quantized(summary: &Summary, ours: &SetSummary, learner: &str, findings: &mut Vec<String>) {
    let Some(int8) = summary.quantized(&ours.name) else {
        return;
    };
    let mut costs = Vec::new();
    if let (Some(a), Some(b)) = (&int8.linear, &ours.linear) {
        costs.push((a.mean - b.mean, "linear evaluation".to_owned()));
    }
    for (k, of_f32) in ours
        .curves
        .iter()
        .filter(|c| c.learner == learner)
        .flat_map(|c| &c.points)
    {
        if let Some(of_i8) = int8.few_label(learner, *k) {
            let plural = if *k == 1 { "" } else { "s" };
            costs.push((
                of_i8.mean - of_f32.mean,
                format!("{k} label{plural} of each class"),
            ));
        }
    }
    let worst = costs.iter().min_by(|a, b| a.0.total_cmp(&b.0));
    findings.push(match worst {
        None => "Without labels the cost of int8 is unknown.".into(),
        Some((change, _)) if *change >= -0.0005 => "int8 costs nothing measurable.".into(),
        Some((change, place)) => format!(
            "int8 costs {:.1} points at most (at {place}).",
            -100.0 * change
        ),
    });
}

fn caveat(summary: &Summary, findings: &mut Vec<String>) {
    if summary.majority.is_some() && summary.runs == 1 {
        let people = match summary
            .test_subjects
            .iter()
            .filter(|s| !s.is_empty())
            .count()
        {
            0 => String::new(),
            1 => " of 1 subject".into(),
            n => format!(" of {n} subjects"),
        };
        findings.push(format!(
            "One split ({} test windows{people}): the noise above is that of drawing labels, not of people. \
             Quote figures over folds and seeds.",
            summary.test_windows
        ));
    }
}

/// `a, b and c`.
fn and(list: &[String]) -> String {
    match list {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn wrap(text: &str, first: &str, rest: &str) -> String {
    let (mut out, mut line) = (String::new(), first.to_owned());
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > 96 {
            out.push_str(&line);
            out.push('\n');
            line = rest.to_owned();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out.push_str(&line);
    out.push('\n');
    out
}
