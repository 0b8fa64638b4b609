//! Steadies a stream of answers: what is said only once is not said.

/// Follows a value after it came `N` times in a row.
#[derive(Clone, Copy, Debug)]
pub struct Debounce<V> {
    steady: V,
    candidate: V,
    count: u8,
    need: u8,
}

impl<V: Copy + PartialEq> Debounce<V> {
    /// Says `start` until another value has come `need` times in a row (at least once).
    pub const fn new(start: V, need: u8) -> Self {
        let need = if need == 0 { 1 } else { need };
        Self {
            steady: start,
            candidate: start,
            count: 0,
            need,
        }
    }

    /// Takes the next value and returns the steady one.
    pub fn push(&mut self, value: V) -> V {
        if value != self.candidate {
            (self.candidate, self.count) = (value, 0);
        }
        self.count = self.count.saturating_add(1);
        if self.count >= self.need {
            self.steady = value;
        }
        self.steady
    }

    /// The steady value.
    pub const fn steady(&self) -> V {
        self.steady
    }
}

#[cfg(test)]
mod tests {
    use super::Debounce;

    #[test]
    fn a_value_must_come_often_enough() {
        let mut steady = Debounce::new(None, 3);
        let said = [1, 1, 2, 1, 1, 1, 2, 2, 2, 1].map(|value| steady.push(Some(value)));
        let (a, b) = (Some(1), Some(2));
        assert_eq!(said, [None, None, None, None, None, a, a, a, b, b]);
    }

    #[test]
    fn no_need_means_at_once() {
        assert_eq!(Debounce::new(0, 0).push(5), 5);
    }
}
