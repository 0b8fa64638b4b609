use super::*;
use mote_core::shape::Shape;

fn read(text: &str) -> Result<RunConfig, RunError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("my.toml");
    fs::write(&path, text).unwrap();
    RunConfig::read(&path)
}

#[test]
fn nothing_said_is_the_shipped_recipe() {
    assert_eq!(read("").unwrap(), RunConfig::default());
}

#[test]
fn what_is_written_is_read_back() {
    let mut config = RunConfig {
        seed: i64::MAX as u64,
        ..RunConfig::default()
    };
    config.data.path = Some("my recordings".into());
    config.data.pattern = Some("{subject}_{rest}".into());
    config.data.channels = vec!["ax".into(), "é \"q\"".into()];
    config.encoder.spec = Preset::Conv1d.spec(Shape::sequence(128, 6), 1.0, None).ok();
    config.encoder.projector = vec![128, 64];
    config.schedule.learning_rate = 0.1 + 0.2;
    config.views.rotate.degrees = 33.3;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    config.write(&path).unwrap();
    assert!(config.encoder.spec.is_some());
    assert_eq!(RunConfig::read(&path).unwrap(), config);
}

#[test]
fn a_few_lines_change_the_recipe() {
    let text = "seed = 3\n[objective]\nname = \"nt_xent\"\ntemperature = 0.2\n[views.mirror]\nprobability = 0\n";
    let config = read(text).unwrap();
    assert_eq!(config.seed, 3);
    assert_eq!(config.views.mirror.probability, 0.0);
    assert_eq!(config.schedule, ScheduleConfig::default());
    assert_eq!(config.objective.terms().len(), 1);
}

#[test]
fn changes_are_named_key_by_key() {
    let was = RunConfig::default();
    let mut is = was.clone();
    is.checkpoint.minutes = 7.0;
    is.checkpoint.keep = 9;
    assert!(was.changes(&is).unwrap().is_empty());
    is.schedule.steps = Some(7);
    is.data.path = Some("mine".into());
    let changes = was.changes(&is).unwrap();
    assert_eq!(
        changes,
        [
            "data.path was nothing and is \"mine\"",
            "schedule.steps was nothing and is 7"
        ]
    );
}

#[test]
fn few_windows_are_shown_often_and_many_at_most_so_long() {
    let schedule = ScheduleConfig::default();
    assert_eq!(schedule.steps_over(0), 600);
    assert_eq!(schedule.steps_over(1_400), 600);
    assert_eq!(schedule.steps_over(7_415), 1738);
    assert_eq!(schedule.steps_over(60_000), 6000);
    let asked = ScheduleConfig {
        steps: Some(7),
        ..schedule
    };
    assert_eq!(asked.steps_over(60_000), 7);
}

#[test]
fn faults_name_file_line_and_key() {
    for (text, parts) in [
        ("seed = 1\nsede = 2", ["line 2", "sede", "seed"]),
        (
            "[window]\nlength = \"long\"",
            ["line 2", "length", "string"],
        ),
        (
            "[schedule]\nmin_steps = 9000",
            ["schedule.min_steps", "max_steps", "found 9000"],
        ),
        (
            "[schedule]\nepochs = 0",
            ["schedule.epochs", "above 0", "found 0"],
        ),
        (
            "[window]\nlength = 0",
            ["window.length", "at least 1", "found 0"],
        ),
        ("split.fold = 5", ["split.fold", "less than", "found 5"]),
        (
            "encoder.preset = \"resnet50\"",
            ["encoder.preset", "conv1d", "resnet50"],
        ),
        (
            "schedule.batch = 1",
            ["schedule.batch", "at least 2", "found 1"],
        ),
        (
            "[schedule]\nbatch = 8\naccumulate = 9",
            ["schedule.accumulate", "which is 8", "found 9"],
        ),
        (
            "schedule.learning_rate = nan",
            ["schedule.learning_rate", "above 0", "NaN"],
        ),
        (
            "views.rotate.degrees = 999",
            ["views.rotate.degrees", "180", "999"],
        ),
        (
            "checkpoint.keep = 0",
            ["checkpoint.keep", "at least 1", "found 0"],
        ),
        ("seed = -1", ["line 1", "seed", "-1"]),
        (
            "[objective]\nname = \"moco\"\nqueue = 0",
            ["objective.queue", "1 to 65536", "found 0"],
        ),
        (
            "[objective]\nname = \"magic\"",
            ["line", "magic", "nt_xent"],
        ),
    ] {
        let message = read(text).unwrap_err().to_string();
        for part in parts.iter().chain(&["my.toml"]) {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    assert!(matches!(
        RunConfig::read(Path::new("/no.toml")),
        Err(RunError::Missing { .. })
    ));
}
