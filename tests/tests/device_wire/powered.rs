//! A board in QEMU, built and under power.

use crate::{Board, SCRATCH};
use host::device::{Session, TcpLink};
use libtest_mimic::Failed;
use mote_tests::board::{self, BUILD, in_board, last_lines};
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A board in QEMU, until it is dropped: then its power is cut.
pub struct Powered {
    pub session: Session<TcpLink>,
    qemu: Child,
}

impl Drop for Powered {
    fn drop(&mut self) {
        stop(&mut self.qemu);
    }
}

/// Ends `timeout`, which passes a plain `kill` on to QEMU.
fn stop(qemu: &mut Child) {
    let _ = Command::new("kill").arg(qemu.id().to_string()).status();
    let _ = qemu.wait();
}

/// Starts `program` with its files in `folder`, the log in `log.defmt`.
pub fn power_on(program: &Path, machine: &str, folder: &Path) -> Result<Powered, Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let mut qemu = Command::new("timeout")
        .args(["120", "qemu-system-arm", "-machine", machine])
        .args(["-display", "none", "-monitor", "none"])
        .args(["-semihosting-config", "enable=on,target=native"])
        .arg("-serial")
        .arg(format!("tcp:{},nodelay=on", listener.local_addr()?))
        .arg("-kernel")
        .arg(program)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(File::create(folder.join("log.defmt"))?)
        .stderr(Stdio::null())
        .spawn()?;
    let begun = Instant::now();
    let stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(_) if begun.elapsed() < Duration::from_secs(20) => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(e) => {
                stop(&mut qemu);
                return Err(format!("QEMU does not connect: {e}").into());
            }
        }
    };
    stream.set_nonblocking(false)?;
    let session = Session::new(TcpLink::new(stream)?, Duration::from_secs(5), 7);
    Ok(Powered { session, qemu })
}

/// Builds the application of a board.
pub fn build(board: &Board) -> Result<PathBuf, Failed> {
    let Board { name, target, .. } = *board;
    let _one_at_a_time = BUILD
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let arguments = ["cargo", "build", "--release", "--quiet", "--bin", name];
    let built = in_board(SCRATCH, name, &arguments).output()?;
    match built.status.success() {
        true => Ok(board::target(SCRATCH)
            .join(target)
            .join("release")
            .join(name)),
        false => Err(last_lines(&built.stderr).into()),
    }
}

/// An empty folder for a board's files.
pub fn folder(name: &str) -> std::io::Result<PathBuf> {
    let folder = Path::new(SCRATCH).join("wire").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
