//! The format of one array, NumPy's enhancement proposal 1: magic, version, length of a header, the header (a dictionary
//! in Python's spelling), the values. Numbers may be of any plain little-endian type.

/// An array, row by row.
pub(super) struct Array {
    /// Extent of each dimension.
    pub(super) shape: Vec<usize>,
    /// NumPy's name of the type without byte order, such as `f4`.
    pub(super) kind: String,
    /// All values, the last dimension fastest.
    pub(super) values: Vec<f64>,
}

/// The array in `bytes`.
///
/// # Errors
/// What was expected and what was found.
pub(super) fn parse(bytes: &[u8]) -> Result<Array, String> {
    let (head, values) = header(bytes).ok_or(
        "expected an array as numpy.save writes it, found another format or a cut-off header",
    )?;
    let after = |key: &str| {
        head.split_once(&format!("'{key}':"))
            .map(|(_, rest)| rest.trim_start())
    };
    let kind = after("descr")
        .and_then(|rest| rest.split('\'').nth(1))
        .unwrap_or_default();
    if after("fortran_order").is_none_or(|rest| !rest.starts_with("False")) {
        return Err("expected rows one after the other, found Fortran order; save numpy.ascontiguousarray(x)".into());
    }
    let shape = after("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
    let shape = shape
        .map_or("", |(shape, _)| shape)
        .split(',')
        .map(str::trim);
    let shape: Result<Vec<usize>, _> = shape.filter(|s| !s.is_empty()).map(str::parse).collect();
    let shape = shape.map_err(|_| format!("expected a shape of whole numbers, found {head}"))?;
    let (order, kind) = kind.split_at_checked(1).unwrap_or_default();
    macro_rules! as_numbers {
        ($type:ty) => {{
            let (words, rest) = values.as_chunks::<{ size_of::<$type>() }>();
            let numbers = words
                .iter()
                .map(|word| <$type>::from_le_bytes(*word) as f64);
            (numbers.collect::<Vec<f64>>(), rest.is_empty())
        }};
    }
    let (numbers, whole) = match (order, kind) {
        (">", _) => {
            return Err(
                "expected little-endian numbers, found big-endian ones; convert the array".into(),
            );
        }
        (_, "f4") => as_numbers!(f32),
        (_, "f8") => as_numbers!(f64),
        (_, "i1") => as_numbers!(i8),
        (_, "i2") => as_numbers!(i16),
        (_, "i4") => as_numbers!(i32),
        (_, "i8") => as_numbers!(i64),
        (_, "u1" | "b1") => as_numbers!(u8),
        (_, "u2") => as_numbers!(u16),
        (_, "u4") => as_numbers!(u32),
        (_, "u8") => as_numbers!(u64),
        _ => {
            return Err(format!(
                "expected plain numbers, found the type {order}{kind}; convert the array"
            ));
        }
    };
    let expected = shape
        .iter()
        .try_fold(1usize, |all, &dim| all.checked_mul(dim));
    if !whole || expected != Some(numbers.len()) {
        return Err(format!(
            "expected values for the shape {shape:?}, found {}; the file is cut off, save it again",
            numbers.len()
        ));
    }
    Ok(Array {
        shape,
        kind: kind.into(),
        values: numbers,
    })
}

/// The header and the bytes behind it.
fn header(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (len, rest) = match rest {
        [1, _, a, b, rest @ ..] => (u16::from_le_bytes([*a, *b]) as usize, rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return None,
    };
    let (head, values) = rest.split_at_checked(len)?;
    Some((std::str::from_utf8(head).ok()?, values))
}
