//! `mote device`: the desktop's end of the wire.

mod learn;
mod look;

use super::file::parse;
use super::suit::sensed;
use super::{CliError, DataFlags, Terminal};
use crate::data::DataConfig;
use crate::device::{
    DeviceError, Link, MemoryFlash, SerialLink, Session, Simulated, Simulation, TcpLink,
};
use crate::pipeline::Console;
use crate::run::{RunConfig, atomic, progress::Progress};
use clap::{ArgGroup, Args, Subcommand};
use mote_core::image::ModelImage;
use mote_core::wire::{Request, Upload};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the command takes.
#[derive(Args, Debug)]
pub struct Device {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

/// Where the device is.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("device").required(true).args(["port", "tcp", "simulate"])))]
struct Place {
    /// Serial port of the device, such as /dev/ttyACM0 or COM3
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// Bits a second on the serial port
    #[arg(
        long,
        value_name = "BITS",
        default_value_t = 115_200,
        value_parser = clap::value_parser!(u32).range(300..=12_000_000),
        requires = "port"
    )]
    baud: u32,
    /// TCP address of the device, for instance of one in QEMU
    #[arg(long, value_name = "HOST:PORT")]
    tcp: Option<String>,
    /// No device: the firmware's application in this process
    #[arg(long)]
    simulate: bool,
    /// Image of the simulated device [default: that of the latest run]; for another device the one that it runs, which
    /// says how it numbers symbols and hears sound
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// File for the simulated device's flash, so that it remembers; made when it is missing
    #[arg(long, value_name = "FILE", requires = "simulate")]
    flash: Option<PathBuf>,
    /// Seconds to wait for an answer before the request is sent again
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    timeout: f64,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Say what the device is and how it fares
    Status,
    /// Let the device label windows of recordings
    Infer(learn::Infer),
    /// Teach the device from labelled recordings, or from its own sensor
    Teach(learn::Teach),
    /// Show what the device thinks of its own sensor, as it changes
    Watch(look::Watch),
    /// List, rename or forget labels
    Labels(look::Labels),
    /// Keep what the device has learned in a file, or give it to a device
    #[command(subcommand)]
    Snapshot(Snapshot),
    /// Give the device another image; what it has learned with the old one is lost
    Upload {
        /// `encoder.image`
        file: PathBuf,
    },
    /// Time the encoder on the device, layer by layer
    Bench(look::Bench),
}

#[derive(Subcommand, Debug)]
enum Snapshot {
    /// Write what the device has learned to a file
    Save {
        /// The file
        file: PathBuf,
    },
    /// Give the device what is in a file; it replaces what the device has learned
    Load {
        /// The file
        file: PathBuf,
    },
}

impl DataFlags {
    /// What these flags alone ask for.
    fn config(&self) -> DataConfig {
        let mut config = RunConfig::default();
        self.apply(&mut config);
        config.data
    }
}

/// A conversation with whatever device was asked for.
type Conversation = Session<Box<dyn Link>>;

impl Device {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        let sensor = match &self.action {
            Action::Watch(watch) => Some(watch.data.config()),
            Action::Teach(teach) => teach.own_data(),
            _ => None,
        };
        let mut session = self.place.connect(sensor)?;
        match &self.action {
            Action::Status => look::status(&mut session, terminal),
            Action::Infer(infer) => infer.run(&mut session, &self.place, terminal),
            Action::Teach(teach) => teach.run(&mut session, &self.place, terminal),
            Action::Watch(watch) => watch.run(&mut session, terminal),
            Action::Labels(labels) => labels.run(&mut session, terminal),
            Action::Snapshot(Snapshot::Save { file }) => {
                let snapshot = session.snapshot()?;
                atomic::write(file, &snapshot)?;
                terminal.text(&format!(
                    "{} bytes written to {}",
                    snapshot.len(),
                    file.display()
                ));
                terminal.result(&serde_json::json!({ "bytes": snapshot.len() }));
                Ok(())
            }
            Action::Snapshot(Snapshot::Load { file }) => {
                let bytes = read(file)?;
                write(&mut session, Upload::Snapshot, &bytes, terminal)?;
                session.save()?;
                terminal.text(&format!(
                    "the device has learned and saved what is in {}",
                    file.display()
                ));
                terminal.result(&session.labels()?);
                Ok(())
            }
            Action::Upload { file } => upload(&mut session, file, terminal),
            Action::Bench(bench) => bench.run(&mut session, terminal),
        }
    }
}

impl Place {
    /// The file of the image that the device runs.
    fn image(&self) -> Result<PathBuf, CliError> {
        match &self.image {
            Some(image) => Ok(image.clone()),
            None if self.simulate => latest_image(),
            None => Err(CliError::Config(
                "how a device numbers symbols and hears sound is in its image: pass that image with --image FILE"
                    .into(),
            )),
        }
    }

    /// What `look` sees in the image that the device runs, which has the checksum `crc`.
    fn look<R>(&self, crc: u32, look: impl Fn(&ModelImage<'_>) -> R) -> Result<R, CliError> {
        let path = self.image()?;
        let bytes = read(&path)?;
        let image = parse(&path, &bytes)?;
        if image.crc() != crc {
            return Err(DeviceError::Mismatch(format!(
                "{}: the device runs another image ({crc:08x}, this one is {:08x})",
                path.display(),
                image.crc()
            ))
            .into());
        }
        Ok(look(&image))
    }

    /// `sensor` is what a simulated device's sensor plays.
    fn connect(&self, sensor: Option<DataConfig>) -> Result<Conversation, CliError> {
        let link: Box<dyn Link> = if let Some(port) = &self.port {
            Box::new(SerialLink::open(port, self.baud)?)
        } else if let Some(address) = &self.tcp {
            Box::new(TcpLink::connect(address)?)
        } else {
            let file = self.image()?;
            let image = read(&file)?;
            let sensor =
                sensor.map(|data| Ok::<_, CliError>(sensed(data, &parse(&file, &image)?)?));
            let flash = match &self.flash {
                Some(path) => {
                    MemoryFlash::in_file(path.clone()).map_err(|source| CliError::Read {
                        path: path.clone(),
                        source,
                    })?
                }
                None => MemoryFlash::blank(),
            };
            Box::new(Simulated::new(Simulation {
                image,
                flash,
                sensor: sensor.transpose()?,
            })?)
        };
        if !(0.01..=600.0).contains(&self.timeout) {
            return Err(CliError::Config(format!(
                "--timeout: expected 0.01 to 600 seconds, found {}",
                self.timeout
            )));
        }
        let patience = Duration::from_secs_f64(self.timeout);
        Ok(Session::new(link, patience, drawn()))
    }
}

/// A number that differs from one start of the program to the next: a new connection must not look like the last one,
/// nor a new example like an old one. No result depends on it.
fn drawn() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|source| CliError::Read {
        path: path.into(),
        source,
    })
}

/// The image of the run that ended last.
fn latest_image() -> Result<PathBuf, CliError> {
    let runs = std::fs::read_dir("runs").into_iter().flatten().flatten();
    let images = runs.map(|run| run.path().join("encoder.image"));
    images
        .filter_map(|image| Some((image.metadata().ok()?.modified().ok()?, image)))
        .max()
        .map(|(_, image)| image)
        .ok_or_else(|| {
            CliError::Config(
                "--simulate needs an image: pass --image FILE, or make one with `mote pretrain`"
                    .into(),
            )
        })
}

fn write(
    session: &mut Conversation,
    what: Upload,
    bytes: &[u8],
    terminal: &mut Terminal,
) -> Result<(), DeviceError> {
    let total = bytes.len() as u64;
    let mut progress = Progress::new(terminal.progress(), &format!("sending the {what}"), total);
    let result = session.write(what, bytes, |done| progress.update(done, String::new));
    progress.finish();
    result
}

fn upload(
    session: &mut Conversation,
    file: &Path,
    terminal: &mut Terminal,
) -> Result<(), CliError> {
    let bytes = read(file)?;
    let image = parse(file, &bytes)?;
    let before = session.status()?;
    if before
        .image
        .is_some_and(|running| running.crc == image.crc())
    {
        terminal.text("the device runs this image already");
    } else {
        write(session, Upload::Image, image.bytes(), terminal)?;
        session.command(&Request::Reboot)?;
        // It answers again once it has booted.
        std::thread::sleep(Duration::from_millis(300));
    }
    let status = session.status()?;
    let running = status.image.as_ref().map(|running| running.crc);
    if running != Some(image.crc()) {
        return Err(DeviceError::Mismatch(format!(
            "the device has taken {} but runs another image after the restart",
            file.display()
        ))
        .into());
    }
    look::tell(&status, terminal);
    Ok(())
}
