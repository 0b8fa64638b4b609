//! Times forward, NT-Xent, backward and Adam: `cargo bench -p host --bench train -- --help`.

mod clock;
mod torch;
mod views;
mod workload;

use clap::Parser;
use host::objective::Batch;
use host::objective::nt_xent::NtXent;
use host::train::pretrain::{Head, Pretraining, Recipe};
use host::train::{LayerTime, Level, Network, Rule, Schedule, peak_flops, projector};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use torch::{MODES, Taken, Torch};
use workload::Workload;

/// Of NT-Xent, here and in PyTorch.
const TEMPERATURE: f32 = 0.5;

/// Steps per second of pretraining, alone or beside PyTorch.
#[derive(Parser)]
struct Arguments {
    /// A, B, C (bodies of a ResNet-8, of a separable and of a one-dimensional network) or a preset; all without it
    workloads: Vec<String>,
    /// Threads, one run for each
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// Seconds for each measurement
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Instructions to use: avx512, avx2 or portable; without it what MOTE_SIMD says, else the fastest
    #[arg(long)]
    level: Option<String>,
    /// Parts in which the encoder takes a batch
    #[arg(long, default_value_t = 1)]
    accumulate: usize,
    /// A Python that has PyTorch, to take the same steps alternately with ours
    #[arg(long)]
    python: Option<PathBuf>,
    /// Where the time goes, layer by layer
    #[arg(long)]
    profile: bool,
    /// Steps whose views are drawn meanwhile, alternately with bare steps
    #[arg(long)]
    views: bool,
    /// What `cargo bench` passes
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let wanted = arguments.level.clone().or(std::env::var("MOTE_SIMD").ok());
    let mut levels = Level::available();
    levels.retain(|level| {
        wanted
            .as_deref()
            .is_none_or(|wanted| wanted == level.name())
    });
    let Some(&level) = levels.first() else {
        eprintln!(
            "--level or MOTE_SIMD: expected one of {}, found {}",
            names(&Level::available()),
            wanted.unwrap_or_default()
        );
        std::process::exit(2);
    };
    for &threads in &arguments.threads {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        let peak = peak_flops(level) * threads as f64;
        println!(
            "{}, {threads} threads; peak of the machine {:.1} GFLOP/s",
            level.name(),
            peak / 1e9
        );
        let wanted = |workload: &Workload| {
            arguments.workloads.is_empty()
                || arguments.workloads.iter().any(|name| name == workload.name)
        };
        for workload in workload::all().into_iter().filter(wanted) {
            let mut engine = pool.install(|| Engine::new(&workload, level, arguments.accumulate));
            let result = pool.install(|| {
                if arguments.profile {
                    profile(&workload, &mut engine, arguments.seconds, peak);
                    return Ok(());
                }
                if arguments.views {
                    beside_views(&workload, &mut engine, arguments.seconds);
                    return Ok(());
                }
                measure(&workload, &mut engine, &arguments, threads, peak)
            });
            if let Err(error) = result {
                eprintln!("{error}");
                std::process::exit(1);
            }
        }
    }
    if let Some(megabytes) = clock::peak_megabytes() {
        println!("peak memory of this process, all workloads: {megabytes:.0} MB");
    }
}

fn names(levels: &[Level]) -> String {
    let names: Vec<&str> = levels.iter().map(|level| level.name()).collect();
    names.join(", ")
}

/// A run and the batch that it sees again and again.
struct Engine {
    run: Pretraining,
    batch: Batch,
}

impl Engine {
    fn new(workload: &Workload, level: Level, accumulate: usize) -> Self {
        let mut encoder = Network::new(&workload.spec, 1).expect("a valid spec");
        let width = encoder.output_len() as u16;
        let mut head = projector(&[width, 2 * width, width], false, 2).expect("a valid head");
        let mut objective = NtXent::new(TEMPERATURE).expect("a valid temperature");
        encoder.set_level(level);
        head.set_level(level);
        objective.set_level(level);
        let mut random = 1u32;
        let mut next = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) as f32 / 4_194_304.0 - 2.0
        };
        let rows = workload.rows as u32;
        let batch = Batch {
            inputs: (0..workload.rows * encoder.input_len())
                .map(|_| next())
                .collect(),
            groups: (0..rows).map(|row| row % (rows / 2)).collect(),
            ..Batch::default()
        };
        let head = Head::new(Some(head), Box::new(objective), 1.0);
        let recipe = Recipe {
            rule: Rule::ADAM,
            weight_decay: 0.0,
            schedule: Schedule::constant(1e-3),
            epochs: 1,
            seed: 1,
            clip: None,
            accumulate,
        };
        let mut engine = Self {
            run: Pretraining::new(encoder, vec![head], recipe),
            batch,
        };
        engine.steps(2);
        engine
    }

    fn steps(&mut self, steps: u32) -> Taken {
        self.time(steps, |engine| {
            for _ in 0..steps {
                engine.run.step(&engine.batch).expect("finite numbers");
            }
        })
    }

    /// The same with fresh views for every step.
    fn steps_with_views(&mut self, steps: u32, source: &views::Source<'_>) -> Taken {
        let (last, stop) = (self.run.done + u64::from(steps), AtomicBool::new(false));
        self.time(steps, |engine| {
            let watch = |run: &Pretraining, _: &_| {
                stop.store(run.done == last, Ordering::Relaxed);
            };
            engine
                .run
                .run(source, &stop, watch)
                .expect("finite numbers");
        })
    }

    fn time(&mut self, steps: u32, work: impl FnOnce(&mut Self)) -> Taken {
        let (cpu, wall) = (clock::cpu_seconds(), Instant::now());
        work(self);
        let wall = wall.elapsed().as_secs_f64();
        let spent = clock::cpu_seconds().zip(cpu);
        let cpu = spent.map_or(wall, |(after, before)| after - before);
        Taken {
            cpu: cpu / f64::from(steps),
            wall: wall / f64::from(steps),
        }
    }

    /// Floating-point operations of a step's products, of each of the encoder's layers: forward, backward.
    fn flops(&self) -> Vec<[f64; 2]> {
        let spec = self.run.encoder.spec();
        let shapes = spec.shapes().expect("a valid spec");
        let rows = self.batch.rows() as f64;
        let of = |(layer, output): (&mote_core::spec::Layer, &mote_core::shape::Shape)| {
            let forward =
                2.0 * rows * layer.op.macs(shapes[usize::from(layer.input.0)], *output) as f64;
            // Weights and input; nobody asks for the gradient of the data.
            let products = if layer.input.0 > 0 { 2.0 } else { 1.0 };
            [forward, products * forward]
        };
        spec.layers.iter().zip(&shapes[1..]).map(of).collect()
    }
}

/// One line, or one for each way to run PyTorch.
fn measure(
    workload: &Workload,
    engine: &mut Engine,
    arguments: &Arguments,
    threads: usize,
    peak: f64,
) -> Result<(), String> {
    let head = engine.run.heads[0].network.as_ref().expect("a head");
    let head = head.spec().clone();
    let mut rivals = Vec::new();
    if let Some(python) = &arguments.python {
        for mode in MODES {
            rivals.push(Torch::start(python, mode, workload, &head, threads)?);
        }
    }
    // About a quarter of a second at a time, so that all meet the same weather.
    let pace = engine.steps(1).wall;
    let turn = |seconds: f64| (0.25 / seconds).round().clamp(1.0, 1000.0) as u32;
    let mut turns = Vec::new();
    for rival in &mut rivals {
        turns.push(turn(rival.steps(1)?.wall));
    }
    let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); rivals.len()]);
    let begun = Instant::now();
    let seconds = arguments.seconds * (1 + rivals.len()) as f64;
    while begun.elapsed().as_secs_f64() < seconds || ours.len() < 3 {
        ours.push(engine.steps(turn(pace)));
        for ((rival, theirs), &turn) in rivals.iter_mut().zip(&mut theirs).zip(&turns) {
            theirs.push(rival.steps(turn)?);
        }
    }
    let flops: f64 = engine.flops().iter().flatten().sum();
    let (cpu, wall) = (median(&ours, |t| t.cpu), median(&ours, |t| t.wall));
    println!(
        "{:8} {:7.2} steps/s  {:7.2} steps/CPU-s  {:3.0} % of the peak",
        workload.name,
        1.0 / wall,
        1.0 / cpu,
        // CPU time adds up the threads, as the peak does.
        100.0 * flops / cpu / (peak / threads as f64)
    );
    for (rival, theirs) in rivals.iter().zip(&theirs) {
        let pairs: Vec<[Taken; 2]> = theirs.iter().zip(&ours).map(|(t, o)| [*t, *o]).collect();
        println!(
            "    PyTorch {:8} {:7.2} steps/s  mote is {:.2} times as fast on the wall, {:.2} in CPU time; {:.0} MB",
            rival.mode,
            1.0 / median(theirs, |t| t.wall),
            median(&pairs, |[t, o]| t.wall / o.wall),
            median(&pairs, |[t, o]| t.cpu / o.cpu),
            rival.peak_megabytes,
        );
    }
    Ok(())
}

fn median<T>(values: &[T], of: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<f64> = values.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// One line: how much of the bare step's rate is left where views are drawn meanwhile.
fn beside_views(workload: &Workload, engine: &mut Engine, seconds: f64) {
    let input = workload.spec.input;
    let Some(dataset) = views::data(input) else {
        println!("{:8} no data of this shape to draw views of", workload.name);
        return;
    };
    let source = views::Source::new(&dataset, input, workload.rows);
    // Enough that the views drawn before the first step and for none after the last count little.
    let turn = (0.5 / engine.steps(1).wall).round().clamp(10.0, 1000.0) as u32;
    let (mut pairs, begun) = (Vec::new(), Instant::now());
    while begun.elapsed().as_secs_f64() < 2.0 * seconds || pairs.len() < 3 {
        pairs.push([engine.steps(turn), engine.steps_with_views(turn, &source)]);
    }
    println!(
        "{:8} {:7.2} steps/s with views: {:.1} % of the bare step's rate on the wall, {:.1} % in CPU time",
        workload.name,
        1.0 / median(&pairs, |[_, with]| with.wall),
        100.0 * median(&pairs, |[bare, with]| bare.wall / with.wall),
        100.0 * median(&pairs, |[bare, with]| bare.cpu / with.cpu),
    );
}

/// Time and speed of each layer.
fn profile(workload: &Workload, engine: &mut Engine, seconds: f64, peak: f64) {
    let before = engine.run.encoder.layer_times();
    let begun = Instant::now();
    let mut steps = 0;
    while begun.elapsed().as_secs_f64() < seconds {
        engine.steps(1);
        steps += 1;
    }
    let whole = begun.elapsed().as_secs_f64() / f64::from(steps);
    let after = engine.run.encoder.layer_times();
    println!(
        "{}: {:.2} ms a step; a layer's share, then its speed beside the peak",
        workload.name,
        1e3 * whole
    );
    let mut rest = whole;
    for ((after, before), flops) in after.iter().zip(&before).zip(engine.flops()) {
        let LayerTime { layer, name, .. } = *after;
        let times = [
            (after.forward - before.forward) / f64::from(steps),
            (after.backward - before.backward) / f64::from(steps),
        ];
        rest -= times[0] + times[1];
        print!("{layer:4} {name:18}");
        for (way, (time, flops)) in ["forward", "backward"].iter().zip(times.iter().zip(flops)) {
            print!(
                "  {way} {:8.3} ms {:4.1} %",
                1e3 * time,
                100.0 * time / whole
            );
            if flops > 0.0 {
                print!(
                    " {:6.1} GFLOP/s {:3.0} %",
                    flops / time / 1e9,
                    100.0 * flops / time / peak
                );
            } else {
                print!("{:21}", "");
            }
        }
        println!();
    }
    println!(
        "     loss, head, update, copies: {:.3} ms {:.1} %",
        1e3 * rest,
        100.0 * rest / whole
    );
}
