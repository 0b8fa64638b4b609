//! Places every tensor in scratch.
//!
//! Greedy by size (Pisarchyk and Lee, *Efficient Memory Management for Deep Neural Net Inference*, 2020): the largest
//! tensor first, each at the lowest offset that is free for as long as it lives. Other orders are tried too; the
//! smallest result wins. An addition writes over a summand that ends with it.

use mote_core::image::Format;
use mote_core::kernel::dsp::Packing;
use mote_core::shape::Shape;
use mote_core::spec::{Op, Spec, SpecError};

/// Where the tensors lie in scratch, in values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScratchPlan {
    /// Where each tensor starts, the input first.
    pub offsets: Vec<usize>,
    /// Where each packed layer's working memory starts; 0 for other layers.
    pub work: Vec<usize>,
    /// Whether each layer writes over one of its inputs.
    pub in_place: Vec<bool>,
    /// Values of scratch: bytes for int8, f32 for f16.
    pub len: usize,
}

/// Tensors that share one place, one after the other: an addition's summand and its sum.
#[derive(Clone, Debug)]
struct Place {
    tensors: Vec<usize>,
    len: usize,
    /// First and last layer during which the place is taken.
    first: usize,
    last: usize,
}

impl Place {
    fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Plans scratch for `spec`, of whose layers those in `packed` run over packed weights and need memory to work in.
pub fn plan(spec: &Spec, format: Format, packed: &[bool]) -> Result<ScratchPlan, SpecError> {
    let shapes = spec.shapes()?;
    let (mut places, in_place) = places(spec, &shapes);
    let tensors = places.len();
    let mut workers = Vec::new();
    for (index, layer) in spec.layers.iter().enumerate() {
        let input = shapes[usize::from(layer.input.0)];
        if let Some(packing) = Packing::of(&layer.op, input, shapes[index + 1])
            .filter(|_| packed.get(index).is_some_and(|&packed| packed))
        {
            workers.push(index);
            places.push(Place {
                tensors: Vec::new(),
                len: packing.work,
                first: index,
                last: index,
            });
        }
    }
    let best = ORDERS
        .iter()
        .map(|order| arrange(&places, *order, format.scratch_align()));
    let (len, starts) = best.min_by_key(|(len, _)| *len).unwrap_or_default();
    let mut offsets = vec![0; shapes.len()];
    let mut work = vec![0; spec.layers.len()];
    for (index, &start) in workers.into_iter().zip(&starts[tensors..]) {
        work[index] = start;
    }
    for (place, start) in places.iter().zip(starts) {
        for &tensor in &place.tensors {
            offsets[tensor] = start;
        }
    }
    Ok(ScratchPlan {
        offsets,
        work,
        in_place,
        len,
    })
}

/// One place a tensor, except that sums share that of a summand.
fn places(spec: &Spec, shapes: &[Shape]) -> (Vec<Place>, Vec<bool>) {
    let mut last: Vec<usize> = (0..shapes.len())
        .map(|tensor| tensor.saturating_sub(1))
        .collect();
    for (index, layer) in spec.layers.iter().enumerate() {
        for tensor in std::iter::once(layer.input).chain(layer.op.other()) {
            last[usize::from(tensor.0)] = index;
        }
    }
    if let Some(embedding) = last.last_mut() {
        *embedding = spec.layers.len();
    }
    let own = |tensor: usize| Place {
        tensors: vec![tensor],
        len: shapes[tensor].len(),
        first: tensor.saturating_sub(1),
        last: last[tensor],
    };
    let mut places = vec![own(0)];
    let mut in_place = Vec::new();
    for (index, layer) in spec.layers.iter().enumerate() {
        let summand = match layer.op {
            Op::Add { other } if other != layer.input => [layer.input, other]
                .map(|t| usize::from(t.0))
                .into_iter()
                .find(|&t| last[t] == index),
            _ => None,
        };
        let shared = summand.and_then(|t| places.iter_mut().find(|p| p.tensors.contains(&t)));
        in_place.push(shared.is_some());
        match shared {
            Some(place) => {
                place.tensors.push(index + 1);
                place.last = last[index + 1];
            }
            None => places.push(own(index + 1)),
        }
    }
    (places, in_place)
}

type Order = fn(&Place) -> (usize, usize);

/// Keys by which places are sorted before they are laid out, the smallest first.
const ORDERS: [Order; 4] = [
    |place| (usize::MAX - place.len, place.first),
    |place| {
        (
            usize::MAX - place.len * (1 + place.last - place.first),
            place.first,
        )
    },
    |place| {
        (
            usize::MAX - (place.last - place.first),
            usize::MAX - place.len,
        )
    },
    |place| (place.first, usize::MAX - place.len),
];

/// Lays the places out in `order`; gives the length of scratch and each place's start.
fn arrange(places: &[Place], order: Order, align: usize) -> (usize, Vec<usize>) {
    let mut sorted: Vec<usize> = (0..places.len()).collect();
    sorted.sort_by_key(|&i| (order(&places[i]), i));
    let mut starts = vec![0; places.len()];
    let mut len = 0;
    for (done, &i) in sorted.iter().enumerate() {
        let mut taken: Vec<(usize, usize)> = sorted[..done]
            .iter()
            .filter(|&&j| places[j].meets(&places[i]))
            .map(|&j| (starts[j], starts[j] + places[j].len))
            .collect();
        taken.sort_unstable();
        let mut start = 0;
        for (from, to) in taken {
            if start + places[i].len > from {
                start = start.max(to.next_multiple_of(align));
            } else {
                break;
            }
        }
        starts[i] = start;
        len = len.max(start + places[i].len);
    }
    (len, starts)
}
