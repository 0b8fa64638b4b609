//! Writes and reads the state inside a snapshot.

use super::{SnapshotError, Values};
use half::f16;

/// Writes a state; counts on when the buffer is full.
pub struct Writer<'a> {
    rest: &'a mut [u8],
    pub(super) len: usize,
    values: Values,
}

impl<'a> Writer<'a> {
    pub(super) fn new(rest: &'a mut [u8], values: Values) -> Self {
        Self {
            rest,
            len: 0,
            values,
        }
    }

    /// Appends bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.len += bytes.len();
        match core::mem::take(&mut self.rest).split_at_mut_checked(bytes.len()) {
            Some((to, rest)) => {
                to.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
                self.rest = rest;
            }
            None => self.rest = &mut [],
        }
    }

    /// Appends an integer.
    pub fn u16(&mut self, x: u16) {
        self.bytes(&x.to_le_bytes());
    }

    /// Appends an integer.
    pub fn u32(&mut self, x: u32) {
        self.bytes(&x.to_le_bytes());
    }

    /// Appends a number exactly.
    pub fn f32(&mut self, x: f32) {
        self.bytes(&x.to_le_bytes());
    }

    /// Appends a vector in the format chosen.
    pub fn vector(&mut self, vector: &[f32]) {
        match self.values {
            Values::F32 => vector.iter().for_each(|&x| self.f32(x)),
            Values::F16 => {
                let scale = power_of_two(vector);
                self.f32(scale);
                for x in vector {
                    self.bytes(&f16::from_f32(x / scale).to_le_bytes());
                }
            }
        }
    }
}

/// The power of two that brings the largest magnitude into `1..2`; 1 for zeros.
fn power_of_two(vector: &[f32]) -> f32 {
    let max = vector
        .iter()
        .fold(0.0f32, |max, x| if x.abs() > max { x.abs() } else { max });
    // The exponent alone; subnormal numbers count as zeros, infinity cannot occur.
    let power = f32::from_bits(max.to_bits() & 0x7F80_0000);
    if power >= f32::MIN_POSITIVE && power.is_finite() {
        power
    } else {
        1.0
    }
}

/// Reads a state, twice: first it only checks and hands back the values passed in, then it hands
/// out the values read.
pub struct Reader<'a> {
    pub(super) rest: &'a [u8],
    pub(super) offset: usize,
    values: Values,
    write: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a [u8], values: Values, offset: usize, write: bool) -> Self {
        Self {
            rest,
            offset,
            values,
            write,
        }
    }

    /// Whether values read are to be kept.
    pub fn writes(&self) -> bool {
        self.write
    }

    /// The error for the byte that comes next.
    pub fn impossible(&self) -> SnapshotError {
        SnapshotError::Value {
            offset: self.offset,
        }
    }

    /// The next `n` bytes, also while checking.
    ///
    /// # Errors
    /// The state ends before.
    pub fn bytes(&mut self, n: usize) -> Result<&'a [u8], SnapshotError> {
        let (bytes, rest) = self.rest.split_at_checked(n).ok_or(self.impossible())?;
        self.rest = rest;
        self.offset += n;
        Ok(bytes)
    }

    /// The next `N` bytes, also while checking.
    ///
    /// # Errors
    /// The state ends before.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let at = self.impossible();
        self.bytes(N)?.try_into().map_err(|_| at)
    }

    /// The next integer, or `old` while checking.
    ///
    /// # Errors
    /// The state ends before.
    pub fn u16(&mut self, old: u16) -> Result<u16, SnapshotError> {
        let x = u16::from_le_bytes(self.array()?);
        Ok(if self.write { x } else { old })
    }

    /// The next integer, or `old` while checking.
    ///
    /// # Errors
    /// The state ends before.
    pub fn u32(&mut self, old: u32) -> Result<u32, SnapshotError> {
        let x = u32::from_le_bytes(self.array()?);
        Ok(if self.write { x } else { old })
    }

    /// The next number, or `old` while checking.
    ///
    /// # Errors
    /// The state ends before, or the number is not finite.
    pub fn f32(&mut self, old: f32) -> Result<f32, SnapshotError> {
        let at = self.impossible();
        let x = f32::from_le_bytes(self.array()?);
        if !x.is_finite() {
            return Err(at);
        }
        Ok(if self.write { x } else { old })
    }

    /// The next vector into `vector`, which stays as it is while checking.
    ///
    /// # Errors
    /// The state ends before, or a value is not finite.
    pub fn vector(&mut self, vector: &mut [f32]) -> Result<(), SnapshotError> {
        if self.values == Values::F32 {
            for x in vector {
                *x = self.f32(*x)?;
            }
            return Ok(());
        }
        let at = self.impossible();
        let scale = f32::from_le_bytes(self.array()?);
        for old in vector {
            let x = f16::from_le_bytes(self.array()?).to_f32() * scale;
            if !x.is_finite() {
                return Err(at);
            }
            if self.write {
                *old = x;
            }
        }
        Ok(())
    }
}
