use super::*;

#[test]
fn every_objective_is_named_and_has_good_defaults() {
    for objective in ObjectiveConfig::all() {
        assert_eq!(objective.check(), Ok(()));
        assert_eq!(
            ObjectiveConfig::named(objective.name()),
            Ok(objective.clone())
        );
        let text = format!("name = \"{}\"", objective.name());
        assert_eq!(toml::from_str::<ObjectiveConfig>(&text).unwrap(), objective);
        let suits = |kind: &Kind| objective.suits(*kind).is_ok();
        assert!(Kind::ALL.iter().any(suits));
    }
    let message = ObjectiveConfig::named("magic").unwrap_err();
    assert!(
        message.contains("barlow_twins") && message.contains("magic"),
        "{message}"
    );
}

#[test]
fn several_objectives_are_written_and_read_back() {
    let text = "name = \"combined\"\n[[terms]]\nname = \"vicreg\"\nnu = 2.0\n[[terms]]\nweight = 0.5\nname = \"order\"\n";
    let combined: ObjectiveConfig = toml::from_str(text).unwrap();
    let terms = combined.terms();
    assert_eq!(terms[0].0, 1.0);
    assert!(matches!(
        terms[0].1,
        ObjectiveConfig::Vicreg(VicReg { nu: 2.0, .. })
    ));
    assert_eq!((terms[1].0, terms[1].1.name()), (0.5, "order"));
    let written = toml::to_string(&combined).unwrap();
    assert_eq!(
        toml::from_str::<ObjectiveConfig>(&written).unwrap(),
        combined
    );
    assert_eq!(combined.check(), Ok(()));
}

#[test]
fn unknown_settings_are_refused_in_terms_too() {
    for text in [
        "name = \"vicreg\"\nxi = 2.0",
        "name = \"combined\"\n[[terms]]\nname = \"vicreg\"\nxi = 2.0",
        "name = \"hand_features\"\nxi = 2.0",
    ] {
        let message = toml::from_str::<ObjectiveConfig>(text)
            .unwrap_err()
            .to_string();
        assert!(message.contains("xi"), "{message}");
    }
}

#[test]
fn numbers_out_of_range_are_named() {
    for (text, key) in [
        (
            "name = \"nt_xent\"\ntemperature = 0",
            "objective.temperature",
        ),
        ("name = \"moco\"\nqueue = 0", "objective.queue"),
        ("name = \"barlow_twins\"\nlambda = nan", "objective.lambda"),
        ("name = \"masked\"\nshare = 1", "objective.share"),
        ("name = \"masked_symbols\"\nahead = 65", "objective.ahead"),
        ("name = \"order\"\nsegments = 6", "objective.segments"),
        (
            "name = \"order\"\nsegments = 1\narrow = false",
            "arrow = true",
        ),
        ("name = \"combined\"\nterms = []", "objective.terms"),
    ] {
        let message = toml::from_str::<ObjectiveConfig>(text)
            .unwrap()
            .check()
            .unwrap_err();
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn a_wrong_pairing_is_refused_with_the_right_ones() {
    let order = ObjectiveConfig::named("order").unwrap();
    let message = order.suits(Kind::Pictures).unwrap_err();
    assert!(
        message.contains("order makes no sense for pictures"),
        "{message}"
    );
    assert!(
        message.contains("nt_xent") && message.contains("rotation") && !message.contains("cpc"),
        "{message}"
    );
    let rotation = ObjectiveConfig::named("rotation").unwrap();
    let message = rotation.suits(Kind::Series).unwrap_err();
    assert!(
        message.contains("order") && !message.contains("rotation,"),
        "{message}"
    );
    let next = ObjectiveConfig::named("next_symbol").unwrap();
    assert!(next.suits(Kind::Series).is_err() && next.suits(Kind::Symbols).is_ok());
    let masked = ObjectiveConfig::named("masked").unwrap();
    let message = masked.suits(Kind::Symbols).unwrap_err();
    assert!(message.contains("masked_symbols"), "{message}");
    let measured = ObjectiveConfig::named("hand_features").unwrap();
    assert!(measured.suits(Kind::Pictures).is_ok() && measured.suits(Kind::Symbols).is_err());
    for name in ["masked", "cpc", "next_value", "order"] {
        let objective = ObjectiveConfig::named(name).unwrap();
        assert_eq!(objective.suits(Kind::Sound), Ok(()));
    }
    let sensors = ObjectiveConfig::named("paired").unwrap();
    assert!(sensors.suits(Kind::Sound).is_err());
    let combined = ObjectiveConfig::Combined(Combined {
        terms: vec![Term {
            weight: 1.0,
            objective: order,
        }],
    });
    assert!(combined.suits(Kind::Pictures).is_err() && combined.suits(Kind::Series).is_ok());
}

#[test]
fn a_teacher_is_no_pupil_and_there_is_one() {
    let inner = "name = \"distillation\"\nteacher_width = 2.0\n[objective]\nname = \"order\"\n";
    let distillation: ObjectiveConfig = toml::from_str(inner).unwrap();
    assert_eq!(distillation.check(), Ok(()));
    let message = distillation.suits(Kind::Pictures).unwrap_err();
    assert!(
        message.contains("order makes no sense for pictures"),
        "{message}"
    );
    let file = "name = \"distillation\"\nteacher = \"t.npy\"\n[objective]\nname = \"order\"\n";
    let file: ObjectiveConfig = toml::from_str(file).unwrap();
    assert_eq!(file.suits(Kind::Pictures), Ok(()));
    let chain = "name = \"distillation\"\n[objective]\nname = \"distillation\"\n";
    let chain: ObjectiveConfig = toml::from_str(chain).unwrap();
    let message = chain.check().unwrap_err();
    assert!(message.contains("needs no teacher"), "{message}");
    let term = Term {
        weight: 1.0,
        objective: distillation,
    };
    let two = ObjectiveConfig::Combined(Combined {
        terms: vec![term.clone(), term],
    });
    let message = two.check().unwrap_err();
    assert!(message.contains("at most one distillation"), "{message}");
}
