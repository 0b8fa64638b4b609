use super::cpc::Cpc;
use super::cross_entropy::CrossEntropy;
use super::gaussian::Gaussian;
use super::mse::Mse;
use super::nt_xent::NtXent;
use super::vicreg::VicReg;
use super::{Batch, Objective, ObjectiveError, UNLABELLED};
use crate::train::Level;

fn random(len: usize) -> Vec<f32> {
    let mut random = crate::train::random::SplitMix::new(4, 0);
    (0..len).map(|_| random.normal()).collect()
}

#[test]
fn nt_xent_gives_the_same_bytes_with_any_threads_and_instructions() {
    let (rows, width) = (150, 20);
    let z = random(rows * width);
    let groups = (0..rows as u32).map(|row| row % 70).collect();
    let batch = Batch {
        groups,
        families: (0..rows as u32).map(|row| row % 7).collect(),
        ..Batch::default()
    };
    let run = |threads: usize, level: Level| {
        let mut objective = NtXent::new(0.1).unwrap();
        objective.set_level(level);
        let mut gradient = vec![0.0; z.len()];
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let loss = pool
            .install(|| objective.evaluate(&z, width, &batch, &mut gradient))
            .unwrap();
        (
            loss.to_bits(),
            gradient.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        )
    };
    let first = run(1, Level::detect());
    for threads in [2, 3] {
        assert!(first == run(threads, Level::detect()), "{threads} threads");
    }
    for level in Level::available() {
        assert!(first == run(1, level), "{}", level.name());
    }
}

#[test]
fn nt_xent_leaves_rows_without_a_positive_alone() {
    let z = random(5 * 3);
    let batch = |groups: &[u32]| Batch {
        groups: groups.to_vec(),
        ..Batch::default()
    };
    let mut gradient = vec![1.0; z.len()];
    let loss = NtXent::new(0.5)
        .unwrap()
        .evaluate(&z, 3, &batch(&[0, 1, 2, 3, 4]), &mut gradient)
        .unwrap();
    assert_eq!((loss, gradient.iter().all(|g| *g == 0.0)), (0.0, true));
    let loss = NtXent::new(0.5)
        .unwrap()
        .evaluate(&z, 3, &batch(&[0, 1, 2, 3, 0]), &mut gradient)
        .unwrap();
    assert!(loss > 0.0 && gradient.iter().all(|g| g.is_finite()));
}

#[test]
fn mse_is_the_mean_over_values() {
    let batch = Batch {
        groups: vec![0, 0],
        targets: vec![0.0, 1.0, 2.0, 3.0],
        ..Batch::default()
    };
    let mut gradient = vec![0.0; 4];
    let loss = Mse
        .evaluate(&[1.0, 1.0, 2.0, 1.0], 2, &batch, &mut gradient)
        .unwrap();
    assert_eq!((loss, gradient), (1.25, vec![0.5, 0.0, 0.0, -1.0]));
}

#[test]
fn cross_entropy_skips_unlabelled_rows() {
    let mut gradient = vec![0.0; 4];
    let batch = Batch {
        groups: vec![0, 1],
        labels: vec![UNLABELLED, 1],
        ..Batch::default()
    };
    let loss = CrossEntropy::default()
        .evaluate(&[5.0, 1.0, 0.0, 0.0], 2, &batch, &mut gradient)
        .unwrap();
    assert!((loss - std::f64::consts::LN_2).abs() < 1e-12);
    assert_eq!(gradient, [0.0, 0.0, 0.5, -0.5]);
}

#[test]
fn what_an_objective_lacks_is_said() {
    let batch = Batch {
        groups: vec![0, 1],
        ..Batch::default()
    };
    let mut gradient = vec![0.0; 4];
    let error = CrossEntropy::default()
        .evaluate(&[0.0; 4], 2, &batch, &mut gradient)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cross_entropy needs 2 labels for this batch, but the data gave 0"
    );
    assert!(Mse.evaluate(&[0.0; 4], 2, &batch, &mut gradient).is_err());
    assert!(
        VicReg::default()
            .evaluate(&[0.0; 4], 2, &batch, &mut gradient)
            .is_err()
    );
    let labelled = Batch {
        labels: vec![0, 2],
        ..batch
    };
    let error = CrossEntropy::default()
        .evaluate(&[0.0; 4], 2, &labelled, &mut gradient)
        .unwrap_err();
    assert_eq!(
        error,
        ObjectiveError::Label {
            label: 2,
            labels: 2
        }
    );
    assert!(NtXent::new(0.0).is_err() && NtXent::new(f32::NAN).is_err());
}

/// Against central differences of the loss itself, within 1 % of the largest slope: the losses are sums in `f32`.
#[test]
fn gradients_are_the_slopes_of_the_losses() {
    let (rows, width) = (12, 6);
    let z = random(rows * width);
    let batch = Batch {
        groups: (0..rows as u32).map(|row| row % 6).collect(),
        families: (0..rows as u32).map(|row| row % 5).collect(),
        targets: random(rows * width / 2),
        ..Batch::default()
    };
    let objectives: [Box<dyn Objective>; 3] = [
        Box::new(Cpc::default()),
        Box::new(VicReg::default()),
        Box::new(Gaussian),
    ];
    for mut objective in objectives {
        let mut gradient = vec![0.0; z.len()];
        objective
            .evaluate(&z, width, &batch, &mut gradient)
            .unwrap();
        let largest = gradient.iter().fold(0.0f32, |most, g| most.max(g.abs()));
        assert!(largest > 0.0, "{}", objective.name());
        let mut rest = vec![0.0; z.len()];
        for at in 0..z.len() {
            const STEP: f32 = 1.0 / 256.0;
            let mut loss = |step: f32| {
                let mut moved = z.clone();
                moved[at] += step;
                objective
                    .evaluate(&moved, width, &batch, &mut rest)
                    .unwrap()
            };
            let slope = (loss(STEP) - loss(-STEP)) / f64::from(2.0 * STEP);
            let error = (slope - f64::from(gradient[at])).abs() / f64::from(largest);
            assert!(
                error < 0.01,
                "{}: {at}: {slope}, not {}",
                objective.name(),
                gradient[at]
            );
        }
    }
}
