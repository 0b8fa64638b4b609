//! The labels of a probe: places, names, and how often each was learned.

use super::ProbeError;
use crate::snapshot::{Reader, SnapshotError, Writer};
use heapless::String;

/// Most bytes of UTF-8 in a label's name.
pub const NAME_LEN: usize = 23;

/// Names a label by its place, `0..L`. It stays valid until the label is forgotten.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Label(pub u8);

impl Label {
    /// The place as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One place; free when the name is empty.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    name: String<NAME_LEN, u8>,
    learned: u32,
}

/// At most `L` labels (`L <= 256`; further places stay unused), 28 bytes each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Labels<const L: usize> {
    places: [Place; L],
}

impl<const L: usize> Labels<L> {
    /// No labels.
    pub(super) const fn new() -> Self {
        Self {
            places: [const {
                Place {
                    name: String::new(),
                    learned: 0,
                }
            }; L],
        }
    }

    /// How many labels exist, `0..=L`.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels that exist with their names, by place.
    pub fn iter(&self) -> impl Iterator<Item = (Label, &str)> {
        (0..=u8::MAX)
            .map(Label)
            .zip(&self.places)
            .filter(|(_, place)| !place.name.is_empty())
            .map(|(label, place)| (label, place.name.as_str()))
    }

    /// The name of `label`, if it exists.
    pub fn name(&self, label: Label) -> Option<&str> {
        self.place(label).map(|place| place.name.as_str())
    }

    /// The label called `name`.
    pub fn find(&self, name: &str) -> Option<Label> {
        self.iter()
            .find(|(_, n)| *n == name)
            .map(|(label, _)| label)
    }

    /// How many embeddings were learned for `label`; 0 when it does not exist. Saturates.
    pub fn learned(&self, label: Label) -> u32 {
        self.place(label).map_or(0, |place| place.learned)
    }

    /// How many embeddings were learned for the labels that exist. Saturates.
    pub fn total_learned(&self) -> u32 {
        self.places
            .iter()
            .fold(0, |sum, place| sum.saturating_add(place.learned))
    }

    fn place(&self, label: Label) -> Option<&Place> {
        self.places
            .get(label.index())
            .filter(|place| !place.name.is_empty())
    }

    fn place_mut(&mut self, label: Label) -> Result<&mut Place, ProbeError> {
        let have = self.len();
        self.places
            .get_mut(label.index())
            .filter(|place| !place.name.is_empty())
            .ok_or(ProbeError::NoSuchLabel { label, have })
    }

    /// `name` as a place stores it, if no label but `owner` has it.
    fn check_name(
        &self,
        name: &str,
        owner: Option<Label>,
    ) -> Result<String<NAME_LEN, u8>, ProbeError> {
        if name.is_empty() {
            return Err(ProbeError::NameEmpty);
        }
        match self.find(name) {
            Some(by) if Some(by) != owner => return Err(ProbeError::NameTaken { by }),
            _ => {}
        }
        String::try_from(name).map_err(|_| ProbeError::NameTooLong { have: name.len() })
    }

    pub(super) fn add(&mut self, name: &str) -> Result<Label, ProbeError> {
        let name = self.check_name(name, None)?;
        let free = (0..=u8::MAX)
            .zip(&mut self.places)
            .find(|(_, place)| place.name.is_empty());
        match free {
            Some((index, place)) => {
                *place = Place { name, learned: 0 };
                Ok(Label(index))
            }
            None => Err(ProbeError::TooManyLabels { limit: L.min(256) }),
        }
    }

    pub(super) fn rename(&mut self, label: Label, name: &str) -> Result<(), ProbeError> {
        self.place_mut(label)?;
        let name = self.check_name(name, Some(label))?;
        self.place_mut(label)?.name = name;
        Ok(())
    }

    /// Frees the place; its owner clears what it keeps for it.
    pub(super) fn forget(&mut self, label: Label) -> Result<(), ProbeError> {
        let place = self.place_mut(label)?;
        *place = Place {
            name: String::new(),
            learned: 0,
        };
        Ok(())
    }

    /// Fails when `label` does not exist.
    pub(super) fn check(&self, label: Label) -> Result<(), ProbeError> {
        match self.place(label) {
            Some(_) => Ok(()),
            None => Err(ProbeError::NoSuchLabel {
                label,
                have: self.len(),
            }),
        }
    }

    /// Counts one more embedding for `label` and returns the new count.
    pub(super) fn count(&mut self, label: Label) -> Result<u32, ProbeError> {
        let place = self.place_mut(label)?;
        place.learned = place.learned.saturating_add(1);
        Ok(place.learned)
    }

    /// The labels that were learned at least once, by place.
    pub(super) fn known(&self) -> impl Iterator<Item = (Label, u32)> {
        (0..=u8::MAX)
            .map(Label)
            .zip(&self.places)
            .filter(|(_, place)| place.learned > 0)
            .map(|(label, place)| (label, place.learned))
    }

    /// All places, also free ones.
    pub(super) fn places() -> impl Iterator<Item = Label> {
        (0..=u8::MAX).map(Label).take(L)
    }

    /// Writes a place and returns how often its label was learned.
    pub(super) fn save(&self, label: Label, writer: &mut Writer<'_>) -> u32 {
        let Some(place) = self.place(label) else {
            writer.bytes(&[0]);
            return 0;
        };
        writer.bytes(&[place.name.len() as u8]);
        writer.bytes(place.name.as_bytes());
        writer.u32(place.learned);
        place.learned
    }

    /// Reads a place and returns how often its label was learned, also while checking.
    pub(super) fn load(
        &mut self,
        label: Label,
        reader: &mut Reader<'_>,
    ) -> Result<u32, SnapshotError> {
        let at = reader.impossible();
        let [len] = reader.array()?;
        let name = core::str::from_utf8(reader.bytes(usize::from(len))?).map_err(|_| at)?;
        let name = String::try_from(name).map_err(|_| at)?;
        let learned = if len == 0 {
            0
        } else {
            u32::from_le_bytes(reader.array()?)
        };
        if reader.writes()
            && let Some(place) = self.places.get_mut(label.index())
        {
            *place = Place { name, learned };
        }
        Ok(learned)
    }
}
