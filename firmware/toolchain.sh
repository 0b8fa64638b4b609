#!/usr/bin/env bash
# Makes firmware build on this machine, whichever way it can get Rust's library for the target:
#
#   rustup    rustup target add thumbv7em-none-eabihf          (then this script changes nothing)
#   Debian    apt-get install rustc-web rust-web-src           (no toolchain server needed: rustc
#             builds the library from its sources; the linker is rustup's rust-lld or Debian's lld)
#
# Run it in front of a command, or source it for the rest of a shell in which you build firmware:
#
#   cd firmware/boards/qemu-m4 && ../../toolchain.sh cargo run --release
#   . firmware/toolchain.sh
#
# Without a command it says what it found. Exit status 3: neither way works; what is missing is on
# standard error. The target is that of `--target`, else of .cargo/config.toml here, else all of them.

mote_targets() {
  local previous=
  for argument in "$@"; do
    case $argument in
      --target=*) echo "${argument#--target=}"; return ;;
    esac
    if [ "$previous" = --target ]; then echo "$argument"; return; fi
    previous=$argument
  done
  if [ -f .cargo/config.toml ] && grep -q '^target *=' .cargo/config.toml; then
    sed -n 's/^target *= *"\(.*\)".*/\1/p' .cargo/config.toml
  else
    echo thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabihf thumbv8m.main-none-eabihf
  fi
}

mote_missing() {
  cat >&2 <<TEXT
firmware/toolchain.sh: $1
Cannot build for: $2
Either   rustup target add $2
or       apt-get install rustc-web rust-web-src        (Debian)
TEXT
}

# Sets what the Debian way needs; says what it found.
mote_toolchain() {
  local targets missing= target sysroot linker candidate name
  targets=$(mote_targets "$@")
  for target in $targets; do
    compgen -G "$(rustc --print target-libdir --target "$target" 2>/dev/null)/libcore-*.rlib" \
      >/dev/null || missing="$missing $target"
  done
  missing=${missing# }
  if [ -z "$missing" ]; then
    mote_found="rustc has the library for: $targets"
    return 0
  fi
  if [ ! -x /usr/bin/rustc ]; then
    mote_missing "no library for the target, and no /usr/bin/rustc" "$missing"
    return 3
  fi
  sysroot=$(/usr/bin/rustc --print sysroot)
  if [ ! -d "$sysroot/lib/rustlib/src/rust/library/core" ]; then
    mote_missing "$(/usr/bin/rustc --version) is here, but not its library's sources" "$missing"
    return 3
  fi
  linker=
  for candidate in "$(rustc --print sysroot 2>/dev/null)"/lib/rustlib/*/bin/rust-lld \
    "$(command -v rust-lld)" "$(command -v ld.lld)" /usr/bin/ld.lld-[0-9]*; do
    if [ -x "$candidate" ]; then linker=$candidate; break; fi
  done
  if [ -z "$linker" ]; then
    mote_missing "no linker: rust-lld (rustup) or ld.lld (apt-get install lld)" "$missing"
    return 3
  fi
  export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=core
  for target in $targets; do
    name=$(printf %s "$target" | tr 'a-z.-' 'A-Z__')
    export "CARGO_TARGET_${name}_LINKER=$linker"
  done
  mote_found="$(/usr/bin/rustc --version) builds the library for: $targets"
}

if [ "${BASH_SOURCE[0]}" != "$0" ]; then
  mote_toolchain && echo "$mote_found"
else
  set -u
  mote_toolchain "$@" || exit 3
  if [ $# -gt 0 ]; then exec "$@"; fi
  echo "$mote_found"
fi
