//! Which label is taken for which, as a table of shaded cells.

use super::svg::{Anchor, GREY, INK, Svg, shorten};
use crate::eval::Confusion;

/// Labels beyond which cells carry no numbers.
const NUMBERED: usize = 16;

/// The picture as SVG: rows are true labels, columns answers; shade and number are per cent of the row.
pub fn confusion_plot(confusion: &Confusion) -> String {
    let count = confusion.labels.len().max(1);
    let cell = (480.0 / count as f32).min(70.0);
    let (left, top, side) = (130.0, 84.0, cell * count as f32);
    let mut svg = Svg::new(640.0, top + side + 120.0);
    svg.text(
        [20.0, 30.0],
        Anchor::Start,
        21.0,
        INK,
        "Which label is taken for which",
    );
    svg.text(
        [20.0, 56.0],
        Anchor::Start,
        17.0,
        GREY,
        "rows: true label; columns: answer; per cent of the row",
    );
    let font = (0.34 * cell).clamp(8.0, 19.0);
    for (row, counts) in confusion.counts.iter().enumerate() {
        let total: u32 = counts.iter().sum();
        let y = top + row as f32 * cell;
        let middle = y + 0.5 * cell + 0.35 * font;
        let name = shorten(&confusion.labels[row], left - 20.0, font.min(17.0));
        svg.text(
            [left - 10.0, middle],
            Anchor::End,
            font.min(17.0),
            INK,
            &name,
        );
        let x = left + (row as f32 + 0.5) * cell;
        let name = shorten(&confusion.labels[row], 140.0, font.min(17.0));
        svg.turned(
            [x, top + side + 22.0],
            Anchor::End,
            font.min(17.0),
            INK,
            -40.0,
            &name,
        );
        for (column, &hits) in counts.iter().enumerate() {
            let share = hits as f32 / total.max(1) as f32;
            let x = left + column as f32 * cell;
            svg.rect([x, y], [cell - 1.0, cell - 1.0], &shade(share));
            if count <= NUMBERED && hits > 0 {
                let colour = if share > 0.5 { "#ffffff" } else { INK };
                let text = format!("{:.0}", 100.0 * share);
                svg.text(
                    [x + 0.5 * cell, middle],
                    Anchor::Middle,
                    font,
                    colour,
                    &text,
                );
            }
        }
    }
    svg.finish("Confusion matrix")
}

/// From almost white to dark blue.
fn shade(share: f32) -> String {
    let mix = |from: f32, to: f32| (from + (to - from) * share.clamp(0.0, 1.0)).round() as u8;
    format!(
        "#{:02x}{:02x}{:02x}",
        mix(244.0, 0.0),
        mix(246.0, 72.0),
        mix(250.0, 128.0)
    )
}
