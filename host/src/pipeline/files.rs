//! Plots and the report page of a run.

use super::{Experiment, Learned, PipelineError, Shown};
use crate::data::Kind;
use crate::eval::Summary;
use crate::report::{
    Page, Table, Verdict, confusion_plot, few_label_plot, map, map_plot, training_plot,
};
use crate::run::{RunConfig, RunDir};

/// Windows that the report shows beside their views.
const VIEWED: usize = 4;

/// What the report shows.
pub struct Made<'a> {
    pub experiment: &'a Experiment,
    pub learned: &'a Learned,
    pub summary: &'a Summary,
    pub tables: &'a [Table],
    pub verdict: &'a Verdict,
    pub config: &'a RunConfig,
}

/// Writes the plots as SVG, and all of them with the tables as `report.html`.
pub fn write_report(dir: &RunDir, made: &Made<'_>) -> Result<(), PipelineError> {
    let mut figures = vec![("training.svg", training_plot(&made.learned.points))];
    if made.summary.majority.is_some() {
        figures.push((
            "few-label.svg",
            few_label_plot(made.summary, super::job::LEARNER),
        ));
    }
    figures.push(("map.svg", embedding_map(made)?));
    let learned = made.summary.role(&crate::eval::Role::Learned);
    if let Some(confusion) = learned.and_then(|set| set.confusion.as_ref()) {
        figures.push(("confusion.svg", confusion_plot(confusion)));
    }
    let experiment = made.experiment;
    if let Some(shown) = &made.learned.inpainted {
        let title = "Held-out windows, and what the decoder fills in";
        figures.push(("inpainted.svg", shown.to_svg(title, experiment)?));
    }
    if experiment.dataset.kind != Kind::Symbols {
        let views = Shown::views(experiment, made.config, VIEWED, 1)?;
        let title = "Windows, and what the views make of them";
        figures.push(("views.svg", views.to_svg(title, experiment)?));
    }
    for (name, svg) in &figures {
        dir.write(name, svg.as_bytes())?;
    }
    let figures: Vec<String> = figures.into_iter().map(|(_, svg)| svg).collect();
    let title = dir.path().file_name().unwrap_or_default().to_string_lossy();
    let page = Page {
        title: &title,
        verdict: made.verdict,
        figures: &figures,
        tables: made.tables,
        config: &made.config.to_toml()?,
    };
    let html = page
        .render()
        .map_err(|e| PipelineError::Config(format!("report.html: {e}")))?;
    dir.write("report.html", html.as_bytes())?;
    Ok(())
}

/// Where the held-out windows lie, on axes fitted to the training windows.
fn embedding_map(made: &Made<'_>) -> Result<String, PipelineError> {
    let split = &made.experiment.split;
    let embeddings = made.learned.embeddings.clone().unit_length();
    let places = map(&split.pool(&embeddings)?.embeddings, &embeddings)?;
    let facts = split.facts();
    let mut is_test = vec![true; facts.rows()];
    split
        .pool_rows()
        .iter()
        .for_each(|&row| is_test[row] = false);
    let rows: Vec<usize> = (0..facts.rows()).filter(|&row| is_test[row]).collect();
    let places: Vec<[f32; 2]> = rows.iter().map(|&row| places[row]).collect();
    let labels: Vec<Option<usize>> = rows.iter().map(|&row| facts.labels[row]).collect();
    Ok(map_plot(&places, &labels, &facts.label_names))
}
