use super::*;
use crate::eval::{
    Embeddings, EvaluateConfig, Evaluation, Facts, FeatureSet, Role, Split, Summary, TrainingPoint,
    evaluate,
};

/// Three labels, four subjects; `strength` says how far the labels lie apart in the embedding.
fn embeddings(strength: f32) -> Embeddings {
    let noise = |i: usize| ((i.wrapping_mul(2_654_435_761)) >> 9) % 1000;
    let value = |row: usize, d: usize| {
        noise(row * 8 + d) as f32 / 500.0 + if row % 3 == d { strength } else { 0.0 }
    };
    Embeddings::new((0..240 * 8).map(|i| value(i / 8, i % 8)).collect(), 8).unwrap()
}

fn facts(labelled: bool) -> Facts {
    Facts {
        label_names: ["lift", "<b>turn</b>", "rest"].map(String::from).to_vec(),
        labels: (0..240).map(|row| labelled.then_some(row % 3)).collect(),
        subjects: (0..240).map(|row| (row / 60).to_string()).collect(),
        recordings: (0..240).map(|row| row / 20).collect(),
    }
}

fn evaluation(labelled: bool, test_subject: usize) -> Evaluation {
    let split = Split::by_subject(facts(labelled), &[test_subject.to_string()]).unwrap();
    let sets = [
        FeatureSet::new("encoder", Role::Learned, embeddings(3.0)),
        FeatureSet::new(
            "encoder int8",
            Role::Quantized("encoder".into()),
            embeddings(2.5),
        ),
        FeatureSet::new("hand features", Role::HandFeatures, embeddings(0.5)),
        FeatureSet::new("trained with labels", Role::Supervised, embeddings(4.0)),
        FeatureSet::new("untrained encoder", Role::RandomInit, embeddings(0.2)),
    ];
    evaluate(&split, &sets, &EvaluateConfig::default(), &|| ()).unwrap()
}

fn summary(folds: usize) -> Summary {
    Summary::of(
        &(0..folds)
            .map(|fold| evaluation(true, fold))
            .collect::<Vec<_>>(),
    )
    .unwrap()
}

#[test]
fn an_image_is_judged_with_the_penalty_of_its_encoder() {
    let evaluation = evaluation(true, 0);
    let names: Vec<&str> = evaluation.sets.iter().map(|set| &*set.name).collect();
    assert_eq!(names[..2], ["encoder", "encoder int8"]);
    let penalty = |at: usize| evaluation.sets[at].linear.clone().unwrap().penalty;
    assert_eq!(penalty(0).inverse_l2, penalty(1).inverse_l2);
    assert!(penalty(0).tried.len() > 1 && penalty(1).tried.is_empty());
}

#[test]
fn a_clear_winner_is_called_worth_flashing() {
    for folds in [1, 4] {
        let verdict = Verdict::of(
            &summary(folds),
            "prototypes",
            &["mote inspect encoder.image".into()],
        );
        let text = verdict.to_text();
        assert!(verdict.headline.starts_with("Worth flashing"), "{text}");
        assert!(
            text.contains("1, 5, 10 and 20")
                && text.contains("int8 costs")
                && text.contains("reached"),
            "{text}"
        );
        assert_eq!(text.contains("One split"), folds == 1, "{text}");
        assert!(
            text.ends_with("  mote inspect encoder.image\n")
                && text.lines().all(|l| l.chars().count() <= 96)
        );
    }
}

#[test]
fn a_clear_loser_is_called_that_too() {
    let mut summary = summary(1);
    summary.sets[0].role = Role::HandFeatures;
    summary.sets[2].role = Role::Learned;
    let verdict = Verdict::of(&summary, "prototypes", &[]);
    assert!(
        verdict.headline.starts_with("Not worth flashing"),
        "{}",
        verdict.to_text()
    );
}

#[test]
fn a_mixed_result_names_hand_features_first() {
    let mut summary = summary(1);
    let hand = summary.sets[2].clone();
    let curve = |set: &crate::eval::SetSummary| {
        set.curves
            .iter()
            .position(|c| c.learner == "prototypes")
            .unwrap()
    };
    // The encoder ties at one label and keeps its lead elsewhere.
    let at = curve(&summary.sets[0]);
    summary.sets[0].curves[at].points[0] = hand.curves[curve(&hand)].points[0].clone();
    let headline = Verdict::of(&summary, "prototypes", &[]).headline;
    assert!(
        headline.contains("beats hand features at 5, 10 and 20 labels of each class and is level with them at 1 label"),
        "{headline}"
    );
}

#[test]
fn without_labels_the_report_has_ranks_only() {
    let evaluation = evaluation(false, 0);
    assert!(
        evaluation
            .sets
            .iter()
            .all(|s| s.linear.is_none() && s.curves.is_empty())
    );
    let summary = Summary::of(&[evaluation]).unwrap();
    let text = Verdict::of(&summary, "prototypes", &[]).to_text();
    assert!(text.starts_with("Without labels nobody can say"), "{text}");
    assert!(tables(&summary)[0].to_text().contains("of 8"));
    assert!(few_label_plot(&summary, "prototypes").contains("there are no labels"));
}

#[test]
fn tables_have_a_row_for_each_set_and_fit_the_terminal() {
    let tables = tables(&summary(4));
    assert_eq!(tables.len(), 5);
    for table in tables {
        let text = table.to_text();
        assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
        assert!(
            text.contains("hand features")
                && table.rows.iter().all(|r| r.len() == table.header.len())
        );
    }
}

#[test]
fn the_page_stands_alone_and_escapes_names() {
    let summary = summary(1);
    let point = |step: u64| TrainingPoint {
        step,
        loss: 5.0 / step as f32,
        knn: Some(0.5),
        ..TrainingPoint::default()
    };
    let test = embeddings(2.0);
    let labels: Vec<_> = facts(true).labels;
    let figures = [
        training_plot(&(1..50).map(point).collect::<Vec<_>>()),
        few_label_plot(&summary, "prototypes"),
        map_plot(&map(&test, &test).unwrap(), &labels, &summary.labels),
        confusion_plot(summary.sets[0].confusion.as_ref().unwrap()),
    ];
    for figure in &figures {
        assert!(
            figure.starts_with("<svg") && figure.ends_with("</svg>\n") && !figure.contains("NaN")
        );
    }
    let verdict = Verdict::of(&summary, "prototypes", &[]);
    let tables = tables(&summary);
    let page = Page {
        title: "a <run>",
        verdict: &verdict,
        figures: &figures,
        tables: &tables,
        config: "x = \"<y>\"",
    };
    let html = page.render().unwrap();
    assert!(!html.contains("<b>turn") && !html.contains("<run>") && !html.contains("<y>"));
    assert!(
        !html.contains("src=") && !html.contains("href="),
        "the page must need no other file"
    );
    assert_eq!(html.matches("<svg").count(), 4);
}

#[test]
fn strange_input_gives_a_picture_all_the_same() {
    let nan = TrainingPoint {
        loss: f32::NAN,
        ..TrainingPoint::default()
    };
    for points in [vec![], vec![nan], vec![TrainingPoint::default()]] {
        assert!(!training_plot(&points).contains("NaN"));
    }
    for places in [vec![], vec![[0.0, 0.0]], vec![[f32::NAN, 1.0], [1.0, 2.0]]] {
        let labels = vec![None; places.len()];
        assert!(!map_plot(&places, &labels, &[]).contains("NaN"));
    }
    assert!(!confusion_plot(&crate::eval::Confusion::default()).contains("NaN"));
}
