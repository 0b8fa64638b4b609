//! Trained weights as `encoder.safetensors`: weights in F16, the short vectors of bias and batch norm in F32.
//!
//! The metadata has one entry, `mote`: JSON with version, checksum, spec, input description, recipe, seed and data hash.
//! Tensors are called `layers.N.weights`, `layers.N.bias` and `layers.N.batch_norm.gamma` (`beta`, `mean`, `variance`).
//! Bias and batch norm stay in F32 because running variances leave the range of a half; they are a few percent of
//! the bytes.

mod error;

pub use error::WeightsError;

use super::{About, ExportError, FoldedEncoder};
use crate::train::trained::{BatchNorm, TrainedEncoder, TrainedLayer};
use half::f16;
use mote_core::crc::Crc32;
use mote_core::shape::Shape;
use mote_core::spec::{Op, Spec};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Version of the file that this build reads and writes.
pub const VERSION: u32 = 1;
const KEY: &str = "mote";
/// The most that the container allows.
const MAX_HEADER_LEN: u64 = 100_000_000;

/// Where the weights come from and what they were made for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// Name, rate, channels and normalisation of the input.
    pub about: About,
    /// The configuration of the run, as text.
    pub recipe: String,
    /// The seed from which everything random was drawn.
    pub seed: u64,
    /// Hash of the training data, in hexadecimal.
    pub data_hash: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Header {
    version: u32,
    /// Of this header with 0 here, then of every tensor's name and bytes in order of names.
    crc32: u32,
    spec: Spec,
    /// One for each layer; 0 where it has no batch norm.
    epsilons: Vec<f32>,
    #[serde(flatten)]
    origin: Origin,
}

/// Only what every version has, to say which one was found.
#[derive(Deserialize)]
struct AnyHeader {
    version: u32,
}

/// Name, type, shape and bytes of one stored tensor.
type Stored = (String, Dtype, Vec<usize>, Vec<u8>);

/// The file's bytes; the same encoder and origin always give the same bytes.
pub fn to_bytes(encoder: &TrainedEncoder, origin: &Origin) -> Result<Vec<u8>, WeightsError> {
    // Folding checks every length and number.
    let folded = FoldedEncoder::fold(encoder)?;
    origin.about.check(encoder.spec.input.c.into())?;
    let mut tensors = Vec::new();
    for (index, trained) in encoder.layers.iter().enumerate() {
        store(
            index,
            trained,
            &layout(folded.shapes(), &encoder.spec, index),
            &mut tensors,
        )?;
    }
    let norms = encoder.layers.iter().map(|layer| layer.batch_norm.as_ref());
    let mut header = Header {
        version: VERSION,
        crc32: 0,
        spec: encoder.spec.clone(),
        epsilons: norms
            .map(|norm| norm.map_or(0.0, |norm| norm.epsilon))
            .collect(),
        origin: origin.clone(),
    };
    let contents = tensors
        .iter()
        .map(|(name, _, _, data)| (name.as_str(), data.as_slice()));
    header.crc32 = checksum(&header, contents.collect())?;
    let metadata = HashMap::from([(KEY.to_string(), serde_json::to_string(&header)?)]);
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, data)| Ok((name, TensorView::new(*dtype, shape.clone(), data)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    Ok(safetensors::serialize(views, Some(metadata))?)
}

/// Reads what [`to_bytes`] wrote.
pub fn from_bytes(bytes: &[u8]) -> Result<(TrainedEncoder, Origin), WeightsError> {
    check_len(bytes)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    let entry = metadata
        .metadata()
        .as_ref()
        .and_then(|entries| entries.get(KEY));
    let text = entry.ok_or(WeightsError::Foreign)?;
    // A later version may have other fields, so its number is read first.
    let AnyHeader { version } = serde_json::from_str(text)?;
    if version != VERSION {
        return Err(WeightsError::Version { found: version });
    }
    let header: Header = serde_json::from_str(text)?;
    let file = SafeTensors::deserialize(bytes)?;
    let views: BTreeMap<String, TensorView<'_>> = file.tensors().into_iter().collect();
    let contents = views
        .iter()
        .map(|(name, view)| (name.as_str(), view.data()));
    let (stored, computed) = (header.crc32, checksum(&header, contents.collect())?);
    if stored != computed {
        return Err(WeightsError::Crc { stored, computed });
    }
    let shapes = header.spec.shapes().map_err(ExportError::from)?;
    let mut layers = Vec::with_capacity(header.spec.layers.len());
    for index in 0..header.spec.layers.len() {
        let epsilon = header.epsilons.get(index).copied().unwrap_or_default();
        layers.push(restore(
            &file,
            index,
            &layout(&shapes, &header.spec, index),
            epsilon,
        )?);
    }
    let encoder = TrainedEncoder {
        spec: header.spec,
        layers,
    };
    FoldedEncoder::fold(&encoder)?;
    header.origin.about.check(encoder.spec.input.c.into())?;
    Ok((encoder, header.origin))
}

/// Shape of the weights and length of the vectors of one layer.
struct Layout {
    weights: Vec<usize>,
    channels: usize,
    batch_norm: bool,
}

fn layout(shapes: &[Shape], spec: &Spec, index: usize) -> Layout {
    let layer = spec.layers[index];
    let (input, output) = (shapes[usize::from(layer.input.0)], shapes[index + 1]);
    let (i, o) = (usize::from(input.c), usize::from(output.c));
    let [h, w] = layer
        .op
        .kernel()
        .map_or([1, 1], |kernel| kernel.size)
        .map(usize::from);
    let weights = match layer.op {
        Op::Conv2d { .. } => vec![o, h, w, i],
        Op::DepthwiseConv2d { .. } => vec![h, w, i],
        Op::Dense { .. } => vec![o, input.len()],
        Op::Embedding {
            vocabulary,
            channels,
        } => vec![vocabulary.into(), channels.into()],
        _ => Vec::new(),
    };
    Layout {
        weights,
        channels: layer.op.biases(output),
        batch_norm: layer.op.batch_norm(),
    }
}

const NORM: [&str; 4] = ["gamma", "beta", "mean", "variance"];

fn store(
    layer: usize,
    trained: &TrainedLayer,
    layout: &Layout,
    tensors: &mut Vec<Stored>,
) -> Result<(), WeightsError> {
    if !layout.weights.is_empty() {
        let mut data = Vec::with_capacity(2 * trained.weights.len());
        for &value in &trained.weights {
            let half = f16::from_f32(value);
            if !half.is_finite() {
                return Err(ExportError::HalfRange { layer, value }.into());
            }
            data.extend(half.to_le_bytes());
        }
        tensors.push((
            format!("layers.{layer}.weights"),
            Dtype::F16,
            layout.weights.clone(),
            data,
        ));
    }
    let mut vector = |name: &str, values: &[f32]| {
        let data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        tensors.push((
            format!("layers.{layer}.{name}"),
            Dtype::F32,
            vec![values.len()],
            data,
        ));
    };
    if layout.channels > 0 {
        vector("bias", &trained.bias);
    }
    if let Some(BatchNorm {
        gamma,
        beta,
        mean,
        variance,
        ..
    }) = &trained.batch_norm
    {
        for (name, values) in NORM.into_iter().zip([gamma, beta, mean, variance]) {
            vector(&format!("batch_norm.{name}"), values);
        }
    }
    Ok(())
}

fn restore(
    file: &SafeTensors<'_>,
    layer: usize,
    layout: &Layout,
    epsilon: f32,
) -> Result<TrainedLayer, WeightsError> {
    let data = |name: &str, need_type: Dtype, need: Vec<usize>| {
        let name = format!("layers.{layer}.{name}");
        let view = file.tensor(&name)?;
        if view.dtype() != need_type || view.shape() != need {
            let (found_type, found) = (view.dtype(), view.shape().to_vec());
            return Err(WeightsError::Tensor {
                name,
                need_type,
                need,
                found_type,
                found,
            });
        }
        Ok(view.data())
    };
    let vector = |name: &str| {
        let bytes = data(name, Dtype::F32, vec![layout.channels])?;
        let (quads, _) = bytes.as_chunks::<4>();
        Ok::<_, WeightsError>(quads.iter().map(|&quad| f32::from_le_bytes(quad)).collect())
    };
    let mut trained = TrainedLayer::default();
    if !layout.weights.is_empty() {
        let (pairs, _) = data("weights", Dtype::F16, layout.weights.clone())?.as_chunks::<2>();
        trained.weights = pairs
            .iter()
            .map(|&pair| f16::from_le_bytes(pair).to_f32())
            .collect();
    }
    if layout.channels > 0 {
        trained.bias = vector("bias")?;
    }
    if layout.batch_norm {
        let [gamma, beta, mean, variance] = NORM.map(|name| vector(&format!("batch_norm.{name}")));
        let (gamma, beta, mean, variance) = (gamma?, beta?, mean?, variance?);
        trained.batch_norm = Some(BatchNorm {
            gamma,
            beta,
            mean,
            variance,
            epsilon,
        });
    }
    Ok(trained)
}

fn checksum(header: &Header, mut contents: Vec<(&str, &[u8])>) -> Result<u32, WeightsError> {
    contents.sort_by_key(|(name, _)| *name);
    let header = Header {
        crc32: 0,
        ..header.clone()
    };
    let start = Crc32::new().update(serde_json::to_string(&header)?.as_bytes());
    let append = |crc: Crc32, (name, data): (&str, &[u8])| crc.update(name.as_bytes()).update(data);
    Ok(contents.into_iter().fold(start, append).finish())
}

/// Says how much is missing, which the container's own errors do not.
fn check_len(bytes: &[u8]) -> Result<(), WeightsError> {
    let have = bytes.len() as u64;
    let Some((len, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(WeightsError::Short { need: 8, have });
    };
    let len = u64::from_le_bytes(*len);
    if len > MAX_HEADER_LEN {
        return Ok(()); // not ours; the container's reader says what it is
    }
    let Some(header) = rest.get(..len as usize) else {
        return Err(WeightsError::Short {
            need: 8 + len,
            have,
        });
    };
    let header: BTreeMap<String, serde_json::Value> = serde_json::from_slice(header)?;
    let ends = header
        .values()
        .filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64());
    let need = ends.max().unwrap_or(0).saturating_add(8 + len);
    if have < need {
        return Err(WeightsError::Short { need, have });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
