//! Two processes that train together end in the bytes of one.
//!
//! Needs `cargo test -p host --features mpi --test mpi` and `mpirun`; without them the tests say that they are skipped,
//! and fail with `MOTE_REQUIRE_MPI=1`.
#![cfg(unix)]

mod common;

use common::{WAVES, checkpoints, mote, record, same_files, wait};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

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

/// A folder with `waves` in it, where these tests can run.
fn waves() -> Option<TempDir> {
    let missing = if !cfg!(feature = "mpi") {
        "built without `--features mpi`"
    } else if Command::new("mpirun").arg("--version").output().is_err() {
        "there is no mpirun (Debian: openmpi-bin)"
    } else {
        let folder = tempfile::tempdir().unwrap();
        record(&folder.path().join("waves"), true);
        return Some(folder);
    };
    assert!(
        std::env::var_os("MOTE_REQUIRE_MPI").is_none(),
        "MOTE_REQUIRE_MPI is set, but {missing}"
    );
    eprintln!("SKIPPED training in several processes: {missing}");
    None
}

/// Each of `programs` is a number of processes and their arguments.
fn mpirun(folder: &Path, programs: &[(&str, &[&str])]) -> Command {
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
    command
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
    let Some(folder) = waves() else { return };
    let here = folder.path();
    // Of the 14 chunks of 40 rows the last is short; MoCo's copy of the encoder shares its batches too.
    for extra in [&[][..], &["--objective", "moco", "--accumulate", "2"]] {
        let arguments = [&["--name", "one", "--force"], &WAVES[..], &RECIPE, extra].concat();
        succeeds(&mote(here, &[&["pretrain"], &arguments[..]].concat()));
        let arguments = [&["--name", "two", "--force"], &WAVES[..], &RECIPE, extra].concat();
        succeeds(&mpirun(here, &[("2", &arguments)]).output().unwrap());
        same_files(here, ["one", "two"], &format!("with {extra:?}"));
    }
    assert_eq!(fs::read_dir(here.join("runs")).unwrap().count(), 2);
}

/// Starts two processes, kills one of them with SIGKILL once there is another checkpoint, and waits until `mpirun` has
/// given up on the other.
fn kill_one_of_two(here: &Path, rank: usize, arguments: &[&str]) {
    let run = here.join("runs/killed");
    let before = checkpoints(&run);
    let mut command = mpirun(here, &[("2", arguments)]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let saved = || checkpoints(&run).iter().any(|name| !before.contains(name));
    assert!(wait(&mut child, saved), "ended before it was killed");
    let ranks = format!("/proc/{0}/task/{0}/children", child.id());
    let ranks = fs::read_to_string(ranks).unwrap();
    let ranks: Vec<&str> = ranks.split_whitespace().collect();
    assert_eq!(ranks.len(), 2, "the processes under mpirun: {ranks:?}");
    let killed = Command::new("kill").args(["-9", ranks[rank]]).status();
    assert!(killed.unwrap().success());
    assert!(!child.wait().unwrap().success());
}

#[test]
fn when_one_of_two_is_killed_two_or_one_go_on_to_the_same_bytes() {
    let Some(folder) = waves() else { return };
    let here = folder.path();
    let often = ["--checkpoint-epochs=1", "--checkpoint-minutes=0"];
    let whole = [
        &["pretrain", "--name", "whole"],
        &WAVES[..],
        &RECIPE,
        &often,
    ]
    .concat();
    succeeds(&mote(here, &whole));
    let begin = [&["--name", "killed"], &WAVES[..], &RECIPE, &often].concat();
    kill_one_of_two(here, 1, &begin);
    let go_on = ["--quiet", "--threads=1", "--resume", "runs/killed"];
    kill_one_of_two(here, 0, &go_on);
    let output = mpirun(here, &[("2", &go_on)]).output().unwrap();
    succeeds(&output);
    same_files(here, ["whole", "killed"], "after two went on");

    fs::remove_dir_all(here.join("runs/killed")).unwrap();
    kill_one_of_two(here, 0, &begin);
    succeeds(&mote(here, &[&["pretrain"], &go_on[..]].concat()));
    same_files(here, ["whole", "killed"], "after one went on");
}

#[test]
fn processes_that_do_not_fit_are_refused() {
    let Some(folder) = waves() else { return };
    let here = folder.path();
    let arguments = [&["--name", "three"], &WAVES[..], &RECIPE].concat();
    let output = mpirun(here, &[("4", &arguments)]).output().unwrap();
    refuses(
        &output,
        "are cut into 14 chunks, which 4 processes cannot share evenly",
    );
    let [first, other] =
        ["1", "2"].map(|seed| [&["--name", "four", "--seed", seed], &WAVES[..], &RECIPE].concat());
    let output = mpirun(here, &[("1", &first), ("1", &other)])
        .output()
        .unwrap();
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
