#!/usr/bin/env bash
# Cargo's runner for the QEMU boards: run-qemu.sh MACHINE PROGRAM. What the program prints by
# semihosting goes to standard output; its exit status is ours.
#
# The device application answers the wire on TCP port 3333 (another: MOTE_WIRE=tcp:...) until it is
# stopped: mote device --tcp 127.0.0.1:3333 status. Its log is defmt's: `defmt-print` decodes it
# (cargo install defmt-print); without that nothing is shown. Other programs end by themselves, or
# with status 124 after MOTE_QEMU_SECONDS.
machine=$1 program=$2 seconds=120 wire=none

qemu() {
  exec timeout --foreground "${MOTE_QEMU_SECONDS:-$seconds}" qemu-system-arm -machine "$machine" \
    -display none -serial "$wire" -monitor none \
    -semihosting-config enable=on,target=native -kernel "$program" </dev/null
}

case $(basename "$program") in
  qemu-*)
    seconds=0
    wire=${MOTE_WIRE:-tcp:127.0.0.1:3333,server=on,wait=off,nodelay=on}
    echo "$(basename "$program") answers the wire on $wire; Ctrl-C stops it" >&2
    if ! command -v defmt-print >/dev/null; then
      echo "no log: cargo install defmt-print" >&2
      qemu >/dev/null
    fi
    (qemu) | defmt-print -e "$program"
    exit "${PIPESTATUS[0]}"
    ;;
esac
qemu
