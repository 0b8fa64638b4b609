//! Makes the embedding space round where windows of one recording differ, inside the encoder itself.
//!
//! Within a recording the same thing goes on, mostly; what varies there is what a label should ignore.
//! Relevant component analysis (Bar-Hillel et al., 2005) finds the map from unlabelled training windows
//! (where each recording is one window, as a picture is, clusters of windows that look alike take the place of
//! recordings); it is linear, so it disappears into the last dense layer and costs the device nothing.

use super::{Experiment, PipelineError};
use crate::eval::{Affine, Embeddings, Preparation};
use crate::run::EncoderConfig;
use crate::train::trained::{TrainedEncoder, TrainedLayer};
use mote_core::spec::{Activation, Layer, Op, Tensor};

/// Folds the whitening of `encoder`'s embeddings of the training windows into its last layer, or appends a
/// dense layer where the last one is not a plain dense layer. Without whitening in `config` the encoder stays as it is.
///
/// # Errors
/// If the embeddings are not finite or the encoder has no room for another layer.
pub fn whiten(
    encoder: TrainedEncoder,
    experiment: &Experiment,
    config: &EncoderConfig,
) -> Result<TrainedEncoder, PipelineError> {
    let Some(whitening) = experiment.whitening(config) else {
        return Ok(encoder);
    };
    let dim = encoder.spec.embedding_len()?;
    let embeddings = Embeddings::new(encoder.embed(&experiment.values), dim)?;
    let pool = experiment.split.pool(&embeddings)?;
    let mut map = Preparation::new(whitening).fit(&pool)?.map;
    forget_dead(&mut map, &pool.embeddings);
    append(encoder, &map)
}

/// Part of the mean deviation below which a dimension is dead, as behind a ReLU that never opens.
const DEAD: f64 = 1e-3;

/// Makes `map` blind to dead dimensions, which it would blow up beyond what f16 holds.
fn forget_dead(map: &mut Affine, embeddings: &Embeddings) {
    let (dim, rows) = (map.dim, embeddings.rows().max(1) as f64);
    let (mut mean, mut deviation) = (vec![0.0; dim], vec![0.0; dim]);
    for row in embeddings.iter() {
        mean.iter_mut()
            .zip(row)
            .for_each(|(m, v)| *m += f64::from(*v) / rows);
    }
    for row in embeddings.iter() {
        for ((d, v), m) in deviation.iter_mut().zip(row).zip(&mean) {
            *d += (f64::from(*v) - m).powi(2) / rows;
        }
    }
    deviation.iter_mut().for_each(|d| *d = d.sqrt());
    let typical = deviation.iter().sum::<f64>() / dim.max(1) as f64;
    for dead in (0..dim).filter(|&at| deviation[at] < DEAD * typical) {
        for output in 0..dim {
            let weight = &mut map.matrix[output * dim + dead];
            map.offset[output] += (f64::from(*weight) * mean[dead]) as f32;
            *weight = 0.0;
        }
    }
}

/// `map` after `encoder`.
fn append(mut encoder: TrainedEncoder, map: &Affine) -> Result<TrainedEncoder, PipelineError> {
    let plain = encoder.spec.layers.last().is_some_and(|layer| {
        matches!(
            layer.op,
            Op::Dense {
                batch_norm: false,
                ..
            }
        ) && layer.activation == Activation::None
    });
    if let (true, Some(last)) = (plain, encoder.layers.last_mut()) {
        let inputs = last.weights.len() / map.dim;
        let row = |o: usize| &map.matrix[o * map.dim..(o + 1) * map.dim];
        let sum = |o: usize, column: &dyn Fn(usize) -> f32| -> f64 {
            row(o)
                .iter()
                .enumerate()
                .map(|(m, &a)| f64::from(a) * f64::from(column(m)))
                .sum()
        };
        let weights = (0..map.dim)
            .flat_map(|o| (0..inputs).map(move |i| (o, i)))
            .map(|(o, i)| sum(o, &|m| last.weights[m * inputs + i]) as f32)
            .collect();
        let bias = (0..map.dim)
            .map(|o| (sum(o, &|m| last.bias[m]) + f64::from(map.offset[o])) as f32)
            .collect();
        (last.weights, last.bias) = (weights, bias);
        return Ok(encoder);
    }
    let layer = Layer {
        input: Tensor(encoder.spec.layers.len() as u8),
        op: Op::Dense {
            channels: map.dim as u16,
            batch_norm: false,
        },
        activation: Activation::None,
    };
    if encoder.spec.layers.push(layer).is_err() {
        return Err(PipelineError::Config(format!(
            "encoder.spec: whitening needs one layer more than the {} that an encoder may have; \
             end the spec with a plain dense layer, which takes it in, or set encoder.whitening = 0",
            mote_core::spec::MAX_LAYERS
        )));
    }
    encoder.layers.push(TrainedLayer {
        weights: map.matrix.clone(),
        bias: map.offset.clone(),
        batch_norm: None,
    });
    Ok(encoder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Pool, Whitening};

    #[test]
    fn a_dead_dimension_is_forgotten_and_the_others_stay() {
        let values = (0..40).flat_map(|i| [(i * 7 % 11) as f32, 0.25, (i * 5 % 13) as f32]);
        let embeddings = Embeddings::new(values.collect(), 3).unwrap();
        let pool = Pool {
            embeddings: embeddings.clone(),
            recordings: (0..40).collect(),
        };
        let whitening = Whitening::Whiten { shrinkage: 0.5 };
        let mut map = Preparation::new(whitening).fit(&pool).unwrap().map;
        let before = map.apply(&embeddings).unwrap();
        assert!(map.matrix.iter().any(|w| w.abs() > 65_504.0));
        forget_dead(&mut map, &embeddings);
        assert!(map.matrix.iter().all(|w| w.abs() < 10.0));
        let after = map.apply(&embeddings).unwrap();
        for (before, after) in before.values.iter().zip(&after.values) {
            assert!((before - after).abs() < 0.1, "{before} {after}");
        }
    }
}
