//! Several encoders and controls beside each other: one line each, a mark for every measure.

use super::axes::{Axes, SMALL};
use super::svg::{Anchor, GRID, INK, MARKERS, PALETTE, Svg, shorten};

/// One line of the picture.
#[derive(Clone, PartialEq, Debug)]
pub struct Compared {
    /// What was measured.
    pub name: String,
    /// Mean and deviation in %, for each measure that there is.
    pub marks: Vec<Option<[f32; 2]>>,
}

/// Height of a line.
const LINE: f32 = 44.0;

/// The picture as SVG; `measures` names the marks of each line. Says so in words if there is nothing to show.
pub fn compare_plot(title: &str, measures: &[String], lines: &[Compared]) -> String {
    let values = || lines.iter().flat_map(|line| line.marks.iter().flatten());
    let low = values()
        .map(|[mean, spread]| mean - spread)
        .fold(90.0, f32::min);
    let top = 96.0;
    let height = LINE * lines.len().max(1) as f32;
    let axes = Axes {
        frame: [20.0, top, 620.0, top + height],
        x: [((low - 2.0) / 10.0).floor().max(0.0) * 10.0, 100.0],
        y: [0.0, 1.0],
    };
    let mut svg = Svg::new(640.0, top + height + 64.0);
    svg.text([20.0, 30.0], Anchor::Start, 21.0, INK, title);
    let look = |measure: usize| {
        (
            PALETTE[measure % PALETTE.len()],
            MARKERS[measure % MARKERS.len()],
        )
    };
    let share = 600.0 / measures.len().max(1) as f32;
    for (measure, name) in measures.iter().enumerate() {
        let (colour, marker) = look(measure);
        let x = 20.0 + measure as f32 * share;
        svg.marker([x + 8.0, 54.0], marker, 7.0, colour, 1.0);
        let name = shorten(name, share - 24.0, SMALL);
        svg.text([x + 20.0, 60.0], Anchor::Start, SMALL, INK, &name);
    }
    if values().next().is_none() {
        let words = "there are no labels to measure with";
        svg.text([320.0, top + 26.0], Anchor::Middle, SMALL, INK, words);
        return svg.finish(title);
    }
    let ticks = super::axes::ticks(axes.x, 6);
    for tick in &ticks {
        let [x, _] = axes.place(*tick, 0.0);
        svg.line([x, top - 8.0], [x, top + height], GRID, 1.0);
    }
    for (at, line) in lines.iter().enumerate() {
        let y = top + LINE * at as f32;
        let name = shorten(&line.name, 560.0, SMALL);
        svg.text([20.0, y + 12.0], Anchor::Start, SMALL, INK, &name);
        let y = y + 28.0;
        svg.line([20.0, y], [620.0, y], GRID, 1.0);
        for (measure, mark) in line.marks.iter().enumerate() {
            let Some([mean, spread]) = *mark else {
                continue;
            };
            let (colour, marker) = look(measure);
            let ends = [mean - spread, mean + spread].map(|v| v.clamp(axes.x[0], axes.x[1]));
            let [from, to] = ends.map(|value| [axes.place(value, 0.0)[0], y]);
            svg.line(from, to, colour, 2.0);
            svg.marker([axes.place(mean, 0.0)[0], y], marker, 7.0, colour, 1.0);
        }
    }
    let labels: Vec<_> = ticks.iter().map(|t| (*t, format!("{t:.0}"))).collect();
    axes.columns(&mut svg, &labels, "accuracy on held-out windows, %");
    svg.finish(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_lies_in_the_frame_and_names_are_there() {
        let line = |name: &str, marks: Vec<Option<[f32; 2]>>| Compared {
            name: name.into(),
            marks,
        };
        let measures = ["1 label".to_owned(), "linear".to_owned()];
        let svg = compare_plot(
            "Comparison",
            &measures,
            &[
                line("vicreg x1", vec![Some([71.0, 4.0]), Some([99.5, 3.0])]),
                line("<hand>", vec![None, Some([12.0, 20.0])]),
            ],
        );
        assert!(
            svg.contains("&lt;hand&gt;") && svg.contains(">vicreg x1<") && svg.contains(">linear<")
        );
        assert!(!svg.contains("inf") && !svg.contains("NaN"), "{svg}");
        let places = svg.split("x1=\"").skip(1);
        for place in places {
            let x: f32 = place.split('"').next().unwrap().parse().unwrap();
            assert!((20.0..=620.0).contains(&x), "{x}");
        }
        let nothing = compare_plot("Comparison", &measures, &[line("a", vec![None, None])]);
        assert!(nothing.contains("no labels to measure with"));
    }
}
