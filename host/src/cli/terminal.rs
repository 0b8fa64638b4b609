//! What a command says, and how loudly.

use crate::pipeline::Console;
use crate::run::progress::{INTERVAL, Output};
use clap::Args;
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// How much is said; the same flags for every command.
#[derive(Args, Debug, Default, Clone)]
pub struct Flags {
    /// Say nothing but errors
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Print the result as one JSON object on standard output, and nothing else there
    #[arg(long, global = true)]
    json: bool,
}

/// Standard output for people, or for a program that reads JSON; progress on standard error.
#[derive(Debug)]
pub struct Terminal {
    quiet: bool,
    json: bool,
}

impl Terminal {
    /// As the flags say.
    pub fn new(flags: &Flags) -> Self {
        Self {
            quiet: flags.quiet,
            json: flags.json,
        }
    }

    /// Says nothing.
    pub fn quiet() -> Self {
        Self {
            quiet: true,
            json: false,
        }
    }

    /// Whether the result is wanted as JSON.
    pub fn json(&self) -> bool {
        self.json
    }

    /// The result, where a program asked for it.
    pub fn result(&self, value: &impl Serialize) {
        if self.json {
            let text =
                serde_json::to_string(value).unwrap_or_else(|e| format!("{{\"error\":\"{e}\"}}"));
            print(&text);
        }
    }
}

/// A reader that went away is no reason to fail: `mote inspect … | head` is fine.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

impl Console for Terminal {
    fn heading(&mut self, text: &str) {
        if !self.quiet && !self.json {
            print(&format!("\n== {text} =="));
        }
    }

    fn text(&mut self, text: &str) {
        if !self.quiet && !self.json {
            print(text.trim_end());
        }
    }

    fn progress(&mut self) -> Output {
        let stderr = std::io::stderr();
        if self.quiet {
            Output::Quiet
        } else if stderr.is_terminal() {
            Output::Bar
        } else {
            Output::Lines(Box::new(stderr), INTERVAL)
        }
    }
}
