#!/usr/bin/env bash
# Cargo's runner for the QEMU boards: run-qemu.sh MACHINE PROGRAM. What the program prints by
# semihosting goes to standard output; its exit status is ours.
#
# The device application answers the wire on TCP port 3333 (another: MOTE_WIRE=tcp:...) until it is
# stopped: mote device --tcp 127.0.0.1:3333 status. Other programs end by themselves, or with status
# 124 after MOTE_QEMU_SECONDS.
seconds=120 wire=none
case $(basename "$2") in
  qemu-*) seconds=0 wire=${MOTE_WIRE:-tcp:127.0.0.1:3333,server=on,wait=off,nodelay=on} ;;
esac
exec timeout --foreground "${MOTE_QEMU_SECONDS:-$seconds}" qemu-system-arm -machine "$1" \
  -display none -serial "$wire" -monitor none \
  -semihosting-config enable=on,target=native -kernel "$2" </dev/null
