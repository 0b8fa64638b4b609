//! Tables for the terminal and for the page: plain text, at most 100 columns wide.

use crate::eval::{Estimate, Summary};
use serde::Serialize;

/// Most columns of text.
const WIDTH: usize = 100;

/// A table; the first column is left-aligned, all others right-aligned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// One text a column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Lines of equal columns; a first column that makes lines too long is cut.
    pub fn to_text(&self) -> String {
        let columns = self.header.len();
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        let mut widths: Vec<usize> = (0..columns)
            .map(|c| {
                lines()
                    .filter_map(|l| l.get(c))
                    .map(|t| t.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let rest: usize = widths.iter().skip(1).map(|w| w + 2).sum();
        if let Some(first) = widths.first_mut() {
            *first = (*first).min(WIDTH.saturating_sub(rest).max(8));
        }
        let mut text = format!("{}\n", self.caption);
        for (number, line) in lines().enumerate() {
            let mut out = String::new();
            for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
                if column == 0 {
                    let cut: String = if cell.chars().count() > width {
                        cell.chars().take(width - 1).chain(['…']).collect()
                    } else {
                        cell.clone()
                    };
                    out.push_str(&format!("{cut:<width$}"));
                } else {
                    out.push_str(&format!("  {cell:>width$}"));
                }
            }
            text.push_str(out.trim_end());
            text.push('\n');
            if number == 0 {
                let total = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
                text.push_str(&"-".repeat(total.min(WIDTH)));
                text.push('\n');
            }
        }
        text
    }
}

/// Every table of a summary: one over all sets, one for each learner.
pub fn tables(summary: &Summary) -> Vec<Table> {
    let mut tables = vec![overview(summary)];
    let mut learners: Vec<&str> = Vec::new();
    for curve in summary.sets.iter().flat_map(|s| &s.curves) {
        if !learners.contains(&curve.learner.as_str()) {
            learners.push(&curve.learner);
        }
    }
    tables.extend(learners.iter().map(|learner| few_label(summary, learner)));
    tables
}

/// Those of the second encoder, which takes `modality`.
pub fn partner_tables(summary: &Summary, modality: &str) -> Vec<Table> {
    let mut tables = tables(summary);
    for table in &mut tables {
        table.caption = format!("The second encoder ({modality}): {}", table.caption);
    }
    tables
}

/// Columns of the table over all sets.
const OVERVIEW: [&str; 7] = [
    "",
    "linear",
    "macro F1",
    "k-NN",
    "rank",
    "alignment",
    "uniformity",
];

fn overview(summary: &Summary) -> Table {
    let rows = summary.sets.iter().map(|set| {
        let rank = format!("{:.1} of {}", set.rank.mean, set.spread.dim);
        let figure = |e: &Option<Estimate>| e.as_ref().map_or_else(|| "-".into(), percent);
        let alignment = set.alignment.as_ref();
        vec![
            set.name.clone(),
            figure(&set.linear),
            figure(&set.linear_f1),
            figure(&set.knn),
            rank,
            alignment.map_or_else(|| "-".into(), |e| format!("{:.2}", e.mean)),
            format!("{:.2}", set.uniformity.mean),
        ]
    });
    let mut rows: Vec<_> = rows.collect();
    if let Some(majority) = &summary.majority {
        let mut row = vec!["always the most frequent label".into(), percent(majority)];
        row.resize(OVERVIEW.len(), "-".into());
        rows.push(row);
    }
    let runs = match summary.runs {
        1 => String::new(),
        runs => format!(", mean ± deviation of {runs} runs"),
    };
    Table {
        caption: format!("Held-out accuracy in %{runs}"),
        header: OVERVIEW.map(String::from).to_vec(),
        rows,
    }
}

fn few_label(summary: &Summary, learner: &str) -> Table {
    let curves: Vec<_> = summary
        .sets
        .iter()
        .filter_map(|set| Some((set, set.curves.iter().find(|c| c.learner == learner)?)))
        .collect();
    let mut counts: Vec<usize> = curves
        .iter()
        .flat_map(|(_, c)| c.points.iter().map(|p| p.0))
        .collect();
    counts.sort_unstable();
    counts.dedup();
    let plural = |k: &usize| {
        if *k == 1 {
            "1 label".to_owned()
        } else {
            format!("{k} labels")
        }
    };
    let rows = curves.iter().map(|(set, _)| {
        let cell = |k: &usize| {
            set.few_label(learner, *k)
                .map_or_else(|| "-".into(), percent)
        };
        std::iter::once(set.name.clone())
            .chain(counts.iter().map(cell))
            .collect()
    });
    let place = if learner == "logistic" {
        "desktop reference"
    } else {
        "runs on the device"
    };
    Table {
        caption: format!("Accuracy in % after k labels of each class, learner {learner} ({place})"),
        header: std::iter::once(String::new())
            .chain(counts.iter().map(plural))
            .collect(),
        rows: rows.collect(),
    }
}

/// `71.9 ± 4.2`, without the deviation where there is none.
fn percent(estimate: &Estimate) -> String {
    let mean = 100.0 * estimate.mean;
    if estimate.values.len() > 1 {
        format!("{mean:.1} ± {:.1}", 100.0 * estimate.deviation)
    } else {
        format!("{mean:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_stay_short() {
        let table = Table {
            caption: "Größen".into(),
            header: vec![String::new(), "a".into(), "second".into()],
            rows: vec![
                vec!["ärger".into(), "1.0".into(), "2".into()],
                vec!["x".repeat(200), "10.0".into(), "-".into()],
            ],
        };
        let text = table.to_text();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.iter().all(|l| l.chars().count() <= WIDTH), "{text}");
        assert!(
            lines[3].ends_with(" 1.0       2") && lines[4].contains('…'),
            "{text}"
        );
    }
}
