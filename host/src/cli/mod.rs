//! The `mote` command: what may be typed, and which exit code follows.

mod compare;
mod data;
mod device;
mod error;
mod evaluate;
mod file;
mod generate;
mod inspect;
mod pretrain;
mod quantize;
mod settings;
mod suit;
mod terminal;
mod views;

pub use error::CliError;
pub use terminal::Terminal;

use crate::data::symbols::Unit;
use crate::train::world::{self, World};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// mote turns unlabelled recordings into a microcontroller that learns your classes.
#[derive(Parser, Debug)]
#[command(
    name = "mote",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Without a command, `mote pretrain` runs on the recordings that ship with mote.\n\
                  Exit codes: 0 done, 1 the work failed, 2 wrong usage or input, 130 interrupted."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    pretrain: pretrain::Pretrain,
    #[command(flatten)]
    terminal: terminal::Flags,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Train an encoder without labels, evaluate it beside its controls, quantize and export it
    Pretrain(pretrain::Pretrain),
    /// Measure recipe and controls over several folds of subjects and several seeds
    Evaluate(evaluate::Evaluate),
    /// Train and judge objectives, widths and seeds in one command; started again, it goes on where it was
    Compare(compare::Compare),
    /// Say what a folder holds, and what a run would do with it and why
    Data(data::Data),
    /// Draw windows and their views side by side: what do the alterations do to my data?
    Views(views::Views),
    /// Write what an encoder trained on the next symbol would write
    Generate(generate::Generate),
    /// Turn trained weights into a model image for a microcontroller
    Quantize(quantize::Quantize),
    /// Show what a weights file or a model image holds, layer by layer
    Inspect(inspect::Inspect),
    /// Speak to a device: teach it, ask it, watch it, give it another image
    Device(device::Device),
}

/// Where recordings come from; the same flags for every command that reads them.
#[derive(Args, Debug, Default, Clone)]
pub struct DataFlags {
    /// Folder of CSV files (a header of channel names, one row per sample, optionally a time column), of
    /// pictures (PNG, JPEG, IDX, CIFAR's binaries), of sound (.wav), of UCR's .tsv or .ts, of NumPy's x.npy and y.npy or .npz, or of symbols:
    /// text (.txt), FASTA, CSV with a column `sequence` or `caption`, or with columns `user`, `item` and `time`;
    /// sub-folders name labels. Without it, the smartwatch
    /// recordings that ship with mote
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Samples a second, where the files have no time column, and to which sound is brought
    #[arg(long, value_name = "HZ")]
    pub rate: Option<f64>,
    /// Where file names hold subject or label, e.g. `{subject}_{rest}` or `{subject}/{label}/{index}`
    #[arg(long, value_name = "PATTERN")]
    pub pattern: Option<String>,
    /// Files to hold out for testing, by the `{index}` of the pattern, e.g. `0-4` or `3,7,20-29`
    #[arg(long, value_name = "INDICES")]
    pub test: Option<String>,
    /// Columns to read, in this order; all without it. For arrays: what their channels are called
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub channels: Vec<String>,
    /// Subjects to hold out for testing instead of folds
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub test_subjects: Vec<String>,
    /// Read about so many recordings or pictures at most, evenly over parts and labels
    #[arg(long, value_name = "COUNT")]
    pub most: Option<usize>,
    /// What a symbol of a text file is
    #[arg(long, value_enum)]
    pub symbols: Option<Unit>,
    /// Samples in a window
    #[arg(long, value_name = "SAMPLES")]
    pub window: Option<usize>,
    /// Samples between the starts of two windows
    #[arg(long, value_name = "SAMPLES")]
    pub hop: Option<usize>,
}

/// Runs what the command line asks for; `started` is how many processes of it a launcher says to have started.
pub fn main(started: Option<&str>) -> ExitCode {
    let cli = Cli::parse();
    let mut terminal = Terminal::new(&cli.terminal);
    let world = match cli.command {
        None | Some(Command::Pretrain(_)) => world::join(started),
        _ => Ok(world::alone()),
    };
    let world = match world {
        Ok(world) => world,
        Err(error) => return failed(&error.into(), &*world::alone()),
    };
    let result = match cli.command {
        None => cli.pretrain.run(&mut terminal, &world),
        Some(Command::Pretrain(command)) => command.run(&mut terminal, &world),
        Some(Command::Evaluate(command)) => command.run(&mut terminal),
        Some(Command::Compare(command)) => command.run(&mut terminal),
        Some(Command::Data(command)) => command.run(&mut terminal),
        Some(Command::Views(command)) => command.run(&mut terminal),
        Some(Command::Generate(command)) => command.run(&mut terminal),
        Some(Command::Quantize(command)) => command.run(&mut terminal),
        Some(Command::Inspect(command)) => command.run(&mut terminal),
        Some(Command::Device(command)) => command.run(&mut terminal),
    };
    match result {
        Ok(()) => {
            world.leave(0);
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, &*world),
    }
}

fn failed(error: &CliError, world: &dyn World) -> ExitCode {
    if world.size() > 1 {
        eprint!("process {} of {}: ", world.rank(), world.size());
    }
    eprintln!("mote: {error}");
    world.leave(error.exit_code());
    ExitCode::from(error.exit_code())
}
