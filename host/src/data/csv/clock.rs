//! The sampling rate from a column of times.

use std::str::FromStr;

/// A step longer than this many usual ones is a gap: samples are missing there.
const GAP: f64 = 2.5;
/// Spread of the steps (tenth to ninetieth percentile over the median) above which times are no clock.
const UNEVEN: f64 = 1.0;

/// What one unit of a time column means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl Unit {
    /// Seconds in one unit.
    pub(super) fn seconds(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Milliseconds => 1e-3,
            Self::Microseconds => 1e-6,
            Self::Nanoseconds => 1e-9,
        }
    }

    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
        }
    }

    /// The unit in which `step` lies between a microsecond and a second, taking the largest step that fits:
    /// below 1 it is seconds, below 1000 milliseconds, below a million microseconds.
    fn guess(step: f64) -> Self {
        match step {
            s if s < 1.0 => Self::Seconds,
            s if s < 1e3 => Self::Milliseconds,
            s if s < 1e6 => Self::Microseconds,
            _ => Self::Nanoseconds,
        }
    }
}

impl FromStr for Unit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "s" | "sec" | "seconds" => Self::Seconds,
            "ms" | "msec" | "millis" | "milliseconds" => Self::Milliseconds,
            "us" | "usec" | "µs" | "μs" | "micros" | "microseconds" => Self::Microseconds,
            "ns" | "nsec" | "nanos" | "nanoseconds" => Self::Nanoseconds,
            _ => return Err(()),
        })
    }
}

/// Whether a column of this name is the clock, and in which unit if the name says so
/// (`time`, `t`, `timestamp`, `time_ms`, `timestamp [us]`, `t(s)`).
pub(super) fn named(name: &str) -> Option<Option<Unit>> {
    let lower = name.trim().to_lowercase();
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty());
    if !matches!(words.next()?, "time" | "t" | "timestamp") {
        return None;
    }
    match (words.next(), words.next()) {
        (None, _) => Some(None),
        (Some(unit), None) => unit.parse().ok().map(Some),
        _ => None,
    }
}

/// What the times of one recording say.
#[derive(PartialEq, Debug)]
pub(super) struct Clock {
    /// Samples a second, over all steps that are no gaps.
    pub(super) rate_hz: f64,
    /// The unit the times were read in.
    pub(super) unit: Unit,
    /// Rows before which samples are missing, ascending.
    pub(super) gaps: Vec<usize>,
    /// The longest gap in seconds; 0 if there is none.
    pub(super) longest_gap: f64,
    /// Spread of the steps over their median, from tenth to ninetieth percentile.
    pub(super) jitter: f64,
}

/// Why times are no clock.
#[derive(PartialEq, Debug)]
pub(super) enum Problem {
    /// One sample has no rate.
    TooShort,
    /// Row `row` is not after the one above it.
    Backwards { row: usize },
    /// Steps of a tenth and nine tenths of all, in seconds.
    Uneven { shortest: f64, longest: f64 },
}

/// Reads the rate from `times`. `unit` comes from the column's name; otherwise it is the one in which the
/// rate comes near `rate_hz`, or the one in which a step lasts between a millisecond and a second.
/// With `rate_hz` given, steps may be uneven or zero (bursts of samples with one time stamp).
pub(super) fn read(
    times: &[f64],
    unit: Option<Unit>,
    rate_hz: Option<f64>,
) -> Result<Clock, Problem> {
    let mut steps: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    if let Some(row) = steps
        .iter()
        .position(|&s| s < 0.0 || (s == 0.0 && rate_hz.is_none()))
    {
        return Err(Problem::Backwards { row: row + 1 });
    }
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return Err(Problem::TooShort);
    };
    if last <= first {
        return Err(Problem::TooShort);
    }
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let rank = |share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
    let mean = (last - first) / steps.len() as f64;
    let usual = if rank(0.5) > 0.0 { rank(0.5) } else { mean };
    let unit = unit.unwrap_or_else(|| match rate_hz {
        Some(rate) => nearest(usual, rate),
        None => Unit::guess(usual),
    });
    let second = unit.seconds();
    // Most steps are nothing: samples come in bursts that share a time.
    let spread = if rank(0.5) > 0.0 {
        rank(0.9) - rank(0.1)
    } else {
        rank(1.0)
    };
    let jitter = spread / usual;
    if jitter > UNEVEN && rate_hz.is_none() {
        return Err(Problem::Uneven {
            shortest: rank(0.1) * second,
            longest: rank(0.9) * second,
        });
    }
    // Bursts make every step between them look like a gap.
    let gap = if jitter > UNEVEN {
        f64::INFINITY
    } else {
        GAP * usual
    };
    let gaps: Vec<usize> = (0..steps.len())
        .filter(|&s| steps[s] > gap)
        .map(|s| s + 1)
        .collect();
    let longest_gap = gaps
        .iter()
        .map(|&g| steps[g - 1] * second)
        .fold(0.0, f64::max);
    steps.retain(|&s| s <= gap);
    let rate = steps.len() as f64 / (steps.iter().sum::<f64>() * second);
    Ok(Clock {
        rate_hz: settle(rate),
        unit,
        gaps,
        longest_gap,
        jitter,
    })
}

/// The unit in which `step` comes nearest to `rate_hz`.
fn nearest(step: f64, rate_hz: f64) -> Unit {
    let miss = |unit: &Unit| (step * unit.seconds() * rate_hz).ln().abs();
    [
        Unit::Seconds,
        Unit::Milliseconds,
        Unit::Microseconds,
        Unit::Nanoseconds,
    ]
    .into_iter()
    .min_by(|a, b| miss(a).total_cmp(&miss(b)))
    .unwrap_or(Unit::Seconds)
}

/// A rate within half a per cent of a whole number is that number: clocks are rounded and drift.
fn settle(rate: f64) -> f64 {
    let whole = rate.round();
    if whole >= 1.0 && (rate - whole).abs() <= 0.005 * whole {
        whole
    } else {
        rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(count: usize, step: f64) -> Vec<f64> {
        (0..count).map(|i| 1e6 + i as f64 * step).collect()
    }

    #[test]
    fn names_of_clocks() {
        assert_eq!(named("time"), Some(None));
        assert_eq!(named(" T "), Some(None));
        assert_eq!(named("timestamp_ms"), Some(Some(Unit::Milliseconds)));
        assert_eq!(named("Time (s)"), Some(Some(Unit::Seconds)));
        assert_eq!(named("t [µs]"), Some(Some(Unit::Microseconds)));
        for other in ["temperature", "tx", "time_of_day", "ax", "", "timeout"] {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn the_unit_is_inferred() {
        for step in [0.02, 20.0, 20_000.0, 20_000_000.0] {
            let clock = read(&even(100, step), None, None).unwrap();
            assert_eq!(clock.rate_hz, 50.0, "{step}");
            assert!(clock.gaps.is_empty() && clock.jitter < 1e-3);
        }
        // 16 kHz sound in microseconds looks like milliseconds until the rate is given.
        assert_eq!(
            read(&even(100, 62.5), None, Some(16_000.0))
                .unwrap()
                .rate_hz,
            16_000.0
        );
        assert_eq!(
            read(&even(100, 62.5), Some(Unit::Microseconds), None)
                .unwrap()
                .rate_hz,
            16_000.0
        );
        assert_eq!(
            read(&even(100, 5.0), Some(Unit::Seconds), None)
                .unwrap()
                .rate_hz,
            0.2
        );
    }

    #[test]
    fn rounded_milliseconds_still_give_the_rate() {
        let times: Vec<f64> = (0..300)
            .map(|i| (f64::from(i) * 1000.0 / 60.0).round())
            .collect();
        assert_eq!(read(&times, None, None).unwrap().rate_hz, 60.0);
    }

    #[test]
    fn gaps_are_found_and_left_out_of_the_rate() {
        let mut times = even(100, 40.0);
        times[60..].iter_mut().for_each(|t| *t += 1000.0);
        let clock = read(&times, None, None).unwrap();
        assert_eq!(clock.gaps, [60]);
        assert_eq!(clock.rate_hz, 25.0);
        assert!((clock.longest_gap - 1.04).abs() < 1e-9);
    }

    #[test]
    fn times_that_are_no_clock_are_refused() {
        let mut back = even(10, 1.0);
        back[5] = back[3];
        assert_eq!(read(&back, None, None), Err(Problem::Backwards { row: 5 }));
        let mut twice = even(10, 1.0);
        twice[5] = twice[4];
        assert_eq!(read(&twice, None, None), Err(Problem::Backwards { row: 5 }));
        let wild: Vec<f64> = (0..100).map(|i| f64::from(i * i)).collect();
        assert!(matches!(
            read(&wild, None, None),
            Err(Problem::Uneven { .. })
        ));
        assert_eq!(read(&[1.0], None, None), Err(Problem::TooShort));
        assert_eq!(read(&[], None, Some(5.0)), Err(Problem::TooShort));
        assert_eq!(read(&[2.0, 2.0], None, Some(5.0)), Err(Problem::TooShort));
    }

    #[test]
    fn bursts_are_taken_when_the_rate_is_given() {
        let times: Vec<f64> = (0..100).map(|i| f64::from(i / 10 * 400)).collect();
        assert!(read(&times, None, None).is_err());
        let clock = read(&times, None, Some(25.0)).unwrap();
        assert!((clock.rate_hz / 25.0 - 1.0).abs() < 0.15, "{clock:?}");
        assert!(clock.gaps.is_empty());
    }
}
