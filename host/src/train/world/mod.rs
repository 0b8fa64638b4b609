//! Processes that train one network together, each its share of the chunks of a batch.
//!
//! All of them run the same program over the same data and hold the same weights. What they exchange is gathered in the
//! order of their ranks, and every one adds it up in that order, so each arrives at the bytes of a single process.

#[cfg(feature = "mpi")]
mod mpi;

use bytemuck::Pod;
use std::sync::Arc;

/// A process among those that train together.
pub trait World: Send + Sync {
    /// This one's number, from 0.
    fn rank(&self) -> usize;

    /// How many there are, at least 1.
    fn size(&self) -> usize;

    /// `all` is [`Self::size`] pieces of equal length, in the order of ranks, of which each process has filled its own:
    /// fills in the others'. All processes must call it equally often, with the same length.
    fn gather(&self, all: &mut [u8]);

    /// Call at the end: waits for the others where all went well, with the exit status 0; else ends them all with
    /// `status`, since they would wait for this one for ever.
    fn leave(&self, _status: u8) {}
}

impl dyn World + '_ {
    /// As [`World::gather`], for numbers.
    pub(super) fn gather_numbers<T: Pod>(&self, all: &mut [T]) {
        if self.size() > 1 {
            self.gather(bytemuck::cast_slice_mut(all));
        }
    }

    /// Whether any process says so.
    pub(super) fn any(&self, mine: bool) -> bool {
        let mut all = vec![0u8; self.size()];
        all[self.rank()] = mine.into();
        self.gather_numbers(&mut all);
        all.contains(&1)
    }

    /// What the first process has, to all of them.
    pub fn of_the_first(&self, mine: Vec<u8>) -> Vec<u8> {
        if self.size() == 1 {
            return mine;
        }
        let mut lengths = vec![0u64; self.size()];
        lengths[self.rank()] = mine.len() as u64;
        self.gather_numbers(&mut lengths);
        let length = lengths[0] as usize;
        let mut all = vec![0; self.size() * length];
        if self.rank() == 0 {
            all[..length].copy_from_slice(&mine);
        }
        self.gather(&mut all);
        all.truncate(length);
        all
    }

    /// The first process that has other `facts` than the first one; the facts are of equal length everywhere.
    pub fn dissenter(&self, facts: &[u8]) -> Option<usize> {
        let (length, rank) = (facts.len(), self.rank());
        let mut all = vec![0; self.size() * length];
        all[rank * length..][..length].copy_from_slice(facts);
        self.gather_numbers(&mut all);
        let mut pieces = all.chunks(length);
        let first = pieces.next();
        pieces
            .position(|piece| Some(piece) != first)
            .map(|at| at + 1)
    }
}

/// The usual case.
struct Alone;

impl World for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn gather(&self, _all: &mut [u8]) {}
}

/// A world of one process.
pub fn alone() -> Arc<dyn World> {
    Arc::new(Alone)
}

/// Why the processes that were started together cannot train.
#[derive(thiserror::Error, Clone, PartialEq, Eq, Debug)]
pub enum WorldError {
    /// Started by `mpirun`, but built without it.
    #[error(
        "this is one of {0} processes that mpirun started, but mote was built without MPI, so each would train alone: \
         build it with `cargo build -p host --features mpi`"
    )]
    Unable(String),
    /// The library cannot be used.
    #[error("MPI: {0}")]
    Library(&'static str),
}

/// Joins the processes that were started together; `started` is how many, where a launcher says so.
///
/// # Errors
/// If there are others, but no way to speak to them.
pub fn join(started: Option<&str>) -> Result<Arc<dyn World>, WorldError> {
    #[cfg(feature = "mpi")]
    if started.is_some() {
        return Ok(Arc::new(mpi::Mpi::start()?));
    }
    match started {
        None | Some("1") => Ok(alone()),
        Some(count) => Err(WorldError::Unable(count.into())),
    }
}
