use super::layers::{check, check_some, conv};
use super::{kernel, spec};
use Activation::{None as Linear, Relu};
use Padding::{Explicit, Same, Valid};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Op, Padding, Tensor};

#[test]
fn convolutions_of_whole_tiles_match_the_oracle() {
    let paddings = [
        ("around", Same),
        ("none", Valid),
        ("on one side", Explicit([2, 0, 0, 2])),
    ];
    for (name, padding) in paddings {
        let three = kernel([3, 3], [1, 1], [1, 1], padding);
        let layers = [(0, conv(16, three, false), Linear)];
        check(name, &spec(Shape::new(4, 6, 16), &layers), 2);
    }
}

/// The second operand of the sum makes the first convolution's gradient one that is added to.
#[test]
fn a_block_with_a_shortcut_matches_the_oracle() {
    let three = kernel([3, 3], [1, 1], [1, 1], Same);
    let one = kernel([1, 1], [1, 1], [1, 1], Same);
    let layers = [
        (0, conv(16, one, true), Relu),
        (1, conv(32, three, true), Relu),
        (2, conv(16, three, true), Linear),
        (3, Op::Add { other: Tensor(1) }, Relu),
        (4, Op::GlobalAvgPool, Linear),
    ];
    check("a block", &spec(Shape::new(4, 2, 2), &layers), 3);
}

/// More tiles than a block has.
#[test]
fn blocks_of_tiles_match_the_oracle() {
    let three = kernel([3, 3], [1, 1], [1, 1], Same);
    let layers = [
        (0, conv(16, three, false), Relu),
        (1, conv(16, three, false), Linear),
        (2, Op::GlobalAvgPool, Linear),
    ];
    check_some("blocks", &spec(Shape::new(18, 16, 16), &layers), 1, 97);
}
