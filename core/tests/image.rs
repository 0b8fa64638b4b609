//! The image parser against damaged and hostile bytes: it answers, it never panics, and what it lets through runs.

use mote_core::crc::crc32;
use mote_core::image::{Format, ImageError, ModelImage};
use proptest::prelude::*;

const LAYERS: &[u8] = include_bytes!("golden/layers.image");
const LAYERS_F16: &[u8] = include_bytes!("golden/layers_f16.image");
const SYMBOLS: &[u8] = include_bytes!("golden/symbols.image");
const CONV1D: &[u8] = include_bytes!("golden/conv1d.image");
const SOUND: &[u8] = include_bytes!("golden/sound.image");
const ALL: [&[u8]; 5] = [LAYERS, LAYERS_F16, SYMBOLS, CONV1D, SOUND];

/// Makes the checksum right again, so that the checks behind it are reached.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let len = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    if let Some(covered) = bytes.get(8..len) {
        let crc = crc32(covered);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
    }
    bytes
}

/// Runs a parsed image on a window of rising values and looks at everything it tells.
fn run(image: &ModelImage) {
    let cost: u64 = image.layers().map(|layer| layer.macs()).sum();
    if image.scratch_len() > 1 << 20 || cost > 1 << 24 {
        return; // right, but too slow for a test
    }
    let len = image.input_shape().len();
    let embedding_len = match image.format() {
        Format::I8 => {
            let window: Vec<i8> = (0..len).map(|i| i as i8).collect();
            let mut scratch = vec![0; image.scratch_len()];
            image.embed(&window, &mut scratch).unwrap().len()
        }
        Format::F16 => {
            let window: Vec<f32> = (0..len).map(|i| (i % 7) as f32 - 3.0).collect();
            let mut scratch = vec![0.0; image.scratch_len()];
            image.embed_f16(&window, &mut scratch).unwrap().len()
        }
    };
    assert_eq!(embedding_len, image.embedding_len());
    let channels = usize::from(image.input_shape().c);
    assert!([0, channels].contains(&image.channel_names().count()));
    assert!(image.name().len() <= 255 && image.rate_hz().is_finite());
    assert_eq!(image.spec().output().unwrap().len(), embedding_len);
}

#[test]
fn the_golden_images_say_what_they_are() {
    let image = ModelImage::parse(LAYERS).unwrap();
    assert_eq!(
        (image.name(), image.format(), image.layer_count()),
        ("layers", Format::I8, 11)
    );
    assert_eq!(
        (image.rate_hz(), image.window_len(), image.hop_len()),
        (25.0, 24, 12)
    );
    assert_eq!(image.channel_names().collect::<Vec<_>>(), ["left", "right"]);
    assert_eq!(image.embedding_len(), 5);
    assert_eq!(image.layers().filter(|layer| layer.in_place).count(), 1);
    let f16 = ModelImage::parse(LAYERS_F16).unwrap();
    assert_eq!((f16.format(), f16.spec()), (Format::F16, image.spec()));
    let symbols = ModelImage::parse(SYMBOLS).unwrap();
    assert_eq!(symbols.symbols().count(), 11);
    assert_eq!(
        ["é", "tea", "", "coffee"].map(|name| symbols.symbol(name)),
        [5, 7, 0, 0]
    );
    assert_eq!((image.symbols().count(), image.symbol("é")), (0, 0));
    let conv = ModelImage::parse(CONV1D).unwrap();
    assert_eq!(conv.channel_names().last(), Some("gyr_z"));
    assert_eq!(conv.channel_names().count(), 6);
    assert_eq!(conv.front_end(), None);
    let front = ModelImage::parse(SOUND).unwrap().front_end().unwrap();
    assert_eq!((front.rate_hz(), front.points()), (8000.0, 256));
    assert_eq!((front.frame(), front.hop(), front.bands()), (256, 160, 20));
    ALL.iter()
        .for_each(|bytes| run(&ModelImage::parse(bytes).unwrap()));
}

#[test]
fn a_broken_vocabulary_is_refused() {
    let image = ModelImage::parse(SYMBOLS).unwrap();
    // Its entry is the sixth of the directory.
    let entry = 32 + 5 * 12;
    let start = u32::from_le_bytes(SYMBOLS[entry + 4..entry + 8].try_into().unwrap()) as usize;
    assert_eq!((SYMBOLS[16], SYMBOLS[entry]), (6, 6));
    let with = |at: usize, byte: u8| {
        let mut bytes = SYMBOLS.to_vec();
        bytes[at] = byte;
        ModelImage::parse(&sealed(bytes)).map(|_| ()).unwrap_err()
    };
    assert_eq!(with(start, 10), ImageError::Names);
    assert!(matches!(
        with(start + 2, 1),
        ImageError::Reserved { section: 6, .. }
    ));
    assert_eq!(with(start + 4, 255), ImageError::Names);
    assert!(matches!(
        with(entry + 8, SYMBOLS[entry + 8] - 1),
        ImageError::Names
    ));
    // Of another kind it is passed over, as old readers do, unless it says that it must not be.
    let mut later = SYMBOLS.to_vec();
    later[entry] = 99;
    let later = sealed(later);
    assert_eq!(ModelImage::parse(&later).unwrap().symbols().count(), 0);
    assert_eq!(ModelImage::parse(&later).unwrap().spec(), image.spec());
}

#[test]
fn raw_samples_become_the_input() {
    // Mean 0.5 and deviation 2 in both images: 4.5 is two deviations above the mean.
    let samples = [4.5, 0.5, f32::NAN, 0.5];
    let f16 = ModelImage::parse(LAYERS_F16).unwrap();
    let mut real = [9.0; 4];
    f16.normalisation().normalise(&samples, &mut real);
    assert_eq!(real, [2.0, 0.0, 0.0, 0.0]);
    let int8 = ModelImage::parse(LAYERS).unwrap();
    let quant = int8.input_quant();
    let mut quantized = [99; 4];
    int8.normalisation()
        .quantize(&samples, quant.zero_point, &mut quantized);
    assert_eq!(
        quantized.map(|q| (quant.dequantize(q) * 10.0).round()),
        [20.0, 0.0, 0.0, 0.0]
    );
}

#[test]
fn int8_and_f16_agree() {
    let (int8, f16) = (
        ModelImage::parse(LAYERS).unwrap(),
        ModelImage::parse(LAYERS_F16).unwrap(),
    );
    let samples: Vec<f32> = (0..48)
        .map(|i| ((i * 37) % 11) as f32 / 2.5 - 1.5)
        .collect();
    let mut window = [0; 48];
    int8.normalisation()
        .quantize(&samples, int8.input_quant().zero_point, &mut window);
    let mut scratch = vec![0; int8.scratch_len()];
    let quantized = int8.embed(&window, &mut scratch).unwrap();
    let mut real = [0.0; 48];
    f16.normalisation().normalise(&samples, &mut real);
    let mut scratch = vec![0.0; f16.scratch_len()];
    let truth = f16.embed_f16(&real, &mut scratch).unwrap();
    for (&q, &truth) in quantized.iter().zip(truth) {
        let value = int8.embedding_quant().dequantize(q);
        assert!((value - truth).abs() < 0.1, "{value} against {truth}");
    }
}

#[test]
fn every_truncation_is_refused_with_its_length() {
    for bytes in ALL {
        for len in 0..bytes.len() {
            let error = ModelImage::parse(&bytes[..len]).unwrap_err();
            let need = if len < 32 { 32 } else { bytes.len() };
            assert_eq!(error, ImageError::Short { need, have: len });
        }
    }
}

#[test]
fn every_single_bit_flip_is_refused() {
    for bytes in [LAYERS, LAYERS_F16, SYMBOLS] {
        let mut bytes = bytes.to_vec();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                assert!(ModelImage::parse(&bytes).is_err(), "byte {at}, bit {bit}");
                bytes[at] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn every_byte_of_the_tables_may_be_anything() {
    for bytes in [LAYERS, LAYERS_F16, SYMBOLS] {
        for at in 8..bytes.len() {
            let old = bytes[at];
            for new in [
                0,
                1,
                2,
                0x7F,
                0x80,
                0xFE,
                0xFF,
                old.wrapping_add(1),
                old.wrapping_sub(1),
            ] {
                let mut bytes = bytes.to_vec();
                bytes[at] = new;
                if let Ok(image) = ModelImage::parse(&sealed(bytes)) {
                    run(&image);
                }
            }
        }
    }
}

#[test]
fn what_follows_an_image_is_left_alone() {
    let mut slot = LAYERS.to_vec();
    slot.resize(LAYERS.len() + 1000, 0xFF);
    let image = ModelImage::parse(&slot).unwrap();
    assert_eq!(image.bytes(), LAYERS);
}

/// Where a section's content starts, from the directory.
fn section(bytes: &[u8], index: usize) -> usize {
    let entry = 32 + 12 * index;
    u32::from_le_bytes(bytes[entry + 4..entry + 8].try_into().unwrap()) as usize
}

#[test]
fn errors_name_the_place_and_the_numbers() {
    let tensors = section(LAYERS, 2);
    let layers = section(LAYERS, 3);
    let constants = section(LAYERS, 4);
    let edit = |edits: &[(usize, &[u8])]| {
        let mut bytes = LAYERS.to_vec();
        for (at, new) in edits {
            bytes[*at..at + new.len()].copy_from_slice(new);
        }
        ModelImage::parse(&sealed(bytes)).unwrap_err().to_string()
    };
    type Edits<'a> = &'a [(usize, &'a [u8])];
    let cases: [(Edits<'_>, &str); 18] = [
        (
            &[(0, b"GIF8")],
            "does not start with MOTE, but with [47, 49, 46, 38]",
        ),
        (&[(8, &[2, 0])], "found version 2, this build reads 1"),
        (&[(10, &[7])], "unknown number format: code 7"),
        (&[(11, &[2])], "export it for `portable`: code 2"),
        (&[(17, &[49])], "49, allowed are 1 to 48"),
        (&[(18, &[1])], "byte 18 of the header"),
        (
            &[(32, &[9, 0])],
            "needs a section that this version does not know: kind 9",
        ),
        (&[(32, &[9, 0, 0, 0])], "kind 1 occurs 0 times"),
        (&[(36, &[0])], "section 1 at byte 0, free from 92"),
        (&[(40, &[0xFF, 0xFF])], "section 1 ends at"),
        (
            &[(tensors + 8, &f32::NAN.to_le_bytes())],
            "finite and positive: tensor 0",
        ),
        (
            &[(tensors + 16, &[5])],
            "layer 0 makes 4 x 6 x 6, the table says 5 x 6 x 6",
        ),
        (
            &[(layers + 2, &[1])],
            "layer 0 reads tensor 1, but only tensors 0 to 0 exist",
        ),
        (
            &[(layers + 6, &[0])],
            "size, stride and dilation must be at least 1, found 0 for rows",
        ),
        (&[(layers, &[77])], "77 at byte 0 of layer 0"),
        (&[(layers + 24, &[9])], "layer 0 needs 108 bytes, has 9"),
        (&[(layers + 20, &[0xFF, 0xFF])], "layer 0 uses bytes 65535"),
        (
            &[(constants + 108, &[0xFF, 0xFF, 0xFF, 0x7F])],
            "2147483647 for channel 0 of layer 0",
        ),
    ];
    for (edits, expected) in cases {
        let message = edit(edits);
        assert!(
            message.contains(expected),
            "{message:?} should say {expected:?}"
        );
    }
}

#[test]
fn shared_scratch_is_refused_unless_declared() {
    let (tensors, layers) = (section(LAYERS, 2), section(LAYERS, 3));
    // Tensor 2 onto tensor 1, which the addition still needs.
    let mut bytes = LAYERS.to_vec();
    bytes.copy_within(tensors + 16 + 12..tensors + 32, tensors + 32 + 12);
    assert_eq!(
        ModelImage::parse(&sealed(bytes)),
        Err(ImageError::ScratchOverlap { a: 1, b: 2 })
    );
    // The addition no longer says that it works in place, or another layer claims to.
    let mut bytes = LAYERS.to_vec();
    bytes[layers + 2 * 32 + 11] = 0;
    let error = ModelImage::parse(&sealed(bytes)).unwrap_err();
    assert!(
        matches!(error, ImageError::ScratchOverlap { b: 3, .. }),
        "{error}"
    );
    let apart = (0..)
        .find(|layer| LAYERS[layers + 32 * layer + 11] == 0)
        .unwrap();
    for claim in [1, 2] {
        let mut bytes = LAYERS.to_vec();
        bytes[layers + 32 * apart + 11] = claim;
        let layer = apart as u8;
        assert_eq!(
            ModelImage::parse(&sealed(bytes)),
            Err(ImageError::InPlace { layer })
        );
    }
    // The first layer no longer says that it writes over its input, or its input lies one step nearer than it may.
    let (tensors, layers) = (section(CONV1D, 2), section(CONV1D, 3));
    assert_eq!(CONV1D[layers + 11], 2);
    let overlap = Err(ImageError::ScratchOverlap { a: 0, b: 1 });
    let mut bytes = CONV1D.to_vec();
    bytes[layers + 11] = 0;
    assert_eq!(ModelImage::parse(&sealed(bytes)), overlap);
    let mut bytes = CONV1D.to_vec();
    let offset = bytes[tensors + 12];
    bytes[tensors + 12] = offset.checked_sub(16).unwrap();
    assert_eq!(ModelImage::parse(&sealed(bytes)), overlap);
}

/// Convolutions, statistics of a window and a dense layer: what this image needs is linked, and nothing else.
const ONLY: ModelImage = mote_core::include_image!("golden/conv1d.image", only);

#[test]
fn an_image_that_links_only_its_kernels_computes_the_same() {
    let any = ModelImage::parse(CONV1D).unwrap();
    let window: Vec<i8> = (0..any.input_shape().len()).map(|i| i as i8).collect();
    let embed = |image: ModelImage| {
        let mut scratch = vec![0; image.scratch_len()];
        image.embed(&window, &mut scratch).unwrap().to_vec()
    };
    assert_eq!(embed(ONLY), embed(any));
    assert_eq!(ONLY.kernels(), any.kernels());
    let like = ONLY.parse_like(CONV1D).unwrap();
    assert_eq!(embed(like), embed(any));
}

/// At the door, so that nothing is left out silently.
#[test]
fn an_image_that_needs_a_kernel_that_is_left_out_is_refused() {
    // An embedding, a depthwise convolution, half-precision weights.
    for (bytes, layer) in [(SYMBOLS, 0), (LAYERS, 1), (LAYERS_F16, 0)] {
        let error = ONLY.parse_like(bytes).unwrap_err();
        assert_eq!(error, ImageError::Kernel { layer }, "{error}");
    }
    let damaged = ONLY.parse_like(&CONV1D[..100]);
    assert!(matches!(damaged, Err(ImageError::Short { .. })));
}

#[test]
#[should_panic(expected = "a kernel that is left out")]
fn an_image_cannot_leave_out_its_own_kernels() {
    let _ = ModelImage::parse(CONV1D).unwrap().only::<2>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Parse never panics.
    #[test]
    fn noise_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(ModelImage::parse(&bytes).is_err());
    }

    /// Parse, then run: never panics either.
    #[test]
    fn a_changed_image_is_refused_or_runs(
        which in 0..4_usize,
        // Most changes go to the tables in front, where they get further.
        edits in proptest::collection::vec((any::<bool>(), any::<proptest::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut bytes = ALL[which].to_vec();
        for (anywhere, at, new) in edits {
            let range = if anywhere { bytes.len() } else { section(ALL[which], 4).min(bytes.len()) };
            bytes[at.index(range)] = new;
        }
        if let Ok(image) = ModelImage::parse(&sealed(bytes)) {
            run(&image);
        }
    }
}
