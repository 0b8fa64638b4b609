#!/usr/bin/env bash
# Cargo's runner for the QEMU boards: run-qemu.sh MACHINE PROGRAM. What the program prints by
# semihosting goes to standard output; its exit status is ours, 124 after too long a time.
exec timeout "${MOTE_QEMU_SECONDS:-120}" qemu-system-arm -machine "$1" -display none -serial none \
  -monitor none -semihosting-config enable=on,target=native -kernel "$2" </dev/null
