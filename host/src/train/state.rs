//! Where a training stands: with recipe and data, all that its next step depends on.

use super::network::Network;
use super::optimizer::Optimizer;
use super::pretrain::Pretraining;
use crate::objective::Memory;
use serde::{Deserialize, Serialize};

/// The state of a [`Pretraining`]; views and learning rate follow from the number of steps.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub done: u64,
    /// Of the encoder, of each head that has a network, of partners, then of each teacher.
    networks: Vec<Numbers>,
    /// Of each head's objective.
    memories: Vec<Memory>,
    /// In the order of [`Pretraining::optimizers`].
    optimizers: Vec<Optimizer>,
}

/// What a network has learned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Numbers {
    parameters: Vec<f32>,
    running: Vec<f32>,
}

/// A state of another training.
#[derive(thiserror::Error, Clone, PartialEq, Eq, Debug)]
#[error(
    "the saved training has {found} {what}, this one {expected}; it began with another encoder or another recipe"
)]
pub struct StateError {
    /// `networks`, `parameters`, `running statistics`, `optimizers` or `memories`.
    pub what: &'static str,
    /// Of this training.
    pub expected: usize,
    /// Of the saved one.
    pub found: usize,
}

impl Pretraining {
    /// A copy of where it stands.
    pub fn state(&self) -> State {
        let numbers = |network: &Network| Numbers {
            parameters: network.parameters().to_vec(),
            running: network.running().to_vec(),
        };
        State {
            done: self.done,
            networks: self.lasting().map(numbers).collect(),
            memories: self.heads.iter().map(|h| h.objective.memory()).collect(),
            optimizers: self.optimizers.clone(),
        }
    }

    /// Goes back, or on, to `state`: what follows is what followed there, to the bit.
    ///
    /// # Errors
    /// If the state is of other networks; nothing has changed then.
    pub fn restore(&mut self, state: State) -> Result<(), StateError> {
        let check = |what, expected, found| {
            if expected == found {
                Ok(())
            } else {
                Err(StateError {
                    what,
                    expected,
                    found,
                })
            }
        };
        let State {
            done,
            networks,
            memories,
            optimizers,
        } = state;
        check("networks", self.lasting().count(), networks.len())?;
        for (network, saved) in self.lasting().zip(&networks) {
            let [parameters, running] = [network.parameters().len(), network.running().len()];
            check("parameters", parameters, saved.parameters.len())?;
            check("running statistics", running, saved.running.len())?;
        }
        check("optimizers", self.optimizers.len(), optimizers.len())?;
        check("memories", self.heads.len(), memories.len())?;
        self.done = done;
        self.optimizers = optimizers;
        let mut saved = networks.into_iter();
        let mut take = |network: &mut Network| {
            if let Some(saved) = saved.next() {
                network.parameters_mut().copy_from_slice(&saved.parameters);
                network.running_mut().copy_from_slice(&saved.running);
            }
        };
        take(&mut self.encoder);
        for network in self.heads.iter_mut().filter_map(|h| h.network.as_mut()) {
            take(network);
        }
        for partner in self.heads.iter_mut().filter_map(|h| h.partner.as_mut()) {
            partner.networks_mut().for_each(&mut take);
        }
        for teacher in self.heads.iter_mut().filter_map(|h| h.teacher.as_mut()) {
            teacher.networks_mut().for_each(&mut take);
        }
        for (head, memory) in self.heads.iter_mut().zip(memories) {
            head.objective.remember(memory);
        }
        Ok(())
    }

    /// Every network that lasts from step to step, in the order of [`State`].
    fn lasting(&self) -> impl Iterator<Item = &Network> {
        let teachers = self.heads.iter().filter_map(|head| head.teacher.as_ref());
        self.networks()
            .chain(teachers.flat_map(|teacher| teacher.networks()))
    }
}
