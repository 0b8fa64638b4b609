//! Who lives where when in scratch: a row a layer, a column a piece of memory.

use super::image_table::{group, name};
use mote_core::image::{LayerInfo, ModelImage};
use std::ops::Range;

/// Columns that scratch is drawn in.
const COLUMNS: usize = 56;
/// The output of layer 0, 1, ...; there are at most 48 layers.
const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const INPUT: char = '<';
const WORK: char = '~';
const BOTH: char = '=';
const FREE: char = '.';

/// A tensor, or the working memory of a layer, for as long as it must not be touched.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Resident {
    sign: char,
    /// In bytes.
    place: Range<usize>,
    first: usize,
    last: usize,
}

/// A caption, one line a layer with the bytes in use while it runs, and what the signs mean.
pub fn scratch_map(image: &ModelImage<'_>) -> Vec<String> {
    let value = image.format().value_len();
    let len = image.scratch_len() * value;
    let residents = residents(image);
    let mut lines = vec![format!(
        "scratch, {} bytes; a column is {} bytes, a row is a layer, a sign is who lives there while it runs",
        group(len as u64),
        group(len.div_ceil(COLUMNS) as u64)
    )];
    lines.extend(image.layers().map(|layer| {
        let here: Vec<&Resident> = residents
            .iter()
            .filter(|r| (r.first..=r.last).contains(&layer.index))
            .collect();
        format!(
            "{} {:<22} |{}| {:>9}",
            sign(layer.index + 1),
            name(&layer.layer),
            drawn(&here, len),
            group(in_use(&here) as u64)
        )
    }));
    lines.push(format!(
        "{INPUT} input, 0 1 2 ... output of that layer, {WORK} working memory, {BOTH} output over an input it replaces, \
         {FREE} free"
    ));
    lines
}

/// The layer while which most bytes of scratch are in use, and how many.
pub fn fullest(image: &ModelImage<'_>) -> (usize, usize) {
    let residents = residents(image);
    let used = |layer: LayerInfo<'_>| {
        let here = residents
            .iter()
            .filter(|r| (r.first..=r.last).contains(&layer.index));
        (layer.index, in_use(&here.collect::<Vec<_>>()))
    };
    // The first of equals.
    let later =
        |best: (usize, usize), this: (usize, usize)| if this.1 > best.1 { this } else { best };
    image.layers().map(used).fold((0, 0), later)
}

fn sign(tensor: usize) -> char {
    match tensor.checked_sub(1) {
        None => INPUT,
        Some(layer) => char::from(LETTERS[layer % LETTERS.len()]),
    }
}

fn residents(image: &ModelImage<'_>) -> Vec<Resident> {
    let value = image.format().value_len();
    let count = image.layer_count();
    let mut residents: Vec<Resident> = (0..=count)
        .map(|tensor| {
            let range = image.tensor(tensor).range();
            let born = tensor.saturating_sub(1);
            Resident {
                sign: sign(tensor),
                place: range.start * value..range.end * value,
                first: born,
                last: if tensor == count { count } else { born },
            }
        })
        .collect();
    for layer in image.layers() {
        for read in std::iter::once(layer.layer.input).chain(layer.layer.op.other()) {
            residents[usize::from(read.0)].last = layer.index;
        }
        if let Some(work) = layer.work {
            residents.push(Resident {
                sign: WORK,
                place: work.range(),
                first: layer.index,
                last: layer.index,
            });
        }
    }
    residents
}

/// Bytes that at least one of them takes.
fn in_use(here: &[&Resident]) -> usize {
    let mut places: Vec<Range<usize>> = here.iter().map(|r| r.place.clone()).collect();
    places.sort_by_key(|place| place.start);
    let (mut sum, mut end) = (0, 0);
    for place in places {
        sum += place.end.saturating_sub(place.start.max(end));
        end = end.max(place.end);
    }
    sum
}

fn drawn(here: &[&Resident], len: usize) -> String {
    let column = len.div_ceil(COLUMNS).max(1);
    let cell = |i: usize| {
        let cell = i * column..(i + 1) * column;
        let share = |place: &Range<usize>| {
            place
                .end
                .min(cell.end)
                .saturating_sub(place.start.max(cell.start))
        };
        let mut owners: Vec<(usize, &Resident)> = here
            .iter()
            .map(|r| (share(&r.place), *r))
            .filter(|(share, _)| *share > 0)
            .collect();
        owners.sort_by_key(|(share, _)| usize::MAX - share);
        match owners[..] {
            [] => FREE,
            [(_, a), (_, b), ..]
                if share(&(a.place.start.max(b.place.start)..a.place.end.min(b.place.end))) > 0 =>
            {
                BOTH
            }
            [(_, a), ..] => a.sign,
        }
    };
    (0..len.div_ceil(column)).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_shows_what_its_layer_reads_and_writes() {
        let bytes = include_bytes!("../../../core/tests/golden/conv1d.image");
        let image = ModelImage::parse(bytes).unwrap();
        let map = scratch_map(&image);
        assert_eq!(map.len(), image.layer_count() + 2);
        for (layer, row) in image.layers().zip(&map[1..]) {
            let drawing = row.split('|').nth(1).unwrap();
            assert!(drawing.len() <= COLUMNS, "{row}");
            for tensor in [usize::from(layer.layer.input.0), layer.index + 1] {
                let seen = drawing.contains(sign(tensor)) || drawing.contains(BOTH);
                // A tensor smaller than half a column may hide behind its neighbour.
                let small =
                    image.tensor(tensor).shape.len() < image.scratch_len().div_ceil(COLUMNS);
                assert!(seen || small, "no {} in {row}", sign(tensor));
            }
            assert_eq!(drawing.contains(WORK), layer.work.is_some(), "{row}");
        }
        let (layer, used) = fullest(&image);
        let layer = image.layer(layer).unwrap();
        // An output may lie over its whole input, so the larger of the two is the least.
        let least = layer.input.shape.len().max(layer.output.shape.len());
        assert!(
            (least..=image.scratch_len()).contains(&used),
            "{used} for {least}"
        );
    }

    #[test]
    fn overlaps_are_counted_once() {
        let resident = |place| Resident {
            sign: 'x',
            place,
            first: 0,
            last: 0,
        };
        let [a, b, c] = [0..10, 5..20, 30..40].map(resident);
        assert_eq!(in_use(&[&a, &b, &c]), 30);
        assert_eq!(
            drawn(&[&a, &c], 56),
            format!(
                "{}{}{}{}",
                "x".repeat(10),
                ".".repeat(20),
                "x".repeat(10),
                ".".repeat(16)
            )
        );
        assert_eq!(&drawn(&[&a, &b], 56)[..20], "xxxxx=====xxxxxxxxxx");
    }
}
