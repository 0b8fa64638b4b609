//! How far a run is: a bar on a terminal, a line now and then elsewhere, nothing on request.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

/// Usual time between two lines where there is no terminal.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// Where progress goes.
pub enum Output {
    /// A bar on standard error, drawn over itself.
    Bar,
    /// A line to this writer every so often.
    Lines(Box<dyn Write + Send>, Duration),
    /// Nowhere.
    Quiet,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bar => "Bar",
            Self::Lines(..) => "Lines",
            Self::Quiet => "Quiet",
        })
    }
}

/// Shows one task of a known number of steps.
#[derive(Debug)]
pub struct Progress {
    output: Output,
    bar: ProgressBar,
    task: String,
    total: u64,
    begun: Instant,
    shown: Instant,
}

impl Progress {
    /// Begins to show `task`, which takes `total` steps.
    pub fn new(output: Output, task: &str, total: u64) -> Self {
        let target = match output {
            Output::Bar => ProgressDrawTarget::stderr(),
            _ => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(total), target).with_prefix(task.to_string());
        // The template is a constant; should it ever be wrong, the usual bar will do.
        if let Ok(style) =
            ProgressStyle::with_template("{prefix} [{bar:24}] {pos}/{len} {eta} left  {msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        let now = Instant::now();
        Self {
            output,
            bar,
            task: task.into(),
            total,
            begun: now,
            shown: now,
        }
    }

    /// Says that `done` steps are done; `message` (loss, throughput and the like) is asked for only when it is shown.
    pub fn update(&mut self, done: u64, message: impl FnOnce() -> String) {
        match &mut self.output {
            Output::Quiet => {}
            Output::Bar => {
                self.bar.set_position(done);
                self.bar.set_message(message());
            }
            Output::Lines(out, interval) => {
                if self.shown.elapsed() < *interval {
                    return;
                }
                self.shown = Instant::now();
                let (task, total, message) = (&self.task, self.total, message());
                let left = left(self.begun.elapsed(), done, total);
                // Nobody is told if nobody listens: progress is no reason to fail.
                let _ = writeln!(out, "{task} {done}/{total} {left:.0} s left  {message}");
            }
        }
    }

    /// Prints a line above the bar.
    pub fn line(&mut self, text: &str) {
        match &mut self.output {
            Output::Quiet => {}
            Output::Bar => self.bar.println(text),
            Output::Lines(out, _) => {
                let _ = writeln!(out, "{text}");
            }
        }
    }

    /// Ends the task and takes the bar away.
    pub fn finish(self) -> Output {
        self.bar.finish_and_clear();
        self.output
    }
}

/// Seconds left at the pace so far.
fn left(elapsed: Duration, done: u64, total: u64) -> f64 {
    elapsed.as_secs_f64() / done.max(1) as f64 * total.saturating_sub(done) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    struct Pipe(Sender<u8>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            bytes.iter().for_each(|&b| self.0.send(b).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn lines(interval: Duration) -> (Progress, Receiver<u8>) {
        let (sender, receiver) = channel();
        let output = Output::Lines(Box::new(Pipe(sender)), interval);
        (Progress::new(output, "training", 10), receiver)
    }

    fn text(receiver: &Receiver<u8>) -> String {
        String::from_utf8(receiver.try_iter().collect()).unwrap()
    }

    #[test]
    fn without_a_terminal_a_line_says_how_far_it_is() {
        let (mut progress, receiver) = lines(Duration::ZERO);
        progress.update(4, || "loss 3.2".into());
        let text = text(&receiver);
        assert!(
            text.starts_with("training 4/10 ") && text.ends_with("left  loss 3.2\n"),
            "{text}"
        );
    }

    #[test]
    fn lines_keep_their_distance() {
        let (mut progress, receiver) = lines(Duration::from_secs(3600));
        progress.update(4, || unreachable!("nobody asked for the message"));
        progress.line("note");
        progress.finish();
        assert_eq!(text(&receiver), "note\n");
    }

    #[test]
    fn quiet_is_quiet() {
        let mut progress = Progress::new(Output::Quiet, "training", 10);
        progress.update(4, || unreachable!());
        progress.line("note");
        progress.finish();
    }

    #[test]
    fn time_left_is_extrapolated() {
        assert_eq!(left(Duration::from_secs(10), 5, 20), 30.0);
        assert_eq!(left(Duration::from_secs(10), 30, 20), 0.0);
    }
}
