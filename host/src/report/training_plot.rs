//! How training went: loss, and beneath it k-NN accuracy where there are labels, else the rank.

use super::axes::{Axes, short, ticks};
use super::svg::{GREY, PALETTE, Svg};
use crate::eval::TrainingPoint;

/// The picture as SVG; says so in words if there are no finite points.
pub fn training_plot(points: &[TrainingPoint]) -> String {
    let with_knn = points.iter().any(|p| p.knn.is_some());
    let second: Vec<[f32; 2]> = points
        .iter()
        .filter_map(|p| {
            let y = if with_knn {
                p.knn.map(|k| 100.0 * k)
            } else {
                p.rank
            };
            Some([p.step as f32, y?])
        })
        .filter(|p| p[1].is_finite())
        .collect();
    let loss: Vec<[f32; 2]> = points
        .iter()
        .map(|p| [p.step as f32, p.loss])
        .filter(|p| p[1].is_finite())
        .collect();
    let last = points.last().map_or(0, |p| p.step).max(1) as f32;
    let height = if second.is_empty() { 400.0 } else { 680.0 };
    let mut svg = Svg::new(640.0, height);
    panel(&mut svg, 52.0, last, "Training loss", &loss, PALETTE[0]);
    if !second.is_empty() {
        let name = if with_knn {
            "k-NN accuracy on held-out training subjects, %"
        } else {
            "Effective rank of the embedding"
        };
        panel(&mut svg, 392.0, last, name, &second, PALETTE[1]);
    }
    svg.finish("How training went")
}

fn panel(svg: &mut Svg, top: f32, last: f32, name: &str, points: &[[f32; 2]], colour: &str) {
    let (low, high) = points
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), p| {
            (low.min(p[1]), high.max(p[1]))
        });
    let margin = (0.08 * (high - low)).max(1e-3 * high.abs()).max(1e-6);
    let y = if points.is_empty() {
        [0.0, 1.0]
    } else {
        [low - margin, high + margin]
    };
    let axes = Axes {
        frame: [70.0, top, 620.0, top + 230.0],
        x: [0.0, last],
        y,
    };
    axes.title(svg, name);
    axes.rows(svg, short);
    let steps: Vec<_> = ticks([0.0, last], 5)
        .into_iter()
        .map(|t| (t, short(t)))
        .collect();
    axes.columns(svg, &steps, "step");
    if points.is_empty() {
        let at = axes.place(0.5 * last, 0.5);
        svg.text(
            at,
            super::svg::Anchor::Middle,
            17.0,
            GREY,
            "nothing was recorded",
        );
    }
    let line: Vec<_> = points.iter().map(|p| axes.place(p[0], p[1])).collect();
    svg.polyline(&line, colour, 2.5, false);
    if let Some(&end) = line.last() {
        svg.marker(end, super::svg::Marker::Circle, 5.0, colour, 1.0);
    }
}
