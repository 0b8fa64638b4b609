//! What an image will take on a core, layer by layer, and where to save first.

use super::Table;
use super::image_table::{group, name, shape};
use super::scratch_map::fullest;
use crate::cost::{Core, Cost, CostError, predict};
use mote_core::image::{LayerInfo, ModelImage};

/// A prediction and its conclusions.
pub struct Forecast {
    /// One row a layer and one of sums.
    pub table: Table,
    /// What the numbers are, and which layers to shrink first.
    pub advice: Vec<String>,
}

/// Predicts every layer of `image` on `core`.
///
/// # Errors
/// If the image does not run there, or the core was not measured.
pub fn forecast(image: &ModelImage<'_>, core: Core) -> Result<Forecast, CostError> {
    let costs = predict(image, core)?;
    let sum = costs.iter().fold(Cost::default(), |sum, cost| Cost {
        instructions: sum.instructions + cost.instructions,
        cycles: sum.cycles + cost.cycles,
    });
    let layers: Vec<LayerInfo<'_>> = image.layers().collect();
    let macs: u64 = layers.iter().map(LayerInfo::macs).sum();
    let line = |title: [String; 2], macs: u64, cost: &Cost, flash: usize| {
        let per_mac = match macs {
            0 => String::new(),
            macs => format!("{:.2}", cost.instructions / macs as f64),
        };
        let [title, output] = title;
        vec![
            title,
            output,
            group(macs),
            group(cost.instructions as u64),
            per_mac,
            group(cost.cycles as u64),
            format!("{:.0} %", 100.0 * cost.cycles / sum.cycles),
            group(flash as u64),
        ]
    };
    let mut rows: Vec<Vec<String>> = layers
        .iter()
        .zip(&costs)
        .map(|(layer, cost)| {
            let title = format!("{} {}", layer.index, name(&layer.layer));
            let title = [title, shape(layer.output.shape)];
            line(title, layer.macs(), cost, layer.constants_len())
        })
        .collect();
    rows.push(line(["all".into(), String::new()], macs, &sum, image.len()));
    let million = |n: f64| format!("{:.3} M", n / 1e6);
    Ok(Forecast {
        table: Table {
            caption: format!(
                "{} on {core}: {} instructions, {} model cycles, {} bytes of flash, {} bytes of RAM",
                image.name(),
                million(sum.instructions),
                million(sum.cycles),
                group(image.len() as u64),
                group(image.scratch_len() as u64),
            ),
            header: [
                "layer",
                "output",
                "MACs",
                "instructions",
                "per MAC",
                "model cycles",
                "share",
                "flash",
            ]
            .map(String::from)
            .to_vec(),
            rows,
        },
        advice: advice(image, &layers, &costs, &sum),
    })
}

fn advice(
    image: &ModelImage<'_>,
    layers: &[LayerInfo<'_>],
    costs: &[Cost],
    sum: &Cost,
) -> Vec<String> {
    let title = |index: usize| {
        let layer = layers.get(index).map(|layer| name(&layer.layer));
        format!("layer {index} ({})", layer.unwrap_or_default())
    };
    let most = |share: &dyn Fn(usize) -> f64| {
        let indices = 0..layers.len();
        indices.map(|i| (i, share(i))).fold(
            (0, 0.0),
            |best, this| if this.1 > best.1 { this } else { best },
        )
    };
    let (slowest, share) = most(&|i| costs[i].cycles / sum.cycles);
    let (largest, bytes) = most(&|i| layers[i].constants_len() as f64);
    let (fullest, used) = fullest(image);
    vec![
        "Predicted from layers that QEMU counted. Model cycles: a Cortex-M4 whose memory never waits; boards wait, so \
         expect more there. Flash is the image alone, without kernels; RAM is its scratch."
            .into(),
        format!("For speed shrink {} first: {:.0} % of the model cycles.", title(slowest), 100.0 * share),
        format!(
            "For flash shrink {} first: {:.0} % of the image.",
            title(largest),
            100.0 * bytes / image.len() as f64
        ),
        format!(
            "For RAM shrink {} first: {} bytes are in use while it runs.",
            title(fullest),
            group(used as u64)
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_names_the_layers_that_cost_most() {
        let bytes = include_bytes!("../../../core/tests/golden/conv1d.image");
        let image = ModelImage::parse(bytes).unwrap();
        let forecast = forecast(&image, Core::M4).unwrap();
        assert_eq!(forecast.table.rows.len(), image.layer_count() + 1);
        let all = forecast.table.rows.last().unwrap();
        assert_eq!(all[6], "100 %");
        let text = forecast.advice.join("\n");
        assert!(
            text.contains("For speed shrink layer 1 (conv2d 1x5 s2 relu) first"),
            "{text}"
        );
        assert!(
            text.contains("For flash shrink layer 2 (conv2d 1x5 s2 relu) first"),
            "{text}"
        );
    }

    #[test]
    fn what_does_not_run_is_refused_in_words() {
        let bytes = include_bytes!("../../../core/tests/golden/layers_f16.image");
        let image = ModelImage::parse(bytes).unwrap();
        let error = forecast(&image, Core::M4).err().unwrap();
        assert!(error.to_string().contains("--format int8"), "{error}");
    }
}
