//! What the DSP instructions compute, in plain Rust: the law for [`cortex`](super), and how packed images run elsewhere.

use super::Activations;
use super::patch::{Band, Copies, Lines, Plane, Splits, Strip, Sweep, taps};
use super::pool::{self, Under, sums};

/// `SXTB16`: bytes 0 and 2 of `word`, sign-extended to its halves; bytes 1 and 3 with `ROR #8` before.
fn sxtb16(word: u32) -> u32 {
    let half = |byte: u32| u32::from(i16::from(byte as u8 as i8) as u16);
    half(word) | half(word >> 16) << 16
}

/// `SMLAD`: two products of signed halves, added to `acc`.
fn smlad(a: u32, b: u32, acc: i32) -> i32 {
    let product = |a: u32, b: u32| i32::from(a as u16 as i16) * i32::from(b as u16 as i16);
    acc.wrapping_add(product(a, b))
        .wrapping_add(product(a >> 16, b >> 16))
}

/// Four bytes from `at` on, zeros where the input ends.
fn word_at(input: &[i8], at: usize) -> u32 {
    let byte = |i: usize| input.get(at + i).map_or(0, |&x| x as u8);
    u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)])
}

/// Sets the words of one group of one pixel, `stride` apart.
fn widen(word: u32, patch: &mut [u32], at: usize, stride: usize) {
    for (i, value) in [sxtb16(word), sxtb16(word >> 8)].into_iter().enumerate() {
        if let Some(slot) = patch.get_mut(at + i * stride) {
            *slot = value;
        }
    }
}

/// Copies runs of the input for four pixels, if all of them lie in the input; whether they do.
pub(crate) fn gather(input: &[i8], copies: &Copies, patch: &mut [u32]) -> bool {
    if copies.rows == 0
        || copies.groups <= usize::from(copies.half)
        || !copies.fit(input.len())
        || patch.len() < copies.words()
    {
        return false;
    }
    let row_words = copies.words() / copies.rows;
    for (row, patch) in patch
        .chunks_exact_mut(row_words)
        .take(copies.rows)
        .enumerate()
    {
        for (pixel, &start) in copies.starts.iter().enumerate() {
            for group in 0..copies.groups {
                let word = word_at(input, start + row * copies.pitch + 4 * group);
                // The word that a half group lacks falls behind the row.
                widen(word, patch, 8 * group + pixel, 4);
            }
        }
    }
    true
}

/// Widens one row of `values`, whose length is a multiple of 4, as pixel `pixel` of a patch; `half` as in [`Copies`].
pub(crate) fn widen_pixel(values: &[i8], _half: bool, pixel: usize, patch: &mut [u32]) {
    if pixel < 4 {
        for group in 0..values.len() / 4 {
            widen(word_at(values, 4 * group), patch, 8 * group + pixel, 4);
        }
    }
}

/// Widens `values`, whose length is a multiple of 4, to half as many words.
pub(crate) fn widen_all(values: &[i8], words: &mut [u32]) {
    if words.len() >= values.len() / 2 {
        for group in 0..values.len() / 4 {
            widen(word_at(values, 4 * group), words, 2 * group, 1);
        }
    }
}

/// The two sums of a pair of channels: `x` holds `256 * first + second`; doubled, as `requantize` wants them.
fn part([x, second]: [i32; 2]) -> [i32; 2] {
    [x.wrapping_sub(second) >> 7, second.wrapping_shl(1)]
}

/// TFLite's rounding on a doubled sum, from a multiplier, its rounding term with the zero point, and a right shift.
fn requantize(doubled: i32, [multiplier, round, shift]: [u32; 3]) -> i8 {
    let product = i64::from(doubled) * i64::from(multiplier as i32);
    let high = ((product + (1 << 31)) >> 32) as i32;
    let sum = high.wrapping_add(high >> 31).wrapping_add(round as i32);
    (sum >> (shift & 31)).clamp(-128, 127) as i8
}

fn accumulate(word: u32, x: u32, [first, second]: [i32; 2]) -> [i32; 2] {
    [smlad(x, word, first), smlad(x, sxtb16(word), second)]
}

/// Parts of a stream of pairs: two starts, one word of weights for each word of a pixel, and two times three numbers.
type Pair<'a> = ([i32; 2], &'a [u32], [u32; 6]);

fn pair(stream: &[u32], words: usize) -> Option<Pair<'_>> {
    let (starts, rest) = stream.split_first_chunk::<2>()?;
    let (weights, rest) = rest.split_at_checked(words)?;
    let numbers = rest.first_chunk::<6>()?;
    Some((starts.map(|s| s as i32), weights, *numbers))
}

/// Four pixels times every pair of channels in `stream`; pixel `p` of pair `j` goes to `output[p * stride + 2 * j]`
/// and the place after it.
///
/// `_positive` says that the output's zero point is -128, which spares the instructions some work.
pub(crate) fn block(
    patch: &[u32],
    stream: &[u32],
    output: &mut [i8],
    stride: usize,
    _positive: bool,
) {
    let words = patch.len() / 4;
    for (j, pair_stream) in stream.chunks_exact(words + 8).enumerate() {
        let Some((starts, weights, numbers)) = pair(pair_stream, words) else {
            return;
        };
        for pixel in 0..4 {
            let acc = weights
                .iter()
                .zip(patch.chunks_exact(4))
                .fold(starts, |acc, (&word, x)| accumulate(word, x[pixel], acc));
            let at = pixel * stride + 2 * j;
            finish(part(acc), &numbers, output.get_mut(at..at + 2));
        }
    }
}

/// For each group of `sweep`: gathers `copies` into the patch, then multiplies as [`block`].
pub(crate) fn sweep(
    activations: &mut Activations<'_, i8>,
    copies: &Copies,
    patch: &mut [u32],
    stream: &[u32],
    sweep: &Sweep,
) {
    let mut copies = *copies;
    for group in 0..sweep.groups {
        let inside = patch.get_mut(sweep.above..).unwrap_or_default();
        if !gather(activations.input(), &copies, inside) {
            return;
        }
        let at = sweep.at + 4 * group * sweep.stride;
        let output = activations.output().get_mut(at..).unwrap_or_default();
        block(patch, stream, output, sweep.stride, sweep.positive);
        copies.starts = copies.starts.map(|start| start + sweep.advance);
    }
}

/// Widens the pixels of `strip`, if all of it lies in the input; whether it does.
pub(crate) fn strip(input: &[i8], strip: &Strip, patch: &mut [u32]) -> bool {
    if strip.rows == 0 || !strip.fits(0, input.len()) {
        return false;
    }
    let rows = patch.chunks_exact_mut(strip.row_words());
    for (row, words) in rows.take(strip.rows).enumerate() {
        for pixel in 0..strip.pixels {
            let start = strip.start + row * strip.pitch + pixel * strip.step;
            strip.set(&input[start..start + 4 * strip.groups], pixel, words);
        }
    }
    true
}

/// Two or three neighbouring `outputs` of each row of `band` times every pair of channels in `stream`, from strips of two
/// pixels more; output `p` of pair `j` in row `l` goes to `output[l * pitch + p * stride + 2 * j]` and the place after it.
///
/// For each word of a pixel the stream has three, of the taps over this pixel and the next two.
pub(crate) fn slide(
    patch: &[u32],
    band: &Band,
    outputs: usize,
    stream: &[u32],
    output: &mut [i8],
    stride: usize,
) {
    for line in 0..band.lines {
        let rows = patch.get(line * band.step..).unwrap_or_default();
        let rows = rows.get(..band.words).unwrap_or_default();
        let words = rows.len() / (outputs + 2);
        for (j, pair_stream) in stream.chunks_exact(3 * words + 8).enumerate() {
            let Some((starts, weights, numbers)) = pair(pair_stream, 3 * words) else {
                return;
            };
            for p in 0..outputs {
                let pixels = rows.chunks_exact(outputs + 2);
                let acc =
                    weights
                        .chunks_exact(3)
                        .zip(pixels)
                        .fold(starts, |acc, (taps, pixels)| {
                            let taps = taps.iter().zip(&pixels[p..]);
                            taps.fold(acc, |acc, (&word, &x)| accumulate(word, x, acc))
                        });
                let at = line * band.pitch + p * stride + 2 * j;
                finish(part(acc), &numbers, output.get_mut(at..at + 2));
            }
        }
    }
}

/// For each group of `sweep`: widens `strip` into the patch, then multiplies as [`slide`].
pub(crate) fn slide_sweep(
    activations: &mut Activations<'_, i8>,
    first: &Strip,
    patch: &mut [u32],
    band: &Band,
    stream: &[u32],
    sweep: &Sweep,
) {
    let (mut next, outputs) = (*first, first.pixels - 2);
    for group in 0..sweep.groups {
        let inside = patch.get_mut(sweep.above..).unwrap_or_default();
        if !strip(activations.input(), &next, inside) {
            return;
        }
        let at = sweep.at + outputs * group * sweep.stride;
        let output = activations.output().get_mut(at..).unwrap_or_default();
        slide(patch, band, outputs, stream, output, sweep.stride);
        next.start += sweep.advance;
    }
}

fn finish(sums: [i32; 2], numbers: &[u32; 6], output: Option<&mut [i8]>) {
    let (triples, _) = numbers.as_chunks::<3>();
    for ((out, sum), &triple) in output.unwrap_or_default().iter_mut().zip(sums).zip(triples) {
        *out = requantize(sum, triple);
    }
}

/// One widened pixel times eight channels at a time: a stream holds eight starts, four words of weights for each
/// word of the pixel, and eight times three numbers.
pub(crate) fn eights(pixel: &[u32], stream: &[u32], output: &mut [i8]) {
    let len = 4 * pixel.len() + 32;
    for (stream, output) in stream.chunks_exact(len).zip(output.chunks_exact_mut(8)) {
        let (starts, rest) = stream.split_at(8);
        let (weights, numbers) = rest.split_at(4 * pixel.len());
        for pair in 0..4 {
            let start = [starts[2 * pair] as i32, starts[2 * pair + 1] as i32];
            let acc = weights
                .chunks_exact(4)
                .zip(pixel)
                .fold(start, |acc, (words, &x)| accumulate(words[pair], x, acc));
            let numbers = numbers[6 * pair..].first_chunk();
            if let Some(numbers) = numbers {
                finish(part(acc), numbers, output.get_mut(2 * pair..2 * pair + 2));
            }
        }
    }
}

/// One widened pixel times one pair of channels.
pub(crate) fn two(pixel: &[u32], stream: &[u32]) -> [i8; 2] {
    let mut output = [0; 2];
    if let Some((starts, weights, numbers)) = pair(stream, pixel.len()) {
        let acc = weights
            .iter()
            .zip(pixel)
            .fold(starts, |acc, (&word, &x)| accumulate(word, x, acc));
        finish(part(acc), &numbers, Some(&mut output));
    }
    output
}

/// Splits pairs of four channels into planes of words: word `i` of a line of plane `k` holds channel `k` of group `i` of
/// the first lines, and of the second lines above it.
pub(crate) fn split(lines: [Lines<'_>; 2], splits: &Splits, planes: &mut [u32]) {
    for row in 0..splits.lines {
        for i in 0..splits.count {
            for channel in 0..4 {
                let value = |line: Lines<'_>| {
                    let at = row * line.pitch + i * line.step + channel;
                    let x = line.values.get(at).copied();
                    u32::from(i16::from(x.unwrap_or(0)) as u16)
                };
                let at = channel * splits.plane + row * splits.row + i;
                if let Some(word) = planes.get_mut(at) {
                    let [first, second] = lines.map(value);
                    *word = first | second << 16;
                }
            }
        }
    }
}

/// Neighbouring channels of a depthwise convolution, each over its plane, one plane behind the other.
pub(crate) fn three(
    planes: &[u32],
    plane: &Plane,
    channels: &[[u32; 7]],
    output: &mut [i8],
    _positive: bool,
) {
    for (k, (numbers, words)) in channels
        .iter()
        .zip(planes.chunks_exact(plane.words()))
        .enumerate()
    {
        channel(
            words,
            plane,
            numbers,
            output.get_mut(k..).unwrap_or_default(),
        );
    }
}

/// One channel: word `s * (lines + 2) + l` holds values `2s` and `2s + 1` of line `l`.
fn channel(words: &[u32], plane: &Plane, numbers: &[u32; 7], output: &mut [i8]) {
    let &[start, multiplier, round, shift, ..] = numbers;
    let weights = taps(numbers);
    let row = plane.lines + 2;
    for line in 0..plane.lines {
        for i in 0..plane.count {
            let value = |row_tap: usize, tap: usize| {
                let at = (i + tap) / 2 * row + line + row_tap;
                (words.get(at).copied().unwrap_or(0) >> (16 * ((i + tap) % 2))) as u16 as i16
            };
            let mut acc = start as i32;
            for row_tap in 0..3 {
                let [ab, bc] = [weights[2 * row_tap], weights[2 * row_tap + 1]];
                for (tap, w) in [ab as i16, (ab >> 16) as i16, (bc >> 16) as i16]
                    .into_iter()
                    .enumerate()
                {
                    acc = acc.wrapping_add(i32::from(w) * i32::from(value(row_tap, tap)));
                }
            }
            let at = line * plane.line_stride + i * plane.pair_stride;
            if let Some(out) = output.get_mut(at) {
                *out = requantize(acc, [multiplier, round, shift]);
            }
        }
    }
}

/// `table[looked_up] + other * 2^20`, requantized.
fn sum(table: &[u32; 256], looked_up: i8, other: i8, numbers: [u32; 3]) -> i8 {
    let entry = table[usize::from(looked_up as u8)] as i32;
    requantize(entry.wrapping_add(i32::from(other) << 20), numbers)
}

/// Sums of two tensors; the table holds twice what a value of the first adds, and every constant.
pub(crate) fn add(
    table: &[u32; 256],
    looked_up: &[i8],
    other: &[i8],
    output: &mut [i8],
    numbers: [u32; 3],
    _positive: bool,
) {
    for ((out, &x), &y) in output.iter_mut().zip(looked_up).zip(other) {
        *out = sum(table, x, y, numbers);
    }
}

/// The same, over the tensor that is looked up.
pub(crate) fn add_over_table(
    table: &[u32; 256],
    looked_up: &mut [i8],
    other: &[i8],
    numbers: [u32; 3],
    _positive: bool,
) {
    for (x, &y) in looked_up.iter_mut().zip(other) {
        *x = sum(table, *x, y, numbers);
    }
}

/// The same, over the other tensor.
pub(crate) fn add_over_other(
    table: &[u32; 256],
    looked_up: &[i8],
    other: &mut [i8],
    numbers: [u32; 3],
    _positive: bool,
) {
    for (y, &x) in other.iter_mut().zip(looked_up) {
        *y = sum(table, x, *y, numbers);
    }
}

/// Sum of each of eight channels over the pixels under a window.
pub(crate) fn sums8(input: &[i8], under: &Under) -> [i32; 8] {
    sums(input, under)
}

/// Writes the greatest value of each of `channels` channels over the pixels under a window, from `at` on.
pub(crate) fn most(
    activations: &mut Activations<'_, i8>,
    under: &Under,
    at: usize,
    channels: usize,
) {
    pool::most(activations, under, at, channels);
}
