//! Where a training stands: with recipe and data, all that its next step depends on.

use super::network::Network;
use super::optimizer::Optimizer;
use super::pretrain::Pretraining;
use serde::{Deserialize, Serialize};

/// The state of a [`Pretraining`]; views and learning rate follow from the number of steps.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub done: u64,
    /// Of the encoder, then of each head that has a network.
    networks: Vec<Numbers>,
    /// The encoder's, then each head's.
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
    /// `networks`, `parameters`, `running statistics` or `optimizers`.
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
            networks: self.networks().map(numbers).collect(),
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
            optimizers,
        } = state;
        check("networks", self.networks().count(), networks.len())?;
        for (network, saved) in self.networks().zip(&networks) {
            let [parameters, running] = [network.parameters().len(), network.running().len()];
            check("parameters", parameters, saved.parameters.len())?;
            check("running statistics", running, saved.running.len())?;
        }
        check("optimizers", self.optimizers.len(), optimizers.len())?;
        self.done = done;
        self.optimizers = optimizers;
        let heads = self.heads.iter_mut();
        let heads = heads.filter_map(|head| head.network.as_mut());
        for (network, saved) in std::iter::once(&mut self.encoder)
            .chain(heads)
            .zip(networks)
        {
            network.parameters_mut().copy_from_slice(&saved.parameters);
            network.running_mut().copy_from_slice(&saved.running);
        }
        Ok(())
    }
}
