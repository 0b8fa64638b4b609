//! PyTorch in a process of its own, which takes steps when told to.

use super::workload::Workload;
use mote_core::spec::Spec;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Ways to run it; see `torch_step.py`.
pub const MODES: [&str; 3] = ["stock", "eager", "compiled"];

/// One such process.
pub struct Torch {
    pub mode: &'static str,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The most memory it ever held, in megabytes.
    pub peak_megabytes: f64,
}

/// What some steps took, in seconds a step.
#[derive(Clone, Copy)]
pub struct Taken {
    pub cpu: f64,
    pub wall: f64,
}

impl Torch {
    /// Starts `python` and waits until it has warmed up.
    pub fn start(
        python: &Path,
        mode: &'static str,
        workload: &Workload,
        head: &Spec,
        threads: usize,
    ) -> Result<Self, String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/train/torch_step.py");
        let mut command = Command::new(python);
        command
            .args([script, &threads.to_string(), mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if mode != "stock" {
            // Memory once taken from the system is kept, else page faults dominate.
            command.envs([
                ("MALLOC_MMAP_MAX_", "0"),
                ("MALLOC_TRIM_THRESHOLD_", "100000000000"),
                ("MALLOC_TOP_PAD_", "67108864"),
            ]);
        }
        let mut child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", python.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("no pipe to PyTorch".into());
        };
        let mut torch = Self {
            mode,
            child,
            input,
            output: BufReader::new(output),
            peak_megabytes: 0.0,
        };
        let work = serde_json::json!({
            "encoder": workload.spec, "head": head, "rows": workload.rows, "temperature": super::TEMPERATURE,
        });
        torch.say(&work.to_string())?;
        let ready = torch.hear()?;
        if ready.starts_with("ready") {
            Ok(torch)
        } else {
            Err(format!("{mode}: expected `ready`, found {ready:?}"))
        }
    }

    /// Takes `steps` steps.
    pub fn steps(&mut self, steps: u32) -> Result<Taken, String> {
        self.say(&steps.to_string())?;
        let line = self.hear()?;
        let numbers: Vec<f64> = line
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let &[cpu, wall, peak] = &numbers[..] else {
            return Err(format!(
                "{}: expected three numbers, found {line:?}",
                self.mode
            ));
        };
        self.peak_megabytes = peak;
        Ok(Taken {
            cpu: cpu / f64::from(steps),
            wall: wall / f64::from(steps),
        })
    }

    fn say(&mut self, text: &str) -> Result<(), String> {
        writeln!(self.input, "{text}")
            .and_then(|()| self.input.flush())
            .map_err(|error| format!("PyTorch ({}) went away: {error}", self.mode))
    }

    fn hear(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(1..) => Ok(line.trim().to_string()),
            _ => Err(format!(
                "PyTorch ({}) ended; its own message is above",
                self.mode
            )),
        }
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
