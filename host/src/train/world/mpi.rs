//! Processes that `mpirun` has started, on this machine or on several.

use super::{World, WorldError};
use mpi::Threading;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};
use std::sync::{Mutex, PoisonError};

/// The world of MPI; ends with it.
pub(super) struct Mpi {
    universe: Mutex<Option<Universe>>,
    rank: usize,
    size: usize,
}

impl Mpi {
    /// Meets the others.
    ///
    /// # Errors
    /// If MPI runs already in this process, or cannot be called from the thread that happens to train.
    pub(super) fn start() -> Result<Self, WorldError> {
        let started = mpi::initialize_with_threading(Threading::Serialized);
        let (universe, threading) = started.ok_or(WorldError::Library("it was started twice"))?;
        if threading < Threading::Serialized {
            return Err(WorldError::Library(
                "this library may be called from one thread only (MPI_THREAD_SERIALIZED is missing); use another",
            ));
        }
        let world = universe.world();
        Ok(Self {
            rank: world.rank() as usize,
            size: world.size() as usize,
            universe: Mutex::new(Some(universe)),
        })
    }
}

impl World for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn gather(&self, all: &mut [u8]) {
        let length = all.len() / self.size;
        let mine = all[self.rank * length..][..length].to_vec();
        SimpleCommunicator::world().all_gather_into(&mine[..], all);
    }

    fn leave(&self, status: u8) {
        if status != 0 {
            SimpleCommunicator::world().abort(status.into());
        }
        let mut universe = self.universe.lock().unwrap_or_else(PoisonError::into_inner);
        // Waits for the others.
        *universe = None;
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        if std::thread::panicking() {
            SimpleCommunicator::world().abort(101);
        }
    }
}
