// Text by semihosting for programs that end: lines on the host's standard output, and a panic as failure.

use core::fmt::{self, Write};
use semihosting::process::ExitCode;

struct Console(semihosting::io::Stdout);

impl Write for Console {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        semihosting::io::Write::write_all(&mut self.0, s.as_bytes()).map_err(|_| fmt::Error)
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    if let Ok(mut stderr) = semihosting::io::stderr() {
        use semihosting::io::Write as _;
        let _ = writeln!(stderr, "{info}");
    }
    ExitCode::FAILURE.exit_process()
}
