//! Times evaluation: `cargo bench -p host --bench evaluate [THREADS]`.
//!
//! k-NN and linear evaluation of 60,000 embeddings of 64 values (50,000 to learn from, ten overlapping classes), then
//! the presets' int8 images by the code that the device runs.

use host::eval::{Embeddings, Facts, INVERSE_L2, Knn, Split, linear_evaluation};
use host::export::{About, Method, embed, int8};
use host::train::Network;
use mote_core::image::ModelImage;
use mote_core::preset::Preset;
use mote_core::shape::Shape;
use std::error::Error;
use std::time::Instant;

const ROWS: usize = 60_000;
const DIM: usize = 64;
const CLASSES: usize = 10;

/// Sums of uniform draws, near enough to normal.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f32 {
        let mut sum = 0.0;
        for _ in 0..4 {
            self.0 = self.0.wrapping_mul(6364136223846793005);
            self.0 = self.0.wrapping_add(1442695040888963407);
            sum += (self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5;
        }
        1.7 * sum
    }

    fn take(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// Runs `work` and says how long it took.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> (T, f64) {
    let begun = Instant::now();
    let value = work();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what}: {seconds:.2} s");
    (value, seconds)
}

fn main() -> Result<(), Box<dyn Error>> {
    let threads = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = threads {
        pool = pool.num_threads(threads);
    }
    pool.build_global()?;
    println!("{} threads", rayon::current_num_threads());
    linear_and_knn()?;
    for (preset, input) in [
        (Preset::Conv1d, Shape::sequence(128, 6)),
        (Preset::Resnet8, Shape::new(32, 32, 3)),
        (Preset::Dscnn, Shape::new(49, 10, 1)),
    ] {
        windows(preset, input)?;
    }
    Ok(())
}

fn linear_and_knn() -> Result<(), Box<dyn Error>> {
    let mut draws = Draws(1);
    let centres = draws.take(CLASSES * DIM);
    let noise = draws.take(ROWS * DIM);
    let value =
        |(at, noise): (usize, f32)| 0.35 * centres[at / DIM % CLASSES * DIM + at % DIM] + noise;
    let values = noise.into_iter().enumerate().map(value).collect();
    let embeddings = Embeddings::new(values, DIM)?;
    let facts = Facts {
        label_names: (0..CLASSES).map(|label| label.to_string()).collect(),
        labels: (0..ROWS).map(|row| Some(row % CLASSES)).collect(),
        subjects: (0..ROWS)
            .map(|row| format!("{}", row * 12 / ROWS))
            .collect(),
        recordings: (0..ROWS).map(|row| row / 100).collect(),
    };
    let split = Split::by_subject(facts, &["10".into(), "11".into()])?;
    let (train, test) = (split.train(&embeddings)?, split.test(&embeddings)?);
    let (score, _) = timed("k-NN, 60,000 x 64", || Knn::default().score(&train, &test));
    println!("    accuracy {:.1} %", 100.0 * score?.accuracy);
    let (linear, _) = timed("linear evaluation, six penalties by five folds", || {
        linear_evaluation(&train, &test, &INVERSE_L2)
    });
    println!("    accuracy {:.1} %", 100.0 * linear?.score.accuracy);
    Ok(())
}

fn windows(preset: Preset, input: Shape) -> Result<(), Box<dyn Error>> {
    const WINDOWS: usize = 2000;
    let encoder = Network::new(&preset.spec(input, 1.0, None)?, 1)?.trained();
    let windows = Draws(2).take(WINDOWS * input.len());
    let len = u32::from(input.h) * u32::from(input.w);
    let about = About::plain(preset.name(), len, usize::from(input.c));
    let image = int8(
        &encoder,
        &about,
        &windows[..64 * input.len()],
        Method::default(),
    )?;
    let image = ModelImage::parse(&image).map_err(|error| error.to_string())?;
    let what = format!("{}, {WINDOWS} windows in int8", preset.name());
    let (embeddings, seconds) = timed(&what, || embed(&image, &windows));
    embeddings?;
    println!(
        "    {:.0} windows a minute",
        60.0 * WINDOWS as f64 / seconds
    );
    Ok(())
}
