// What the suite programs of the QEMU boards share: they run the suite and print its text by semihosting.

include!("console.rs");

#[cortex_m_rt::entry]
fn main() -> ! {
    let ok = semihosting::io::stdout()
        .is_ok_and(|stdout| mote_suite::run(&mut Console(stdout)).is_ok());
    ExitCode::from(u8::from(!ok)).exit_process()
}
