//! Requests with time-outs and retries over a link.

use super::{DeviceError, Link};
use mote_core::wire::{Client, ClientError, Request, Response, Upload};
use std::time::{Duration, Instant};

/// How often a request is sent before the device counts as silent.
const TRIES: u32 = 4;

/// A conversation with one device.
pub struct Session<K> {
    link: K,
    client: Client,
    patience: Duration,
}

impl<K: Link> Session<K> {
    /// A conversation over `link`. An answer may take `patience`; longer where flash is erased or layers are timed.
    /// `start` is a random number: see [`Client::new`].
    pub fn new(link: K, patience: Duration, start: u32) -> Self {
        Self {
            link,
            client: Client::new(start),
            patience,
        }
    }

    /// Sends a request, again and again if no answer comes, and returns what `look` makes of the answer; `None` says
    /// that it is not the answer to this question.
    ///
    /// # Errors
    /// `Silent`, `Link`, `Client`, `Refused`, `Unexpected`.
    pub fn ask<R>(
        &mut self,
        request: &Request<'_>,
        look: impl FnOnce(&Response<'_>) -> Option<R>,
    ) -> Result<R, DeviceError> {
        let wait = self.wait(request);
        // No request of this program is longer than a frame.
        self.client
            .request(request)
            .map_err(|_| DeviceError::Unexpected)?;
        for _ in 0..TRIES {
            self.link.send(self.client.last())?;
            let begun = Instant::now();
            while let Some(left) = wait.checked_sub(begun.elapsed()) {
                let mut bytes = [0; 512];
                let count = self.link.receive(&mut bytes, left)?;
                for byte in bytes.get(..count).unwrap_or_default() {
                    let Some(response) = self.client.push(*byte) else {
                        continue;
                    };
                    return match response {
                        Ok(Response::Refused(refusal)) => Err(DeviceError::Refused(refusal)),
                        Ok(response) => look(&response).ok_or(DeviceError::Unexpected),
                        Err(e @ (ClientError::Version { .. } | ClientError::Malformed)) => {
                            Err(DeviceError::Client(e))
                        }
                    };
                }
            }
        }
        Err(DeviceError::Silent {
            tries: TRIES,
            seconds: wait.as_secs_f64(),
        })
    }

    /// Sends a request that is answered with nothing but "done".
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn command(&mut self, request: &Request<'_>) -> Result<(), DeviceError> {
        self.ask(request, |response| {
            (*response == Response::Done).then_some(())
        })
    }

    /// How long the answer may take: some parts erase 128 KB in two seconds.
    fn wait(&self, request: &Request<'_>) -> Duration {
        let image = Upload::Image;
        let slow = match request {
            Request::Save | Request::Commit { .. } => 4,
            Request::Part { what, .. } | Request::Verify { what } if *what == image => 4,
            Request::Bench { .. } => 20,
            _ => 0,
        };
        self.patience + Duration::from_secs(slow)
    }
}
