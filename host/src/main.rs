//! The `mote` command.

fn main() -> std::process::ExitCode {
    host::cli::main()
}
