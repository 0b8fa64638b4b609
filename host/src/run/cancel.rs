//! Ctrl-C: once to stop after the current step, twice to stop at once.

use super::RunError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit status of a process that was interrupted: 128 and the number of SIGINT.
pub const INTERRUPTED: i32 = 130;

/// A wish to stop, shared by whoever utters and whoever grants it.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    wanted: Arc<AtomicBool>,
}

impl Cancel {
    /// Nobody wants to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets Ctrl-C utter the wish; a second one ends the process with [`INTERRUPTED`]. Files written
    /// through [`super::atomic`] and [`super::Metrics`] stay valid either way.
    ///
    /// # Errors
    /// If a handler is installed already or the system has no such signal.
    pub fn on_ctrl_c(&self) -> Result<(), RunError> {
        let wish = self.clone();
        ctrlc::set_handler(move || {
            if wish.is_requested() {
                std::process::exit(INTERRUPTED);
            }
            wish.request();
        })?;
        Ok(())
    }

    /// Asks for the end of the current step.
    pub fn request(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// The wish as the training loop looks at it.
    pub fn flag(&self) -> &AtomicBool {
        &self.wanted
    }

    /// Whether somebody wants to stop.
    pub fn is_requested(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_share_the_wish() {
        let cancel = Cancel::new();
        let copy = cancel.clone();
        assert!(!copy.is_requested());
        cancel.request();
        assert!(copy.is_requested());
    }
}
