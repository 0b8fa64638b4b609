//! Where a layer reads and writes.

use core::ops::Range;

/// Values that are set before they are written over the input.
const BLOCK: usize = 32;

/// Input and output of one layer.
#[derive(Debug)]
pub(crate) enum Activations<'a, T> {
    /// In two places.
    Apart { input: &'a [T], output: &'a mut [T] },
    /// In one memory, where the output lies over the input: what is written has been read before.
    Over {
        memory: &'a mut [T],
        input: Range<usize>,
        output: Range<usize>,
    },
}

impl<T: Copy + Default> Activations<'_, T> {
    /// Room for what is set but not yet written.
    pub fn block() -> [T; BLOCK] {
        [T::default(); BLOCK]
    }

    /// The input, as far as it is not written over.
    #[inline]
    pub fn input(&self) -> &[T] {
        match self {
            Self::Apart { input, .. } => input,
            Self::Over { memory, input, .. } => memory.get(input.clone()).unwrap_or(&[]),
        }
    }

    /// The output.
    #[inline]
    pub fn output(&mut self) -> &mut [T] {
        match self {
            Self::Apart { output, .. } => output,
            Self::Over { memory, output, .. } => memory.get_mut(output.clone()).unwrap_or_default(),
        }
    }

    /// Sets `len` outputs from `at` on, all together or, through `block`, some at a time: `set` gets the input, how many
    /// came before, and the outputs. It must give outputs apart from each other the same.
    #[inline(always)]
    pub fn set(
        &mut self,
        block: &mut [T; BLOCK],
        at: usize,
        len: usize,
        mut set: impl FnMut(&[T], usize, &mut [T]),
    ) {
        let mut done = 0;
        while done < len {
            let at = at + done;
            let (input, part): (&[T], Option<&mut [T]>) = match self {
                Self::Apart { input, output } => (
                    input,
                    output.get_mut(at..).and_then(|rest| rest.get_mut(..len)),
                ),
                Self::Over { memory, input, .. } => (
                    memory.get(input.clone()).unwrap_or(&[]),
                    block.get_mut(..(len - done).min(BLOCK)),
                ),
            };
            let Some(part) = part else {
                return;
            };
            let count = part.len();
            set(input, done, part);
            if let Self::Over { .. } = self
                && let Some(to) = self.output().get_mut(at..)
            {
                copy(block, to, count);
            }
            done += count.max(1);
        }
    }

    /// Where both lie, and how many values they have.
    #[cfg(mote_dsp)]
    #[inline]
    pub fn raw(&mut self) -> [(*mut T, usize); 2] {
        match self {
            Self::Apart { input, output } => [
                (input.as_ptr().cast_mut(), input.len()),
                (output.as_mut_ptr(), output.len()),
            ],
            Self::Over {
                memory,
                input,
                output,
            } => {
                let len = memory.len();
                let start = memory.as_mut_ptr();
                [input, output].map(|range| {
                    let inside = range.start.min(len)..range.end.min(len);
                    (start.wrapping_add(inside.start), inside.len())
                })
            }
        }
    }
}

/// Copies `count` values, or fewer where a slice is shorter; several at a time, so that bytes travel in words.
#[inline]
fn copy<T: Copy>(from: &[T], to: &mut [T], count: usize) {
    let from = from.get(..count).unwrap_or(from);
    let to = to.get_mut(..count).unwrap_or_default();
    let (chunks, rest) = from.as_chunks::<8>();
    let (to_chunks, to_rest) = to.as_chunks_mut::<8>();
    for (to, from) in to_chunks.iter_mut().zip(chunks) {
        *to = *from;
    }
    for (to, from) in to_rest.iter_mut().zip(rest) {
        *to = *from;
    }
}
