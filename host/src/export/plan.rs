//! Places every tensor in scratch.
//!
//! Greedy by size (Pisarchyk and Lee, *Efficient Memory Management for Deep Neural Net Inference*, 2020): the largest
//! tensor first, each at the lowest offset that is free for as long as it lives. Other orders are tried too, many of
//! them drawn at random; the smallest result wins. An addition writes over a summand that ends with it, and a sliding
//! kernel over its input, as far ahead of it as [`Over`] says.

use crate::train::random::SplitMix;
use mote_core::image::Format;
use mote_core::kernel::Over;
use mote_core::kernel::dsp::Packing;
use mote_core::shape::Shape;
use mote_core::spec::{Op, Spec, SpecError};

/// Random orders that are tried.
const DRAWS: usize = 200;

/// Where the tensors lie in scratch, in values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScratchPlan {
    /// Where each tensor starts, the input first.
    pub offsets: Vec<usize>,
    /// Where each packed layer's working memory starts; 0 for other layers.
    pub work: Vec<usize>,
    /// Whether each layer writes over one of its two inputs, from the same start.
    pub in_place: Vec<bool>,
    /// Whether each layer's output lies over its one input.
    pub over: Vec<bool>,
    /// Values of scratch: bytes for int8, f32 for f16.
    pub len: usize,
}

/// Tensors that share one place, one after the other.
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

/// Places, and which of them may lie over each other.
struct Places {
    places: Vec<Place>,
    /// Output, input, and how far before the input the output must start.
    leads: Vec<(usize, usize, usize)>,
}

/// Plans scratch for `spec`, of whose layers those in `packed` run over packed weights and need memory to work in.
pub fn plan(spec: &Spec, format: Format, packed: &[bool]) -> Result<ScratchPlan, SpecError> {
    let shapes = spec.shapes()?;
    // A sum may lie on either of its summands; which one is better shows only in the end.
    let either = [false, true].map(|second| plan_with(spec, &shapes, format, packed, second));
    let [first, second] = either;
    Ok(if second.len < first.len {
        second
    } else {
        first
    })
}

/// The best plan whose sums lie on their second summand, or on their first, where both end there.
fn plan_with(
    spec: &Spec,
    shapes: &[Shape],
    format: Format,
    packed: &[bool],
    second: bool,
) -> ScratchPlan {
    let packed = |layer: usize| packed.get(layer).is_some_and(|&packed| packed);
    let (mut all, in_place) = places(spec, shapes, packed, second);
    let tensors = all.places.len();
    let mut workers = Vec::new();
    for (index, layer) in spec.layers.iter().enumerate() {
        let input = shapes[usize::from(layer.input.0)];
        if let Some(packing) =
            Packing::of(&layer.op, input, shapes[index + 1]).filter(|_| packed(index))
        {
            workers.push(index);
            all.places.push(Place {
                tensors: Vec::new(),
                len: packing.work,
                first: index,
                last: index,
            });
        }
    }
    let (len, starts) = all.best(format.scratch_align());
    let mut offsets = vec![0; shapes.len()];
    let mut work = vec![0; spec.layers.len()];
    for (index, &start) in workers.into_iter().zip(&starts[tensors..]) {
        work[index] = start;
    }
    for (place, start) in all.places.iter().zip(starts) {
        for &tensor in &place.tensors {
            offsets[tensor] = start;
        }
    }
    let over = spec.layers.iter().enumerate().map(|(index, layer)| {
        let range = |tensor: usize| offsets[tensor]..offsets[tensor] + shapes[tensor].len();
        let (input, output) = (range(layer.input.0.into()), range(index + 1));
        layer.op.other().is_none() && input.start < output.end && output.start < input.end
    });
    ScratchPlan {
        over: over.collect(),
        offsets,
        work,
        in_place,
        len,
    }
}

/// One place a tensor, except that sums share that of a summand, and outputs that must that of their input.
fn places(
    spec: &Spec,
    shapes: &[Shape],
    packed: impl Fn(usize) -> bool,
    second: bool,
) -> (Places, Vec<bool>) {
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
    let mut leads = Vec::new();
    let mut in_place = Vec::new();
    for (index, layer) in spec.layers.iter().enumerate() {
        let input = usize::from(layer.input.0);
        let over = Over::of(&layer.op, packed(index), shapes[input], shapes[index + 1])
            .filter(|_| last[input] == index);
        let replaced = match layer.op {
            Op::Add { other } if other != layer.input => {
                let mut summands = [layer.input, other].map(|t| usize::from(t.0));
                summands.rotate_left(usize::from(second));
                summands.into_iter().find(|&t| last[t] == index)
            }
            _ => (over == Some(Over::Exactly)).then_some(input),
        };
        in_place.push(replaced.is_some() && matches!(layer.op, Op::Add { .. }));
        let home = |places: &[Place], t: usize| places.iter().position(|p| p.tensors.contains(&t));
        match replaced.and_then(|t| home(&places, t)) {
            Some(place) => {
                places[place].tensors.push(index + 1);
                places[place].last = last[index + 1];
            }
            None => {
                if let (Some(Over::Ahead(lead)), Some(input)) = (over, home(&places, input)) {
                    leads.push((places.len(), input, lead));
                }
                places.push(own(index + 1));
            }
        }
    }
    (Places { places, leads }, in_place)
}

type Order = fn(&Place) -> (usize, usize);

/// Keys by which places are sorted before they are laid out, the smallest first.
const ORDERS: [Order; 5] = [
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
    // Backwards: where each output is written over its input, a chain of them shares one place. Working memory fits
    // around it.
    |place| {
        (
            usize::from(place.tensors.is_empty()),
            usize::MAX - place.first,
        )
    },
];

impl Places {
    /// The shortest layout found: its length and each place's start.
    fn best(&self, align: usize) -> (usize, Vec<usize>) {
        let mut orders: Vec<Vec<usize>> = ORDERS.iter().map(|order| self.sorted(*order)).collect();
        // What is written over something wants to be laid out before it: backwards, outputs come first.
        orders.extend(orders.clone().into_iter().map(|mut order| {
            order.reverse();
            order
        }));
        let mut best = orders
            .iter()
            .map(|order| (self.arrange(order, align), order.clone()))
            .min_by_key(|((len, _), _)| *len)
            .unwrap_or_default();
        // From the best order on, one place at a time moves elsewhere.
        let mut random = SplitMix::new(0, 0);
        let count = self.places.len() as u64;
        for _ in 0..DRAWS * usize::from(count > 1) {
            let mut order = best.1.clone();
            let moved = order.remove((random.next() % count) as usize);
            order.insert((random.next() % count) as usize, moved);
            let layout = self.arrange(&order, align);
            if layout.0 <= best.0.0 {
                best = (layout, order);
            }
        }
        best.0
    }

    fn sorted(&self, order: Order) -> Vec<usize> {
        let mut sorted: Vec<usize> = (0..self.places.len()).collect();
        sorted.sort_by_key(|&i| (order(&self.places[i]), i));
        sorted
    }

    /// Lays the places out in `order`; gives the length of scratch and each place's start.
    fn arrange(&self, order: &[usize], align: usize) -> (usize, Vec<usize>) {
        let places = &self.places;
        let mut starts = vec![0; places.len()];
        let mut len = 0;
        for (done, &i) in order.iter().enumerate() {
            let mut taken: Vec<(usize, usize)> = order[..done]
                .iter()
                .filter(|&&j| places[j].meets(&places[i]))
                .map(|&j| self.taken(i, j, starts[j]))
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

    /// What place `i` must not touch of place `j`, which starts at `start`.
    fn taken(&self, i: usize, j: usize, start: usize) -> (usize, usize) {
        let end = start + self.places[j].len;
        for &(output, input, lead) in &self.leads {
            // An output may start anywhere up to `lead` before its input, and an input `lead` behind its output.
            if (output, input) == (i, j) {
                let from = (start + self.places[i].len).saturating_sub(lead);
                return (from.max(start), end);
            }
            if (output, input) == (j, i) {
                return (start, end.min(start + lead));
            }
        }
        (start, end)
    }
}
