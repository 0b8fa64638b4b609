//! Windows and their views side by side: what do the alterations do to my data?

use super::svg::{Anchor, GREY, GRID, INK, PALETTE, Svg, shorten};

/// Width and height of a panel.
const PANEL: [f32; 2] = [211.0, 120.0];
/// Room for the names above and beside panels.
const MARGIN: [f32; 2] = [4.0, 100.0];

/// Under `title` one row of panels for each of `windows`, each panel a view of `T x C` values, with one line a channel; `names` are
/// those of the columns. All panels of a row have the same scale, so that louder looks louder.
pub fn views_plot(
    title: &str,
    windows: &[Vec<Vec<f32>>],
    names: &[String],
    channels: &[String],
) -> String {
    let columns = names.len().max(1);
    let width = 2.0 * MARGIN[0] + columns as f32 * PANEL[0];
    let height = MARGIN[1] + windows.len() as f32 * PANEL[1];
    let mut svg = Svg::new(width, height);
    svg.text([MARGIN[0], 28.0], Anchor::Start, 21.0, INK, title);
    for (column, name) in names.iter().enumerate() {
        let x = MARGIN[0] + (column as f32 + 0.5) * PANEL[0];
        svg.text([x, 88.0], Anchor::Middle, 17.0, INK, name);
    }
    for (index, channel) in channels.iter().enumerate().take(8) {
        let at = [MARGIN[0] + 78.0 * index as f32, 58.0];
        let channel = shorten(channel, 74.0, 17.0);
        svg.text(at, Anchor::Start, 17.0, colour(index), &channel);
    }
    for (row, views) in windows.iter().enumerate() {
        let values = || views.iter().flatten().filter(|v| v.is_finite());
        let low = values().fold(f32::INFINITY, |a, b| a.min(*b));
        let high = values().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        let span = (high - low).max(1e-6);
        for (column, view) in views.iter().enumerate() {
            let left = MARGIN[0] + column as f32 * PANEL[0];
            let top = MARGIN[1] + row as f32 * PANEL[1];
            let (inner, tall) = (PANEL[0] - 12.0, PANEL[1] - 14.0);
            let zero = top + tall * (high / span).clamp(0.0, 1.0);
            svg.line([left, zero], [left + inner, zero], GRID, 1.0);
            let samples = view.len() / channels.len().max(1);
            for channel in 0..channels.len() {
                let line: Vec<[f32; 2]> = view
                    .iter()
                    .skip(channel)
                    .step_by(channels.len())
                    .enumerate()
                    .filter(|(_, value)| value.is_finite())
                    .map(|(t, value)| {
                        let x = left + inner * t as f32 / samples.saturating_sub(1).max(1) as f32;
                        [x, top + tall * (high - value) / span]
                    })
                    .collect();
                svg.polyline(&line, colour(channel), 1.3, false);
            }
        }
    }
    if windows.is_empty() {
        let at = [0.5 * width, 0.5 * height];
        svg.text(at, Anchor::Middle, 17.0, GREY, "there are no windows");
    }
    svg.finish(title)
}

fn colour(channel: usize) -> &'static str {
    PALETTE[channel % PALETTE.len()]
}
