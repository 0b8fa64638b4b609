//! The order in which people count: `s2` before `s10`.

use std::cmp::Ordering;

/// Compares runs of digits by value and everything else by character; ties fall back to plain order,
/// so that only equal strings are equal.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a, b);
    loop {
        let (i, j) = (digits(x), digits(y));
        if i > 0 && j > 0 {
            let (u, v) = (
                x[..i].trim_start_matches('0'),
                y[..j].trim_start_matches('0'),
            );
            match u.len().cmp(&v.len()).then(u.cmp(v)) {
                Ordering::Equal => (x, y) = (&x[i..], &y[j..]),
                other => return other,
            }
            continue;
        }
        match (x.chars().next(), y.chars().next()) {
            (Some(p), Some(q)) if p == q => (x, y) = (&x[p.len_utf8()..], &y[q.len_utf8()..]),
            (Some(p), Some(q)) => return p.cmp(&q),
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
        }
    }
}

/// Length of the run of ASCII digits at the start.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn numbers_count_by_value() {
        let mut names = ["s10", "s2", "t", "s1", "s02", "10", "9", "é", ""];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, ["", "9", "10", "s1", "s02", "s2", "s10", "t", "é"]);
    }
}
