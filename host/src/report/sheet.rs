//! Pictures side by side as one PNG, and that as a figure of the page.

use super::svg::{Anchor, INK, Svg};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageError, ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

/// Pixels on the screen for each of a picture.
const ZOOM: u32 = 3;
/// White pixels between two pictures.
const GAP: u32 = 4;
/// Width of the figure.
const WIDTH: f32 = 640.0;

/// Pictures of one size.
pub struct Sheet<'a> {
    /// For each row of the sheet its pictures, `H * W * C` values each, 0 to 255; others are cut off.
    pub rows: &'a [Vec<Vec<f32>>],
    /// Height and width in pixels.
    pub size: [u16; 2],
    /// Values of a pixel: 1, or red, green and blue.
    pub channels: usize,
}

impl Sheet<'_> {
    /// The bytes of a PNG file.
    ///
    /// # Errors
    /// If the sheet is too large for PNG.
    pub fn to_png(&self) -> Result<Vec<u8>, ImageError> {
        let [height, width] = self.size.map(u32::from);
        let columns = self.rows.first().map_or(1, Vec::len).max(1) as u32;
        let (wide, high) = (width * ZOOM + GAP, height * ZOOM + GAP);
        let rows = (self.rows.len() as u32).max(1);
        let mut sheet = RgbImage::from_pixel(columns * wide, rows * high, Rgb([255; 3]));
        for (row, pictures) in (0..).zip(self.rows) {
            for (column, picture) in (0..columns).zip(pictures) {
                for (y, x) in
                    (0..height * ZOOM).flat_map(|y| (0..width * ZOOM).map(move |x| (y, x)))
                {
                    let first = (y / ZOOM * width + x / ZOOM) as usize * self.channels;
                    let value = |colour: usize| {
                        let at = first + colour.min(self.channels.saturating_sub(1));
                        picture
                            .get(at)
                            .map_or(0, |value| value.clamp(0.0, 255.0) as u8)
                    };
                    let pixel = Rgb([value(0), value(1), value(2)]);
                    sheet.put_pixel(column * wide + x, row * high + y, pixel);
                }
            }
        }
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(sheet).write_to(&mut bytes, ImageFormat::Png)?;
        Ok(bytes.into_inner())
    }

    /// A figure under `title` with the names of its columns; the picture is part of it.
    ///
    /// # Errors
    /// As [`Self::to_png`].
    pub fn to_svg(&self, title: &str, names: &[String]) -> Result<String, ImageError> {
        let png = self.to_png()?;
        let [height, width] = self
            .size
            .map(|side| f32::from(side) * ZOOM as f32 + GAP as f32);
        let columns = self.rows.first().map_or(1, Vec::len).max(1) as f32;
        let scale = WIDTH / (columns * width);
        let tall = scale * height * self.rows.len().max(1) as f32;
        let mut svg = Svg::new(WIDTH, 72.0 + tall);
        svg.text([4.0, 28.0], Anchor::Start, 21.0, INK, title);
        for (column, name) in names.iter().enumerate() {
            let x = (column as f32 + 0.5) * WIDTH / columns;
            svg.text([x, 60.0], Anchor::Middle, 17.0, INK, name);
        }
        svg.picture([0.0, 72.0], [WIDTH, tall], &STANDARD.encode(png));
        Ok(svg.finish(title))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_side_by_side() {
        let rows = [
            vec![vec![0.0, 300.0], vec![-5.0, 128.0]],
            vec![vec![9.0, 9.0], vec![7.0, 7.0]],
        ];
        let sheet = Sheet {
            rows: &rows,
            size: [1, 2],
            channels: 1,
        };
        let png = image::load_from_memory(&sheet.to_png().unwrap())
            .unwrap()
            .to_rgb8();
        assert_eq!(png.dimensions(), (2 * (2 * 3 + 4), 2 * (3 + 4)));
        for (x, y, value) in [
            (0, 0, 0),
            (3, 2, 255),
            (10, 0, 0),
            (13, 0, 128),
            (5, 7, 9),
            (6, 0, 255),
            (15, 9, 7),
        ] {
            assert_eq!(png.get_pixel(x, y), &Rgb([value; 3]), "{x} {y}");
        }
        let svg = sheet.to_svg("Views", &["a <".into(), "b".into()]).unwrap();
        assert!(svg.contains("href=\"data:image/png;base64,iVBOR") && svg.contains("a &lt;"));
    }
}
