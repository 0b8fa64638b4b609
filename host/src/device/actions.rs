//! What people want of a device, each made of a few requests.

use super::{DeviceError, Link, Session};
use mote_core::crc::crc32;
use mote_core::wire::{CHUNK, Inference, Name, Refusal, Request, Response, Status, Upload, Values};

/// A label as the device knows it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Taught {
    /// Its place.
    pub index: u8,
    /// Its name.
    pub name: String,
    /// Examples learned.
    pub examples: u32,
}

/// How long a layer, or the whole encoder, takes on the device.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
pub struct Timing {
    /// Layers of the encoder.
    pub layers: u8,
    /// Multiply-accumulates of one run.
    pub macs: u32,
    /// Seconds of one run.
    pub seconds: f64,
}

/// How often an upload begins again.
const MOST_RESTARTS: u32 = 3;

impl<K: Link> Session<K> {
    /// Who the device is.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn status(&mut self) -> Result<Status, DeviceError> {
        self.ask(&Request::Status, |response| match response {
            Response::Status(status) => Some(status.clone()),
            _ => None,
        })
    }

    /// The labels, by place.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn labels(&mut self) -> Result<Vec<Taught>, DeviceError> {
        let places = self.status()?.label_capacity;
        let mut labels = Vec::new();
        for index in 0..places {
            match self.ask(&Request::Label { index }, taught) {
                Ok(label) => labels.push(label),
                Err(DeviceError::Refused(Refusal::NoSuchLabel { .. })) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(labels)
    }

    /// The label called `name`, made if there is none.
    ///
    /// # Errors
    /// `Mismatch` for a name that is too long; else as [`Session::ask`].
    pub fn label(&mut self, name: &str) -> Result<Taught, DeviceError> {
        let name = wire_name(name)?;
        self.ask(&Request::AddLabel { name }, taught)
    }

    /// Gives a label another name.
    ///
    /// # Errors
    /// As [`Session::label`].
    pub fn rename(&mut self, index: u8, name: &str) -> Result<Taught, DeviceError> {
        let name = wire_name(name)?;
        self.ask(&Request::Rename { index, name }, taught)
    }

    /// Forgets one label.
    ///
    /// # Errors
    /// As [`Session::label`].
    pub fn forget(&mut self, label: &Taught) -> Result<(), DeviceError> {
        let (index, name) = (label.index, wire_name(&label.name)?);
        self.command(&Request::ForgetLabel { index, name })
    }

    /// Sends one window of `T * C` values in the sensor's units.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn window(&mut self, values: &[f32]) -> Result<(), DeviceError> {
        let total = values.len() as u16;
        for (i, piece) in values.chunks(CHUNK / 4).enumerate() {
            let bytes: Vec<u8> = piece.iter().flat_map(|value| value.to_le_bytes()).collect();
            self.piece(total, i * (CHUNK / 4), Values::F32(&bytes))?;
        }
        Ok(())
    }

    /// Sends one window of `T * C` values that are quantized as the image's input: a quarter of the bytes.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn window_i8(&mut self, values: &[i8]) -> Result<(), DeviceError> {
        let total = values.len() as u16;
        for (i, piece) in values.chunks(CHUNK).enumerate() {
            let bytes: Vec<u8> = piece.iter().map(|value| *value as u8).collect();
            self.piece(total, i * CHUNK, Values::I8(&bytes))?;
        }
        Ok(())
    }

    fn piece(&mut self, total: u16, offset: usize, values: Values<'_>) -> Result<(), DeviceError> {
        let request = Request::Window {
            total,
            offset: offset as u16,
            values,
        };
        self.ask(&request, |response| {
            matches!(response, Response::Window { .. }).then_some(())
        })
    }

    /// What the device says of the window sent last.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn infer(&mut self) -> Result<Inference, DeviceError> {
        self.ask(&Request::Infer, inference)
    }

    /// What the device said of its own sensor at the last hop; `None` before the first.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn latest(&mut self) -> Result<Option<Inference>, DeviceError> {
        match self.ask(&Request::Latest, inference) {
            Err(DeviceError::Refused(Refusal::NothingLearned)) => Ok(None),
            inference => inference.map(Some),
        }
    }

    /// The embedding of the window sent last.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn embed(&mut self) -> Result<Vec<f32>, DeviceError> {
        let mut values = Vec::new();
        loop {
            let offset = values.len() as u16;
            let total = self.ask(&Request::Embed { offset }, |response| match response {
                Response::Embedding {
                    total,
                    values: bytes,
                    ..
                } => {
                    let (quads, _) = bytes.as_chunks();
                    values.extend(quads.iter().map(|quad| f32::from_le_bytes(*quad)));
                    Some(usize::from(*total))
                }
                _ => None,
            })?;
            // A piece without values would never end.
            if values.len() >= total || values.len() == usize::from(offset) {
                return Ok(values);
            }
        }
    }

    /// One probe step with the window sent last. `id` is drawn anew for each example. Returns the label's examples.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn learn(&mut self, id: u32, index: u8) -> Result<u32, DeviceError> {
        self.ask(&Request::Learn { id, index }, |response| match response {
            Response::Learned { examples, .. } => Some(*examples),
            _ => None,
        })
    }

    /// Writes what was learned to flash.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn save(&mut self) -> Result<(), DeviceError> {
        self.command(&Request::Save)
    }

    /// The learned state, as bytes that [`Session::write`] gives to another device.
    ///
    /// # Errors
    /// `Mismatch` if the device learns meanwhile; else as [`Session::ask`].
    pub fn snapshot(&mut self) -> Result<Vec<u8>, DeviceError> {
        let (mut snapshot, mut of) = (Vec::new(), None);
        loop {
            let offset = snapshot.len() as u32;
            let read = Request::SnapshotRead { offset };
            let (total, crc, piece) = self.ask(&read, |response| match response {
                Response::Snapshot {
                    total, crc, bytes, ..
                } => Some((*total, *crc, bytes.to_vec())),
                _ => None,
            })?;
            if of.is_some_and(|of| of != crc) {
                return Err(DeviceError::Mismatch(
                    "the device learned something while its state was read: try again".into(),
                ));
            }
            of = Some(crc);
            let done = piece.is_empty();
            snapshot.extend(piece);
            if done || snapshot.len() >= total as usize {
                return match crc32(&snapshot) == crc {
                    true => Ok(snapshot),
                    false => Err(DeviceError::Unexpected),
                };
            }
        }
    }

    /// Uploads bytes, goes on where an interrupted upload of the same bytes ended, and puts them to use. A device that
    /// restarts meanwhile and forgets is sent all of them again, a few times. `progress` is told the bytes that have
    /// arrived.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn write(
        &mut self,
        what: Upload,
        bytes: &[u8],
        mut progress: impl FnMut(u64),
    ) -> Result<(), DeviceError> {
        let mut restarts = 0;
        loop {
            match self.write_once(what, bytes, &mut progress) {
                Err(DeviceError::Refused(Refusal::Incomplete { need: 0, .. }))
                    if restarts < MOST_RESTARTS =>
                {
                    restarts += 1;
                }
                result => return result,
            }
        }
    }

    fn write_once(
        &mut self,
        what: Upload,
        bytes: &[u8],
        mut progress: impl FnMut(u64),
    ) -> Result<(), DeviceError> {
        let crc = crc32(bytes);
        let arrived = |response: &Response<'_>| match response {
            Response::Uploaded { next, .. } => Some(*next as usize),
            _ => None,
        };
        let total = bytes.len() as u32;
        let mut next = self.ask(&Request::Begin { what, total, crc }, arrived)?;
        while let Some(rest) = bytes.get(next..).filter(|rest| !rest.is_empty()) {
            let part = Request::Part {
                what,
                offset: next as u32,
                bytes: rest.get(..CHUNK).unwrap_or(rest),
            };
            let now = self.ask(&part, arrived)?;
            if now <= next {
                return Err(DeviceError::Unexpected);
            }
            next = now;
            progress(next as u64);
        }
        self.command(&Request::Verify { what })?;
        self.command(&Request::Commit { what, crc })
    }

    /// How long one layer takes, or all of them.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn bench(&mut self, layer: Option<u8>, repeats: u16) -> Result<Timing, DeviceError> {
        let request = Request::Bench { layer, repeats };
        self.ask(&request, |response| match *response {
            Response::Bench {
                layers,
                macs,
                ticks,
                ticks_per_second,
            } => Some(Timing {
                layers,
                macs,
                seconds: ticks as f64 / f64::from(ticks_per_second) / f64::from(repeats),
            }),
            _ => None,
        })
    }
}

fn taught(response: &Response<'_>) -> Option<Taught> {
    match response {
        Response::Label {
            index,
            name,
            examples,
        } => Some(Taught {
            index: *index,
            name: name.to_string(),
            examples: *examples,
        }),
        _ => None,
    }
}

fn inference(response: &Response<'_>) -> Option<Inference> {
    match response {
        Response::Inference(inference) => Some(inference.clone()),
        _ => None,
    }
}

/// A label's name as the device stores it.
fn wire_name(name: &str) -> Result<Name, DeviceError> {
    let most = mote_core::probe::NAME_LEN;
    match name.parse() {
        Ok(wire) if (1..=most).contains(&name.len()) => Ok(wire),
        _ => Err(DeviceError::Mismatch(format!(
            "a label's name has 1 to {most} bytes, {name:?} has {}",
            name.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Link, MemoryFlash, Simulated, Simulation};
    use std::io;
    use std::time::Duration;

    /// A device that loses power before each request of `cuts`, and what it had not saved.
    struct Flickering {
        image: Vec<u8>,
        device: Simulated,
        requests: usize,
        cuts: Vec<usize>,
    }

    fn power_on(image: &[u8]) -> Simulated {
        Simulated::new(Simulation {
            image: image.to_vec(),
            flash: MemoryFlash::blank(),
            sensor: None,
        })
        .unwrap()
    }

    impl Link for Flickering {
        fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.requests += 1;
            if self.cuts.contains(&self.requests) {
                self.device = power_on(&self.image);
            }
            self.device.send(bytes)
        }

        fn receive(&mut self, bytes: &mut [u8], wait: Duration) -> io::Result<usize> {
            self.device.receive(bytes, wait)
        }
    }

    fn upload(cuts: &[usize]) -> Result<(), DeviceError> {
        let boards = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware/boards");
        let image = std::fs::read(format!("{boards}/encoder.image")).unwrap();
        let flickering = Flickering {
            device: power_on(&image),
            image: image.clone(),
            requests: 0,
            cuts: cuts.to_vec(),
        };
        let mut session = Session::new(flickering, Duration::from_secs(10), 1);
        let mut arrived = 0;
        session.write(Upload::Image, &image, |bytes| arrived = bytes)?;
        assert_eq!(arrived, image.len() as u64);
        Ok(())
    }

    #[test]
    fn an_upload_begins_again_when_the_device_has_forgotten_it() {
        let uploads = || {
            upload(&[]).unwrap();
            // Right after the beginning, and far on.
            upload(&[2, 40]).unwrap();
            let often: Vec<usize> = (0..20).map(|cut| 2 + 3 * cut).collect();
            let error = upload(&often).unwrap_err();
            assert!(
                matches!(
                    error,
                    DeviceError::Refused(Refusal::Incomplete { need: 0, .. })
                ),
                "{error}"
            );
        };
        // A simulated device is made on the stack, and without optimisation more than once.
        let roomy = std::thread::Builder::new().stack_size(64 << 20);
        roomy.spawn(uploads).unwrap().join().unwrap();
    }
}
