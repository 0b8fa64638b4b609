//! Two processes that train together end in the bytes of one.
//!
//! Needs `cargo test -p host --features mpi --test mpi` and `mpirun`; without them the tests say that they are skipped,
//! and fail with `MOTE_REQUIRE_MPI=1`.
#![cfg(unix)]

mod common;

use common::{WAVES, mote, record};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RECIPE: [&str; 8] = [
    "--quiet",
    "--steps",
    "40",
    "--batch",
    "20",
    "--width",
    "0.5",
    "--threads=1",
];

/// What must be the same.
const FILES: [&str; 4] = [
    "encoder.safetensors",
    "encoder.image",
    "metrics.jsonl",
    "config.toml",
];

/// Settings of Open MPI: this machine only, more processes than cores, and no user but root in a container.
const LOOPBACK: [(&str, &str); 8] = [
    ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
    ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
    ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
    ("OMPI_MCA_btl", "self,tcp"),
    ("OMPI_MCA_btl_tcp_if_include", "lo"),
    ("OMPI_MCA_oob_tcp_if_include", "lo"),
    ("OMPI_MCA_plm", "isolated"),
    ("OMPI_MCA_mpi_yield_when_idle", "1"),
];

/// Whether these tests can run here.
fn ready() -> bool {
    let missing = if !cfg!(feature = "mpi") {
        "built without `--features mpi`"
    } else if Command::new("mpirun").arg("--version").output().is_err() {
        "there is no mpirun (Debian: openmpi-bin)"
    } else {
        return true;
    };
    assert!(
        std::env::var_os("MOTE_REQUIRE_MPI").is_none(),
        "MOTE_REQUIRE_MPI is set, but {missing}"
    );
    eprintln!("SKIPPED training in several processes: {missing}");
    false
}

/// Each of `programs` is a number of processes and their arguments.
fn mpirun(folder: &Path, programs: &[(&str, &[&str])]) -> Output {
    let mut command = Command::new("mpirun");
    command.current_dir(folder).envs(LOOPBACK);
    for (at, (count, arguments)) in programs.iter().enumerate() {
        if at > 0 {
            command.arg(":");
        }
        command
            .args(["-n", count, env!("CARGO_BIN_EXE_mote"), "pretrain"])
            .args(*arguments);
    }
    command.output().unwrap()
}

#[track_caller]
fn succeeds(output: &Output) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
}

#[track_caller]
fn refuses(output: &Output, part: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && message.contains(part),
        "no {part:?} in {message}"
    );
}

#[test]
fn two_processes_end_in_the_bytes_of_one() {
    if !ready() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    // Of the 14 chunks of 40 rows the last is short; MoCo's copy of the encoder shares its batches too.
    for extra in [&[][..], &["--objective", "moco", "--accumulate", "2"]] {
        let arguments = [&["--name", "one", "--force"], &WAVES[..], &RECIPE, extra].concat();
        succeeds(&mote(here, &[&["pretrain"], &arguments[..]].concat()));
        let arguments = [&["--name", "two", "--force"], &WAVES[..], &RECIPE, extra].concat();
        succeeds(&mpirun(here, &[("2", &arguments)]));
        for file in FILES {
            let read = |run: &str| fs::read(here.join("runs").join(run).join(file)).unwrap();
            assert!(read("one") == read("two"), "{file} differs with {extra:?}");
        }
    }
    assert_eq!(fs::read_dir(here.join("runs")).unwrap().count(), 2);
}

#[test]
fn processes_that_do_not_fit_are_refused() {
    if !ready() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    let arguments = [&["--name", "three"], &WAVES[..], &RECIPE].concat();
    let output = mpirun(here, &[("4", &arguments)]);
    refuses(
        &output,
        "are cut into 14 chunks, which 4 processes cannot share evenly",
    );
    let [first, other] =
        ["1", "2"].map(|seed| [&["--name", "four", "--seed", seed], &WAVES[..], &RECIPE].concat());
    let output = mpirun(here, &[("1", &first), ("1", &other)]);
    refuses(&output, "process 1 has another configuration");
    assert!(!here.join("runs/four").exists());
}

#[test]
fn a_build_without_mpi_does_not_train_many_times() {
    if cfg!(feature = "mpi") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mote"))
        .current_dir(folder.path())
        .env("OMPI_COMM_WORLD_SIZE", "2")
        .output()
        .unwrap();
    refuses(&output, "--features mpi");
    assert!(!folder.path().join("runs").exists());
}
