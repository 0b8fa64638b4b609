use super::*;
use std::string::ToString;

#[test]
fn resnet8_has_the_size_that_mlperf_tiny_states() {
    let spec = resnet8(Shape::new(32, 32, 3), 1.0, Some(10)).unwrap();
    assert_eq!(spec.parameters(), Ok(78_666));
    assert_eq!(spec.macs(), Ok(12_501_632));
    assert_eq!(spec.output(), Ok(Shape::vector(10)));
}

#[test]
fn dscnn_has_the_size_that_mlperf_tiny_states() {
    let spec = dscnn(Shape::new(49, 10, 1), 1.0, Some(12)).unwrap();
    assert_eq!(spec.parameters(), Ok(24_908));
    assert_eq!(spec.macs(), Ok(2_656_768));
    assert_eq!(spec.output(), Ok(Shape::vector(12)));
}

#[test]
fn conv1d_stays_within_its_budget() {
    let spec = conv1d(Shape::sequence(128, 6), 1.0, None).unwrap();
    assert_eq!(spec.output(), Ok(Shape::vector(64)));
    assert!((30_000..=60_000).contains(&spec.parameters().unwrap()));
}

#[test]
fn tcn_reads_numbers_and_symbols() {
    let audio = tcn(Shape::sequence(256, 1), None, 1.0, None).unwrap();
    let text = tcn(Shape::sequence(64, 1), Some(96), 1.0, Some(5)).unwrap();
    assert_eq!(audio.output(), Ok(Shape::vector(64)));
    assert_eq!(text.output(), Ok(Shape::vector(5)));
}

#[test]
fn every_preset_scales_and_names_itself() {
    for preset in Preset::ALL {
        assert_eq!(Preset::from_name(preset.name()), Some(preset));
        let mut before = 0;
        for width in [0.25, 0.5, 1.0, 2.0] {
            let parameters = preset
                .spec(preset.usual_input(), width, None)
                .unwrap()
                .parameters()
                .unwrap();
            assert!(parameters > before, "{preset:?} at {width}");
            before = parameters;
        }
    }
}

#[test]
fn errors_carry_numbers() {
    let input = Shape::sequence(128, 6);
    for width in [0.0, -1.0, 17.0, f32::NAN, f32::INFINITY] {
        assert!(matches!(
            conv1d(input, width, None),
            Err(PresetError::Width(_))
        ));
    }
    let text = |r: Result<Spec, PresetError>| r.unwrap_err().to_string();
    assert!(text(tcn(Shape::sequence(64, 6), Some(96), 1.0, None)).contains("6 channels"));
    assert!(text(tcn(Shape::sequence(64, 1), Some(300), 1.0, None)).contains("300 symbols"));
    assert!(text(conv1d(Shape::sequence(0, 6), 1.0, None)).contains("1 x 0 x 6"));
    assert!(text(conv1d(input, 1.0, Some(0))).contains("0 output channels"));
}
