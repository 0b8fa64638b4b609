//! A slowly moving average of a network's numbers, often better than the network itself.
//!
//! Tarvainen and Valpola, *Mean Teachers Are Better Role Models*, 2017.

use super::network::Network;
use super::trained::TrainedEncoder;
use serde::{Deserialize, Serialize};

/// `average = decay * average + (1 - decay) * network`, over parameters and running statistics.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ema {
    decay: f32,
    parameters: Vec<f32>,
    running: Vec<f32>,
}

impl Ema {
    /// Starts from `network`; `decay` is usually 0.99 to 0.9999.
    pub fn new(network: &Network, decay: f32) -> Self {
        Self {
            decay,
            parameters: network.parameters().to_vec(),
            running: network.running().to_vec(),
        }
    }

    /// Takes one step towards `network`, which must be of the spec that [`Self::new`] saw.
    pub fn update(&mut self, network: &Network) {
        let pairs = self.parameters.iter_mut().zip(network.parameters());
        for (average, value) in pairs.chain(self.running.iter_mut().zip(network.running())) {
            *average += (1.0 - self.decay) * (value - *average);
        }
    }

    /// The average in `network`'s place.
    pub fn trained(&self, network: &Network) -> TrainedEncoder {
        network.trained_with(&self.parameters, &self.running)
    }
}
