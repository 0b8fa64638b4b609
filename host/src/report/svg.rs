//! A picture made of lines, boxes, dots and words. Text stays text and the size is relative, so it is
//! sharp and readable on a phone; no font is needed on this machine.

use std::fmt::Write;

/// Colour of words and axes.
pub(super) const INK: &str = "#222222";
/// Colour of grid lines.
pub(super) const GRID: &str = "#dddddd";
/// Colour of what stands back.
pub(super) const GREY: &str = "#777777";

/// Colours that people with any colour vision tell apart (Okabe and Ito, *Color Universal Design*, 2008),
/// without the yellow, which vanishes on white.
pub(super) const PALETTE: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

/// Where a word is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The shape of a dot, a second way beside colour to tell series apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
}

/// Every marker.
pub(super) const MARKERS: [Marker; 5] = [
    Marker::Circle,
    Marker::Square,
    Marker::Triangle,
    Marker::Diamond,
    Marker::Cross,
];

/// A picture under construction; units are pixels at full size, y grows downwards.
pub(super) struct Svg {
    width: f32,
    height: f32,
    body: String,
}

impl Svg {
    pub fn new(width: f32, height: f32) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    /// The bytes of an SVG file; `title` is read aloud and shown as a tooltip.
    pub fn finish(self, title: &str) -> String {
        let Self {
            width,
            height,
            body,
        } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" font-family=\"system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif\">\n\
             <title>{}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n",
            escape(title)
        )
    }

    pub fn line(&mut self, from: [f32; 2], to: [f32; 2], colour: &str, width: f32) {
        let ([x1, y1], [x2, y2]) = (from, to);
        self.put(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        ));
    }

    pub fn polyline(&mut self, points: &[[f32; 2]], colour: &str, width: f32, dashed: bool) {
        let path: Vec<String> = points
            .iter()
            .map(|[x, y]| format!("{x:.1},{y:.1}"))
            .collect();
        let dash = if dashed {
            " stroke-dasharray=\"7 5\""
        } else {
            ""
        };
        self.put(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}/>",
            path.join(" ")
        ));
    }

    pub fn rect(&mut self, at: [f32; 2], size: [f32; 2], fill: &str) {
        let ([x, y], [w, h]) = (at, size);
        self.put(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" fill=\"{fill}\"/>"
        ));
    }

    pub fn text(&mut self, at: [f32; 2], anchor: Anchor, size: f32, colour: &str, text: &str) {
        self.turned(at, anchor, size, colour, 0.0, text);
    }

    /// Words turned clockwise by `angle` degrees.
    pub fn turned(
        &mut self,
        at: [f32; 2],
        anchor: Anchor,
        size: f32,
        colour: &str,
        angle: f32,
        text: &str,
    ) {
        let [x, y] = at;
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let turn = if angle == 0.0 {
            String::new()
        } else {
            format!(" transform=\"rotate({angle} {x:.1} {y:.1})\"")
        };
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"{colour}\"{turn}>{}</text>",
            escape(text)
        ));
    }

    pub fn marker(
        &mut self,
        at: [f32; 2],
        marker: Marker,
        radius: f32,
        colour: &str,
        opacity: f32,
    ) {
        let ([x, y], r) = (at, radius);
        let fill = format!("fill=\"{colour}\" fill-opacity=\"{opacity}\"");
        match marker {
            Marker::Circle => self.put(format_args!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\" {fill}/>"
            )),
            Marker::Square => {
                let (a, b, side) = (x - 0.9 * r, y - 0.9 * r, 1.8 * r);
                self.put(format_args!(
                    "<rect x=\"{a:.1}\" y=\"{b:.1}\" width=\"{side:.1}\" height=\"{side:.1}\" {fill}/>"
                ));
            }
            Marker::Triangle => {
                self.polygon(
                    &[
                        [x, y - 1.2 * r],
                        [x + 1.1 * r, y + 0.8 * r],
                        [x - 1.1 * r, y + 0.8 * r],
                    ],
                    &fill,
                );
            }
            Marker::Diamond => {
                let r = 1.25 * r;
                self.polygon(&[[x, y - r], [x + r, y], [x, y + r], [x - r, y]], &fill);
            }
            Marker::Cross => {
                let r = 0.9 * r;
                self.put(format_args!(
                    "<path d=\"M{:.1} {:.1}L{:.1} {:.1}M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{colour}\" \
                     stroke-opacity=\"{opacity}\" stroke-width=\"{:.1}\"/>",
                    x - r, y - r, x + r, y + r, x - r, y + r, x + r, y - r, 0.7 * r
                ));
            }
        }
    }

    /// A PNG in base64, its pixels sharp.
    pub fn picture(&mut self, at: [f32; 2], size: [f32; 2], base64: &str) {
        let ([x, y], [w, h]) = (at, size);
        self.put(format_args!(
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" style=\"image-rendering:pixelated\" \
             href=\"data:image/png;base64,{base64}\"/>"
        ));
    }

    /// A legend in columns from `at` downwards; returns its height. Entries: name, colour, marker.
    pub fn legend(
        &mut self,
        at: [f32; 2],
        columns: usize,
        column_width: f32,
        entries: &[(String, &str, Marker)],
    ) {
        const ROW: f32 = 26.0;
        let rows = legend_rows(entries.len(), columns);
        for (i, (name, colour, marker)) in entries.iter().enumerate() {
            let (column, row) = (i / rows, i % rows);
            let (x, y) = (
                at[0] + column as f32 * column_width,
                at[1] + row as f32 * ROW,
            );
            self.marker([x + 8.0, y - 6.0], *marker, 7.0, colour, 1.0);
            self.text(
                [x + 24.0, y],
                Anchor::Start,
                17.0,
                INK,
                &shorten(name, column_width - 30.0, 17.0),
            );
        }
    }

    fn polygon(&mut self, points: &[[f32; 2]], fill: &str) {
        let points: Vec<String> = points
            .iter()
            .map(|[x, y]| format!("{x:.1},{y:.1}"))
            .collect();
        self.put(format_args!(
            "<polygon points=\"{}\" {fill}/>",
            points.join(" ")
        ));
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{element}");
    }
}

/// Height of a legend of that many entries.
pub(super) fn legend_height(entries: usize, columns: usize) -> f32 {
    26.0 * legend_rows(entries, columns) as f32
}

fn legend_rows(entries: usize, columns: usize) -> usize {
    entries.div_ceil(columns.max(1)).max(1)
}

/// Cuts `text` so that it fits into `width` at that font size, by the width of a common letter.
pub(super) fn shorten(text: &str, width: f32, size: f32) -> String {
    let most = (width / (0.55 * size)).max(2.0) as usize;
    if text.chars().count() <= most {
        text.to_owned()
    } else {
        text.chars().take(most - 1).chain(['…']).collect()
    }
}

/// Characters that mean something in XML, as entities; control characters are dropped.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out() {
        let mut svg = Svg::new(100.0, 50.0);
        svg.text([1.0, 2.0], Anchor::Start, 12.0, INK, "<script>\"&\u{7}");
        let svg = svg.finish("a < b");
        assert!(
            svg.contains("&lt;script&gt;&quot;&amp;</text>")
                && svg.contains("<title>a &lt; b</title>")
        );
    }

    #[test]
    fn long_names_are_cut_at_letters() {
        assert_eq!(shorten("größer", 200.0, 10.0), "größer");
        assert_eq!(shorten("größer als alles", 33.0, 10.0), "größe…");
    }
}
