//! What `mote compare` found, as a table, in words, and as a page.

use super::{CliError, Row};
use crate::eval::{Estimate, Evaluation, Role, Summary};
use crate::pipeline::{LEARNER, PipelineError};
use crate::report::{Compared, Page, Table, Verdict, compare_plot, group};
use crate::run::atomic;
use std::path::Path;

/// The page's name in the folder of the results.
pub const PAGE: &str = "compare.html";
/// Labels of each class that are shown.
const FEW: [usize; 3] = [1, 5, 20];

/// The figures side by side.
pub struct Comparison {
    /// One line for each objective and width, in int8; then the controls of the first.
    pub table: Table,
    /// The same lines as marks: few labels, then all.
    lines: Vec<Line>,
    measures: Vec<String>,
    /// Folds and seeds behind each line.
    runs: usize,
}

struct Line {
    learned: bool,
    /// Accuracy with few labels, then with all.
    accuracy: Vec<Option<Estimate>>,
    name: String,
}

impl Comparison {
    /// Of all cells that are done.
    ///
    /// # Errors
    /// If evaluations do not belong together.
    pub fn of(rows: &[Row]) -> Result<Self, CliError> {
        let (mut lines, mut controls) = (Vec::new(), Vec::new());
        for (at, row) in rows.iter().enumerate() {
            let evaluations: Vec<Evaluation> =
                row.cells.iter().map(|c| c.evaluation.clone()).collect();
            let summary = Summary::of(&evaluations).map_err(PipelineError::from)?;
            for set in &summary.sets {
                let learned = matches!(set.role, Role::Quantized(_));
                if !learned && (set.role == Role::Learned || at > 0) {
                    continue;
                }
                let mut accuracy: Vec<_> = FEW.map(|k| set.few_label(LEARNER, k).cloned()).into();
                accuracy.push(set.linear.clone());
                let name = if learned {
                    format!("{} x{}", row.objective, row.width)
                } else {
                    set.name.clone()
                };
                let rank = format!("{:.1}", set.rank.mean);
                let cost = if learned {
                    costs(row)
                } else {
                    Default::default()
                };
                let line = Line {
                    learned,
                    accuracy,
                    name,
                };
                let to = if learned { &mut lines } else { &mut controls };
                to.push((line, rank, cost));
            }
        }
        lines.append(&mut controls);
        let runs = rows.first().map_or(0, |row| row.cells.len());
        let texts = |(line, rank, cost): &(Line, String, [String; 5])| {
            let percent = |estimate: &Option<Estimate>| match estimate {
                Some(e) if runs > 1 => format!("{:.1} ±{:.1}", 100.0 * e.mean, 100.0 * e.deviation),
                Some(e) => format!("{:.1}", 100.0 * e.mean),
                None => "-".into(),
            };
            let mut text = vec![line.name.clone()];
            text.extend(line.accuracy.iter().map(percent));
            text.push(rank.clone());
            text.extend(
                cost.iter()
                    .map(|cost| if cost.is_empty() { "-" } else { cost }.to_owned()),
            );
            text
        };
        let header = [
            "",
            "1",
            "5",
            "20",
            "linear",
            "rank",
            "params",
            "flash",
            "scratch",
            "M4 instr.",
            "s",
        ];
        let table = Table {
            caption: format!(
                "int8, held-out accuracy in %, {} (1, 5, 20: labels a class with the learner {LEARNER}; flash and \
                 scratch in bytes; instructions a window predicted for a Cortex-M4; s: training)",
                if runs > 1 {
                    format!("mean and deviation of {runs} runs")
                } else {
                    "one run".into()
                }
            ),
            header: header.map(String::from).to_vec(),
            rows: lines.iter().map(texts).collect(),
        };
        let measures = FEW.map(|k| {
            if k == 1 {
                "1 label".into()
            } else {
                format!("{k} labels")
            }
        });
        Ok(Self {
            table,
            runs,
            lines: lines.into_iter().map(|(line, ..)| line).collect(),
            measures: measures.into_iter().chain(["all labels".into()]).collect(),
        })
    }

    /// Which encoder is ahead at each measure, and whether that is more than noise.
    pub fn findings(&self) -> Vec<String> {
        let measure = |(at, name): (usize, &String)| {
            let of = |line: &Line| line.accuracy.get(at).cloned().flatten();
            let mut encoders: Vec<(&Line, Estimate)> = self
                .lines
                .iter()
                .filter(|line| line.learned)
                .filter_map(|line| Some((line, of(line)?)))
                .collect();
            encoders.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean));
            let (best, estimate) = encoders.first()?;
            let versus = encoders.get(1).map_or(String::new(), |(second, other)| {
                let lead = 100.0 * (estimate.mean - other.mean);
                let noise = if self.runs < 2 {
                    "; one run says nothing about noise, add --seeds 3"
                } else if lead < 100.0 * estimate.deviation.max(other.deviation) {
                    "; less than runs differ among themselves"
                } else {
                    ""
                };
                format!(", {lead:.1} points before {}{noise}", second.name)
            });
            Some(format!(
                "{name}: {} is ahead with {:.1} %{versus}.",
                best.name,
                100.0 * estimate.mean
            ))
        };
        self.measures
            .iter()
            .enumerate()
            .filter_map(measure)
            .collect()
    }

    /// Writes the page and its plot into `folder`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), CliError> {
        let marks = |line: &Line| {
            let mark =
                |e: &Option<Estimate>| e.as_ref().map(|e| [e.mean, e.deviation].map(|v| 100.0 * v));
            Compared {
                name: line.name.clone(),
                marks: line.accuracy.iter().map(mark).collect(),
            }
        };
        let marks: Vec<Compared> = self.lines.iter().map(marks).collect();
        let plot = compare_plot(
            "Encoders in int8, and their controls",
            &self.measures,
            &marks,
        );
        atomic::write(&folder.join("compare.svg"), plot.as_bytes())?;
        let mut findings = self.findings();
        let headline = if findings.is_empty() {
            "There are no labels to compare accuracies with.".into()
        } else {
            findings.remove(findings.len().min(2) - 1)
        };
        let verdict = Verdict {
            headline,
            findings,
            next: Vec::new(),
        };
        let page = Page {
            title: "Comparison",
            verdict: &verdict,
            figures: &[plot],
            tables: std::slice::from_ref(&self.table),
            config: "",
        };
        let html = page
            .render()
            .map_err(|e| CliError::Config(format!("{PAGE}: {e}")))?;
        Ok(atomic::write(&folder.join(PAGE), html.as_bytes())?)
    }
}

/// Parameters, flash, scratch, instructions and seconds of an encoder.
fn costs(row: &Row) -> [String; 5] {
    let Some(first) = row.cells.first() else {
        return Default::default();
    };
    let seconds = row.cells.iter().map(|c| c.seconds).sum::<f32>() / row.cells.len() as f32;
    [
        group(first.parameters as u64),
        group(first.flash as u64),
        group(first.scratch as u64),
        first.instructions.map_or_else(String::new, group),
        format!("{seconds:.0}"),
    ]
}
