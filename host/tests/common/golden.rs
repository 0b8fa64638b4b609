//! Golden files of PyTorch: how they are read, and the numbers that both sides draw.

const SEED: u64 = 1;

/// Uniform in `[-1, 1)`: the numbers that `uniform` in `torch_step.py` draws.
pub fn uniform(count: usize, stream: u64) -> Vec<f64> {
    let draw = |at: u64| {
        let z = (at + 1)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add((stream << 32) + SEED);
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f64 / 8_388_608.0 - 1.0
    };
    (0..count as u64).map(draw).collect()
}

/// The numbers of a golden file, behind its line of text.
pub fn golden(bytes: &[u8]) -> Vec<f32> {
    let start = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    bytes[start..]
        .chunks_exact(4)
        .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
        .collect()
}

/// Each value within `tolerance` of the tensor's largest. Where all are 0 in truth, as the gradient of a bias in
/// front of batch norm, f32 shows its rounding, some 1e-7 of the loss: hence the floor.
pub fn close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "length of {what}");
    let largest = expected
        .iter()
        .fold(5e-3_f32, |largest, x| largest.max(x.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / largest;
        assert!(
            error <= tolerance,
            "{what}[{at}] is {found}, not {expected} ({error:e} of the largest)"
        );
    }
}
