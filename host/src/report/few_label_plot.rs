//! The few-label curve with its controls: accuracy against labels of each class, with deviations.

use super::axes::Axes;
use super::svg::{Anchor, GREY, INK, Marker, PALETTE, Svg, legend_height};
use crate::eval::{Role, SetSummary, Summary};

/// How a set is drawn: the one in question loudest, controls behind it.
struct Style {
    colour: &'static str,
    marker: Marker,
    width: f32,
    dashed: bool,
}

fn style(role: &Role, nth: usize) -> Style {
    let (colour, marker) = match role {
        Role::Learned => (PALETTE[0], Marker::Circle),
        Role::Quantized(_) => (PALETTE[5], Marker::Square),
        Role::HandFeatures if nth > 0 => (PALETTE[4], Marker::Triangle),
        Role::HandFeatures => (PALETTE[1], Marker::Triangle),
        Role::Supervised => (PALETTE[2], Marker::Diamond),
        Role::RandomInit => (GREY, Marker::Cross),
        Role::Other => (PALETTE[3], Marker::Diamond),
    };
    let width = if *role == Role::Learned { 4.0 } else { 2.5 };
    Style {
        colour,
        marker,
        width,
        dashed: nth > 0 || matches!(role, Role::Quantized(_)),
    }
}

/// The curves of all sets under one learner as SVG; says so in words if there are none.
pub fn few_label_plot(summary: &Summary, learner: &str) -> String {
    let drawn: Vec<(&SetSummary, Vec<(usize, f32, f32)>)> = summary
        .sets
        .iter()
        .filter_map(|set| {
            let curve = set.curves.iter().find(|c| c.learner == learner)?;
            let point =
                |(k, e): &(usize, crate::eval::Estimate)| (*k, 100.0 * e.mean, 100.0 * e.deviation);
            Some((set, curve.points.iter().map(point).collect()))
        })
        .collect();
    let mut counts: Vec<usize> = drawn
        .iter()
        .flat_map(|(_, p)| p.iter().map(|p| p.0))
        .collect();
    counts.sort_unstable();
    counts.dedup();
    let height = 500.0 + legend_height(drawn.len(), 1);
    let mut svg = Svg::new(640.0, height);
    let low = drawn
        .iter()
        .flat_map(|(_, p)| p.iter().map(|p| p.1 - p.2))
        .fold(95.0, f32::min);
    let high = drawn
        .iter()
        .flat_map(|(_, p)| p.iter().map(|p| p.1 + p.2))
        .fold(0.0, f32::max);
    let axes = Axes {
        frame: [70.0, 78.0, 620.0, 410.0],
        x: [-0.4, counts.len().max(1) as f32 - 0.6],
        y: [
            ((low - 2.0) / 10.0).floor() * 10.0,
            (high + 2.0).clamp(50.0, 100.0),
        ],
    };
    svg.text(
        [70.0, 30.0],
        Anchor::Start,
        21.0,
        INK,
        "Accuracy on held-out windows, %",
    );
    let spread = if summary.runs > 1 {
        "folds and seeds"
    } else {
        "draws of labels"
    };
    let about = format!("learner: {learner}; bars: deviation over {spread}");
    svg.text([70.0, 56.0], Anchor::Start, 17.0, GREY, &about);
    axes.rows(&mut svg, |v| format!("{v:.0}"));
    let labels: Vec<_> = counts
        .iter()
        .enumerate()
        .map(|(i, k)| (i as f32, k.to_string()))
        .collect();
    axes.columns(&mut svg, &labels, "labelled windows of each class");
    if drawn.is_empty() {
        svg.text(
            [345.0, 240.0],
            Anchor::Middle,
            17.0,
            GREY,
            "there are no labels to learn from",
        );
        return svg.finish("Few-label curve");
    }
    let mut legend = Vec::new();
    // Controls first, so that the encoder lies on top.
    let mut order: Vec<usize> = (0..drawn.len()).collect();
    order.sort_by_key(|&i| drawn[i].0.role == Role::Learned);
    for &i in &order {
        let (set, points) = &drawn[i];
        let nth = drawn[..i]
            .iter()
            .filter(|(s, _)| s.role == set.role)
            .count();
        let style = style(&set.role, nth);
        // Side by side, so that bars do not hide one another.
        let shift = 0.28 * ((i as f32 + 0.5) / drawn.len() as f32 - 0.5);
        let at = |k: usize| counts.iter().position(|&c| c == k).unwrap_or_default() as f32 + shift;
        let line: Vec<_> = points
            .iter()
            .map(|&(k, mean, _)| axes.place(at(k), mean))
            .collect();
        svg.polyline(&line, style.colour, style.width, style.dashed);
        for &(k, mean, deviation) in points {
            let [x, top] = axes.place(at(k), (mean + deviation).min(axes.y[1]));
            let [_, bottom] = axes.place(at(k), (mean - deviation).max(axes.y[0]));
            svg.line([x, top], [x, bottom], style.colour, 1.5);
            svg.marker(
                axes.place(at(k), mean),
                style.marker,
                6.0,
                style.colour,
                1.0,
            );
        }
        let figures: Vec<_> = points.iter().map(|p| format!("{:.0}", p.1)).collect();
        let name = super::svg::shorten(&set.name, 330.0, 17.0);
        legend.push((
            i,
            (
                format!("{name}: {}", figures.join(" / ")),
                style.colour,
                style.marker,
            ),
        ));
    }
    legend.sort_by_key(|(i, _)| *i);
    let legend: Vec<_> = legend.into_iter().map(|(_, entry)| entry).collect();
    svg.legend([70.0, 490.0], 1, 560.0, &legend);
    svg.finish("Few-label curve with controls")
}
