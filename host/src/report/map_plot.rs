//! The 2-D map of embeddings, coloured by label.

use super::svg::{Anchor, GREY, INK, MARKERS, PALETTE, Svg, legend_height};

/// The picture as SVG. `places` has one entry a window, `labels` its label if it has one.
pub fn map_plot(places: &[[f32; 2]], labels: &[Option<usize>], names: &[String]) -> String {
    const FRAME: [f32; 4] = [20.0, 76.0, 620.0, 576.0];
    let columns = if names.iter().any(|n| n.chars().count() > 14) {
        2
    } else {
        3
    };
    let mut svg = Svg::new(640.0, 606.0 + legend_height(names.len(), columns));
    svg.text(
        [20.0, 30.0],
        Anchor::Start,
        21.0,
        INK,
        "Map of embeddings, held-out windows",
    );
    let about = "each dot a window; axes: the two directions of most variation";
    svg.text([20.0, 56.0], Anchor::Start, 17.0, GREY, about);
    let [left, top, right, bottom] = FRAME;
    for (from, to) in [
        ([left, top], [right, top]),
        ([left, bottom], [right, bottom]),
    ] {
        svg.line(from, to, "#dddddd", 1.0);
    }
    let finite = |p: &&[f32; 2]| p.iter().all(|v| v.is_finite());
    let bounds = |axis: usize| {
        let values = places.iter().filter(finite).map(|p| p[axis]);
        let (low, high) = values.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        });
        if low < high {
            [low, high]
        } else {
            [low - 1.0, low + 1.0]
        }
    };
    let (x, y) = (bounds(0), bounds(1));
    // One scale for both axes: distances on the map mean the same in every direction.
    let scale = ((right - left - 24.0) / (x[1] - x[0])).min((bottom - top - 24.0) / (y[1] - y[0]));
    let centre = [f32::midpoint(left, right), f32::midpoint(top, bottom)];
    let radius = if places.len() > 1500 { 3.5 } else { 5.0 };
    for (place, label) in places.iter().zip(labels).filter(|(p, _)| finite(p)) {
        let at = [
            centre[0] + scale * (place[0] - f32::midpoint(x[0], x[1])),
            centre[1] - scale * (place[1] - f32::midpoint(y[0], y[1])),
        ];
        let (colour, marker) = label.map_or((GREY, MARKERS[0]), look);
        svg.marker(at, marker, radius, colour, 0.65);
    }
    let legend: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(label, name)| (name.clone(), look(label).0, look(label).1))
        .collect();
    svg.legend(
        [left + 4.0, bottom + 36.0],
        columns,
        600.0 / columns as f32,
        &legend,
    );
    svg.finish("Map of embeddings")
}

/// Colour and marker of a label; all differ for the first 35.
fn look(label: usize) -> (&'static str, super::svg::Marker) {
    (
        PALETTE[label % PALETTE.len()],
        MARKERS[(label + label / PALETTE.len()) % MARKERS.len()],
    )
}
