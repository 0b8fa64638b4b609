//! What the device must be equal to: encoder and probe on the desktop.

use crate::{L, bits, values};
use host::data::{Dataset, Window};
use host::device::{Session, TcpLink};
use host::export::embed;
use libtest_mimic::Failed;
use mote_core::image::{Format, ModelImage};
use mote_core::probe::{Label, Lda, Learner, Normalisation};
use mote_core::snapshot::{self, encode};

const D: usize = 64;
/// Windows that are asked about.
const ASKED: usize = 7;
/// The boards' own probe.
type Probe = Lda<D, L, { Lda::packed_len(D) }>;

/// What the device must be equal to: encoder and probe on the desktop.
pub struct Twin<'i> {
    pub image: ModelImage<'i>,
    pub probe: Probe,
}

impl<'i> Twin<'i> {
    pub fn new(bytes: &'i [u8]) -> Result<Self, Failed> {
        Ok(Self {
            image: ModelImage::parse(bytes)?,
            probe: Probe::new(Normalisation::None, Probe::SHRINKAGE),
        })
    }

    /// Sends a window, as the image's own bytes if it is of int8, and demands the same embedding of both.
    pub fn embed(&self, session: &mut Session<TcpLink>, raw: &[f32]) -> Result<[f32; D], Failed> {
        let affine = self.image.normalisation();
        let embedding = match self.image.format() {
            Format::I8 => {
                let mut quantized = vec![0; raw.len()];
                let quant = self.image.input_quant();
                affine.quantize(raw, quant.zero_point, &mut quantized);
                session.window_i8(&quantized)?;
                let input = quantized.iter().map(|q| quant.dequantize(*q));
                embed(&self.image, &input.collect::<Vec<_>>())?
            }
            Format::F16 => {
                let mut normalised = vec![0.0; raw.len()];
                affine.normalise(raw, &mut normalised);
                session.window(raw)?;
                embed(&self.image, &normalised)?
            }
        };
        assert_eq!(bits(&session.embed()?), bits(&embedding));
        Ok(embedding.as_slice().try_into()?)
    }

    /// One example for both.
    pub fn learn(
        &mut self,
        session: &mut Session<TcpLink>,
        id: u32,
        label: u8,
        raw: &[f32],
    ) -> Result<(), Failed> {
        let embedding = self.embed(session, raw)?;
        session.learn(id, label)?;
        Ok(self.probe.learn(&embedding, Label(label))?)
    }

    /// Asks about some of `windows`, and for the learned state.
    pub fn agrees(
        &self,
        session: &mut Session<TcpLink>,
        data: &Dataset,
        windows: &[Window],
    ) -> Result<(), Failed> {
        for window in windows.iter().step_by(windows.len().div_ceil(ASKED)) {
            let embedding = self.embed(session, values(data, window))?;
            // The device's own quantization comes to the same.
            session.window(values(data, window))?;
            let answer = session.infer()?;
            assert_eq!(bits(&answer.logits), bits(&self.probe.logits(&embedding)?));
            let prediction = self.probe.predict(&embedding)?;
            assert_eq!(answer.index, prediction.known().map(|label| label.0));
            assert_eq!(answer.confidence.to_bits(), prediction.confidence.to_bits());
        }
        let mut state = vec![0; 16 * 1024];
        let len = encode(
            &self.probe,
            snapshot::Values::F32,
            self.image.crc(),
            &mut state,
        )?;
        assert!(session.snapshot()? == state[..len], "another learned state");
        Ok(())
    }
}
