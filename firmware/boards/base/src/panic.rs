//! What happens when all else fails: it is logged, and the device starts again with what it last saved.

use core::panic::PanicInfo;
use cortex_m::peripheral::SCB;
use cortex_m_rt::{ExceptionFrame, exception};
use defmt::{Debug2Format, Display2Format, error};

/// Turns before a restart, so that a debugger can read the log.
const LAST_WORDS: u32 = 8_000_000;

/// Starts the program again.
pub(crate) fn restart() -> ! {
    cortex_m::asm::delay(LAST_WORDS);
    SCB::sys_reset()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    error!("{}", Display2Format(info));
    restart()
}

/// defmt's own: its words are out already.
#[defmt::panic_handler]
fn defmt_panic() -> ! {
    restart()
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    error!("hard fault: {}", Debug2Format(frame));
    restart()
}
