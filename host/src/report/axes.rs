//! The frame of a plot: where values lie, grid lines at round numbers, names of both axes.

use super::svg::{Anchor, GRID, INK, Svg};

/// Font size of tick labels and axis names.
pub(super) const SMALL: f32 = 17.0;
/// Font size of titles.
pub(super) const LARGE: f32 = 21.0;

/// Maps values to places in a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes {
    /// Left, top, right, bottom of the frame in the picture.
    pub frame: [f32; 4],
    /// Values at left and right.
    pub x: [f32; 2],
    /// Values at bottom and top.
    pub y: [f32; 2],
}

impl Axes {
    pub fn place(&self, x: f32, y: f32) -> [f32; 2] {
        let [left, top, right, bottom] = self.frame;
        let share = |v: f32, [from, to]: [f32; 2]| (v - from) / (to - from).max(f32::MIN_POSITIVE);
        [
            left + share(x, self.x) * (right - left),
            bottom - share(y, self.y) * (bottom - top),
        ]
    }

    pub fn title(&self, svg: &mut Svg, text: &str) {
        svg.text(
            [self.frame[0], self.frame[1] - 18.0],
            Anchor::Start,
            LARGE,
            INK,
            text,
        );
    }

    /// Horizontal grid lines with their values, and the axis' name above them.
    pub fn rows(&self, svg: &mut Svg, label: impl Fn(f32) -> String) {
        let [left, _, right, _] = self.frame;
        for tick in ticks(self.y, 5) {
            let [_, y] = self.place(0.0, tick);
            svg.line([left, y], [right, y], GRID, 1.0);
            svg.text([left - 8.0, y + 6.0], Anchor::End, SMALL, INK, &label(tick));
        }
    }

    /// Labels under the frame at given values.
    pub fn columns(&self, svg: &mut Svg, labels: &[(f32, String)], name: &str) {
        let [left, _, right, bottom] = self.frame;
        svg.line([left, bottom], [right, bottom], INK, 1.5);
        for (value, label) in labels {
            let [x, _] = self.place(*value, 0.0);
            svg.line([x, bottom], [x, bottom + 5.0], INK, 1.5);
            svg.text([x, bottom + 23.0], Anchor::Middle, SMALL, INK, label);
        }
        svg.text(
            [f32::midpoint(left, right), bottom + 47.0],
            Anchor::Middle,
            SMALL,
            INK,
            name,
        );
    }
}

/// About `count` round values that lie within `range`.
pub(super) fn ticks([from, to]: [f32; 2], count: usize) -> Vec<f32> {
    let span = f64::from(to) - f64::from(from);
    if !span.is_finite() || span <= 0.0 || count == 0 {
        return Vec::new();
    }
    let rough = span / count as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = power
        * [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .find(|s| s * power >= rough * 0.999)
            .unwrap_or(10.0);
    let first = (f64::from(from) / step - 1e-6).ceil() as i64;
    let last = (f64::from(to) / step + 1e-6).floor() as i64;
    (first..=last.min(first + 50))
        .map(|i| (i as f64 * step) as f32)
        .collect()
}

/// A number as short as its size allows.
pub(super) fn short(value: f32) -> String {
    match value.abs() {
        v if v >= 1e4 => format!("{}k", (value / 1e3).round()),
        v if v >= 10.0 || v == 0.0 => format!("{value:.0}"),
        v if v >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks([0.0, 100.0], 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks([0.37, 0.93], 5), [0.4, 0.6, 0.8]);
        assert_eq!(ticks([1.0, 1.0], 5), [0.0; 0]);
        assert_eq!(ticks([f32::NAN, 1.0], 5), [0.0; 0]);
    }
}
