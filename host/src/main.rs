//! The `mote` command.

/// How many processes a launcher has started, as Open MPI, MPICH and Slurm's PMI say it.
const STARTED: [&str; 2] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];

fn main() -> std::process::ExitCode {
    let started = STARTED.iter().find_map(|name| std::env::var(name).ok());
    host::cli::main(started.as_deref())
}
