//! Two modalities of one recording: some channels here, the others there.

use super::{DataError, Dataset, Recording, triad};

/// Takes the channels called `names` out of `dataset` into a data set of the same recordings; without names, those of
/// its last triad.
///
/// # Errors
/// If a name is no channel, there is no triad to take, or nothing is left.
pub fn divide(dataset: &mut Dataset, names: &[String]) -> Result<Dataset, DataError> {
    let place = format!("objective.channels of {}", dataset.name);
    let fault = |problem: String| DataError::series(&place, problem);
    let all = dataset.channels.join(", ");
    let mut taken = Vec::new();
    for name in names {
        let at = dataset.channels.iter().position(|channel| channel == name);
        taken.push(at.ok_or_else(|| {
            fault(format!(
                "expected channels of the data, which are {all}, found {name:?}"
            ))
        })?);
    }
    if names.is_empty() {
        let last = dataset.triads.last().filter(|_| dataset.triads.len() > 1);
        let triad = last.ok_or_else(|| {
            fault(format!(
                "expected two sensors of three axes each, or the second one's channels by name, found {all}; name them: \
                 [objective] name = \"paired\", channels = [\"gx\", \"gy\", \"gz\"]"
            ))
        })?;
        taken.extend(triad.channels);
    }
    taken.sort_unstable();
    taken.dedup();
    let width = dataset.width();
    let kept: Vec<usize> = (0..width)
        .filter(|channel| !taken.contains(channel))
        .collect();
    if kept.is_empty() {
        return Err(fault(format!(
            "expected some channels for the first encoder, found that the second takes all: {all}; leave some out"
        )));
    }
    let other = of_channels(dataset, &taken);
    *dataset = of_channels(dataset, &kept);
    Ok(other)
}

fn of_channels(dataset: &Dataset, channels: &[usize]) -> Dataset {
    let names: Vec<String> = channels
        .iter()
        .map(|&c| dataset.channels[c].clone())
        .collect();
    let samples = |recording: &Recording| {
        let samples = recording.samples.chunks_exact(dataset.width());
        let chosen = samples.flat_map(|sample| channels.iter().map(|&channel| sample[channel]));
        chosen.collect()
    };
    let recordings = dataset.recordings.iter().map(|recording| Recording {
        name: recording.name.clone(),
        samples: samples(recording),
        ..*recording
    });
    Dataset {
        recordings: recordings.collect(),
        triads: triad::find(&names),
        channels: names,
        name: dataset.name.clone(),
        test: dataset.test.clone(),
        vocabulary: dataset.vocabulary.clone(),
        labels: dataset.labels.clone(),
        subjects: dataset.subjects.clone(),
        notes: dataset.notes.clone(),
        ..*dataset
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::watch25;

    #[test]
    fn the_gyroscope_goes_and_the_accelerometer_stays() {
        let whole = watch25::load().unwrap();
        let (mut first, mut named) = (whole.clone(), whole.clone());
        let other = divide(&mut first, &[]).unwrap();
        assert_eq!([first.width(), other.width()], [3, 3]);
        assert_eq!(
            [first.channels.clone(), other.channels.clone()].concat(),
            whole.channels
        );
        assert_eq!(divide(&mut named, &other.channels).unwrap(), other);
        assert_eq!((first.triads.len(), other.triads.len()), (1, 1));
        for (whole, (a, b)) in whole
            .recordings
            .iter()
            .zip(first.recordings.iter().zip(&other.recordings))
        {
            assert_eq!(
                (a.label, b.subject, &b.name),
                (whole.label, whole.subject, &whole.name)
            );
            let joined = a.samples.chunks(3).zip(b.samples.chunks(3));
            let joined: Vec<f32> = joined.flat_map(|(a, b)| [a, b].concat()).collect();
            assert_eq!(joined, whole.samples);
        }
    }

    #[test]
    fn what_cannot_be_divided_says_why() {
        let mut data = watch25::load().unwrap();
        let all = data.channels.clone();
        for (names, part) in [
            (vec!["nose".to_owned()], "\"nose\""),
            (all, "the second takes all"),
        ] {
            let message = divide(&mut data, &names).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
        divide(&mut data, &[]).unwrap();
        let message = divide(&mut data, &[]).unwrap_err().to_string();
        assert!(message.contains("two sensors of three axes"), "{message}");
    }
}
