// What the benchmark programs of the QEMU boards share: SysTick as counter, semihosting for files and text.

include!("console.rs");

use cortex_m::peripheral::{SYST, syst::SystClkSource};
use mote_bench::Probe;
use mote_core::image::Aligned;
use mote_core::probe::Normalisation;
use mote_core::scratch::Scratch;
use semihosting::{fs::File, io::Read};

const TICKS: u32 = 0x00FF_FFFF;

struct Ticks(SYST);

impl mote_bench::Counter for Ticks {
    fn start(&mut self) {
        self.0.set_reload(TICKS);
        self.0.clear_current();
        self.0.enable_counter();
        // A hint without meaning, for emulators that count between two of them.
        // SAFETY: an unallocated hint does nothing.
        unsafe { core::arch::asm!(".inst.n 0xbf60") };
    }

    fn stop(&mut self) -> u32 {
        // SAFETY: as above.
        unsafe { core::arch::asm!(".inst.n 0xbf70") };
        (TICKS - SYST::get_current()) * INSTRUCTIONS_PER_4_TICKS / 4
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut IMAGES: Aligned<[u8; 3 << 19]> = Aligned([0; 3 << 19]);
    static mut SCRATCH: Scratch<{ mote_bench::SCRATCH_LEN }> = Scratch::new();
    static mut PROBE: Probe = Probe::new(Normalisation::None, Probe::SHRINKAGE);
    let done = bench(&mut IMAGES.0, SCRATCH.as_mut(), PROBE);
    ExitCode::from(u8::from(done.is_none())).exit_process()
}

fn bench(images: &mut [u8], scratch: &mut [i8], probe: &mut Probe) -> Option<()> {
    let mut file = File::open(c"bench.images").ok()?;
    let mut len = 0;
    loop {
        match file.read(images.get_mut(len..)?).ok()? {
            0 => break,
            read => len += read,
        }
    }
    let mut ticks = Ticks(cortex_m::Peripherals::take()?.SYST);
    ticks.0.set_clock_source(SystClkSource::Core);
    let mut console = Console(semihosting::io::stdout().ok()?);
    mote_bench::run(images.get(..len)?, scratch, &mut ticks, &mut console).ok()?;
    mote_bench::run_learner(probe, &mut ticks, &mut console).ok()
}
