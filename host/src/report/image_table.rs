//! A model image layer by layer: shapes, work, flash and where each output lies in scratch.

use super::Table;
use crate::export::{ExportError, channels_left_out};
use mote_core::image::{Format, LayerInfo, ModelImage};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Layer, Op, Spec, SpecError};

/// One row a layer and a row of sums; the caption has flash and scratch of the whole image.
pub fn image_table(image: &ModelImage<'_>) -> Table {
    let value = image.format().value_len();
    let mut rows: Vec<Vec<String>> = image.layers().map(|layer| row(&layer, value)).collect();
    let sum = |of: &dyn Fn(&LayerInfo<'_>) -> u64| image.layers().map(|l| of(&l)).sum::<u64>();
    rows.push(vec![
        "all".into(),
        String::new(),
        group(sum(&|l| l.parameters() as u64)),
        group(sum(&|l| l.macs())),
        group(image.len() as u64),
        group((image.scratch_len() * value) as u64),
    ]);
    Table {
        caption: format!(
            "{} ({}): {} -> {} values, {} bytes of flash, {} bytes of scratch",
            image.name(),
            match image.format() {
                Format::I8 => "int8",
                Format::F16 => "f16 weights, f32 activations",
            },
            shape(image.input_shape()),
            image.embedding_len(),
            group(image.len() as u64),
            group((image.scratch_len() * value) as u64),
        ),
        header: [
            "layer",
            "output",
            "parameters",
            "MACs",
            "flash",
            "scratch at",
        ]
        .map(String::from)
        .to_vec(),
        rows,
    }
}

fn row(layer: &LayerInfo<'_>, value: usize) -> Vec<String> {
    let range = layer.output.range();
    vec![
        format!("{} {}", layer.index, name(&layer.layer)),
        shape(layer.output.shape),
        group(layer.parameters() as u64),
        group(layer.macs()),
        group(layer.constants_len() as u64),
        format!("{}..{}", range.start * value, range.end * value),
    ]
}

/// What the exporter left out of `image`, made from an encoder of the spec `whole`; `None` if nothing.
///
/// # Errors
/// If the spec's shapes do not fit each other.
pub fn left_out(image: &ModelImage<'_>, whole: &Spec) -> Result<Option<String>, ExportError> {
    let channels = channels_left_out(whole, &image.spec())?;
    Ok((channels > 0).then(|| {
        format!(
            "{channels} channels are left out: they hold one value whatever goes in, or nobody reads them; \
             the embedding is the same to the bit"
        )
    }))
}

/// One row a layer of a spec that is not an image yet.
///
/// # Errors
/// If the spec's shapes do not fit each other.
pub fn spec_table(spec: &Spec, title: &str) -> Result<Table, SpecError> {
    let shapes = spec.shapes()?;
    let layers = spec.layers.iter().zip(shapes.iter().skip(1)).enumerate();
    let mut rows: Vec<Vec<String>> = layers
        .map(|(index, (layer, &output))| {
            let input = shapes
                .get(usize::from(layer.input.0))
                .copied()
                .unwrap_or(output);
            vec![
                format!("{index} {}", name(layer)),
                shape(output),
                group(layer.op.parameters(input, output) as u64),
                group(layer.op.macs(input, output)),
            ]
        })
        .collect();
    let (parameters, macs) = (spec.parameters()? as u64, spec.macs()?);
    rows.push(vec![
        "all".into(),
        String::new(),
        group(parameters),
        group(macs),
    ]);
    Ok(Table {
        caption: format!(
            "{title} (trained weights): {} -> {} values",
            shape(spec.input),
            spec.embedding_len()?
        ),
        header: ["layer", "output", "parameters", "MACs"]
            .map(String::from)
            .to_vec(),
        rows,
    })
}

/// What a layer is, in a few words.
pub fn name(layer: &Layer) -> String {
    let relu = match layer.activation {
        Activation::None => "",
        Activation::Relu => " relu",
    };
    let name = match layer.op {
        Op::Conv2d { .. } => "conv2d",
        Op::DepthwiseConv2d { .. } => "depthwise",
        Op::Dense { .. } => "dense",
        Op::Add { .. } => "add",
        Op::Concat { .. } => "concat",
        Op::AvgPool { .. } => "avg pool",
        Op::MaxPool { .. } => "max pool",
        Op::GlobalAvgPool => "global avg pool",
        Op::GlobalStatPool => "global stat pool",
        Op::Embedding { .. } => "embedding",
    };
    let kernel = layer.op.kernel().map_or(String::new(), |k| {
        let stride = if k.stride == [1, 1] {
            String::new()
        } else {
            format!(" s{}", k.stride[1])
        };
        format!(" {}x{}{stride}", k.size[0], k.size[1])
    });
    format!("{name}{kernel}{relu}")
}

/// Height, width, channels.
pub fn shape(shape: Shape) -> String {
    format!("{}x{}x{}", shape.h, shape.w, shape.c)
}

/// Digits in groups of three.
pub fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
