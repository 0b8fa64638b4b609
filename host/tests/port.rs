//! `mote device --port` on a serial line: a pseudo-terminal with the simulated device at its other end.
#![cfg(unix)]

mod common;

use common::mote;
use host::device::{Link, MemoryFlash, Simulated, Simulation};
use serialport::{SerialPort, TTYPort};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// The boards' own image, of 128 samples of six channels.
fn image() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/boards/encoder.image")
}

/// A simulated device at the end of a serial line, until it is dropped.
struct Plugged {
    /// The desktop's end; it stays open, as a cable stays in its socket.
    port: TTYPort,
    pulled: Arc<AtomicBool>,
    device: Option<JoinHandle<()>>,
}

impl Plugged {
    fn new() -> Self {
        let (mut line, port) = TTYPort::pair().unwrap();
        line.set_timeout(Duration::from_millis(1)).unwrap();
        let pulled = Arc::new(AtomicBool::new(false));
        let (pull, (booted, boots)) = (Arc::clone(&pulled), mpsc::channel());
        let device = std::thread::spawn(move || {
            let mut device = Simulated::new(Simulation {
                image: std::fs::read(image()).unwrap(),
                flash: MemoryFlash::blank(),
                sensor: None,
            })
            .unwrap();
            booted.send(()).unwrap();
            while !pull.load(Ordering::Relaxed) {
                pass_on(&mut line, &mut device);
            }
        });
        boots.recv().unwrap();
        Self {
            port,
            pulled,
            device: Some(device),
        }
    }

    fn name(&self) -> String {
        self.port.name().unwrap()
    }
}

/// What has come over the line goes to the device, and the other way round.
fn pass_on(line: &mut TTYPort, device: &mut Simulated) {
    let mut bytes = [0; 512];
    match line.read(&mut bytes) {
        Ok(count) => device.send(&bytes[..count]).unwrap(),
        Err(e) => assert_eq!(e.kind(), io::ErrorKind::TimedOut),
    }
    let count = device.receive(&mut bytes, Duration::ZERO).unwrap();
    line.write_all(&bytes[..count]).unwrap();
}

impl Drop for Plugged {
    fn drop(&mut self) {
        self.pulled.store(true, Ordering::Relaxed);
        let ended = self.device.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

#[test]
fn a_device_on_a_serial_line_is_taught_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let plugged = Plugged::new();
    let port = plugged.name();
    let device = |arguments: &[&str]| -> serde_json::Value {
        let mut all = vec!["device", "--port", &port, "--baud", "115200", "--json"];
        all.extend(arguments);
        let output = mote(folder.path(), &all);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {message}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let status = device(&["status"]);
    assert_eq!(status["image"]["channels"], 6);
    assert_eq!(status["labels"], 0);
    let labels = device(&["teach", "--per-class", "2"]);
    let labels = labels.as_array().unwrap();
    assert!(labels.len() > 2 && labels.iter().all(|label| label["examples"] == 2));
    // Each command opens the line anew, and the device at its end goes on.
    assert_eq!(device(&["status"])["labels"], labels.len());
    let answers = device(&["infer", "--limit", "10"]);
    assert_eq!(answers["labelled"], 10);
    device(&["snapshot", "save", "learned.snapshot"]);
    device(&["labels", "forget", "--all"]);
    let again = device(&["snapshot", "load", "learned.snapshot"]);
    assert_eq!(again.as_array().unwrap(), labels);
    assert!(device(&["bench", "--repeats", "1"])["all"]["macs"].as_u64() > Some(0));
}

#[test]
fn a_port_in_silence_or_in_other_hands_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (_line, mut port) = TTYPort::pair().unwrap();
    let name = port.name().unwrap();
    let refused = |more: &[&str], code: i32, parts: &[&str]| {
        let arguments = [&["device", "--port", &name], more].concat();
        let output = mote(folder.path(), &arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{more:?}: {message}");
        for part in parts {
            assert!(message.contains(part), "{more:?}: no {part:?} in {message}");
        }
    };
    let silence = ["does not answer", "4 tries"];
    refused(&["--timeout", "0.05", "status"], 1, &silence);
    refused(&["--baud", "0", "status"], 2, &["--baud", "300"]);
    port.set_exclusive(true).unwrap();
    refused(&["status"], 2, &["has no other program"]);
}
