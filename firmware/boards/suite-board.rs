// What the suite programs of the QEMU boards share: they run the suite and print its text by semihosting.

use core::fmt::{self, Write};
use semihosting::process::ExitCode;

struct Console(semihosting::io::Stdout);

impl Write for Console {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        semihosting::io::Write::write_all(&mut self.0, s.as_bytes()).map_err(|_| fmt::Error)
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let ok =
        semihosting::io::stdout().is_ok_and(|stdout| mote_suite::run(&mut Console(stdout)).is_ok());
    ExitCode::from(u8::from(!ok)).exit_process()
}
