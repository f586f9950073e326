#!/bin/bash
# Builds twtune.exe as it is released, the tests and what they need for Windows, into the folder that is named:
# target/windows/bundle.
# With rustup's target x86_64-pc-windows-gnu that takes nothing but the linker; without it, Debian's rustc-web builds
# its own standard library from rust-web-src.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-target/windows/bundle}
target=x86_64-pc-windows-gnu
linker=x86_64-w64-mingw32-gcc-win32
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$linker CARGO_TARGET_DIR=target/windows
mkdir -p "$out"

if rustup target list --installed 2>/dev/null | grep -qx "$target"; then
  build() { cargo "$@" --target "$target"; }
else
  export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc
  build() { /usr/bin/cargo "$@" -Zbuild-std=std,panic_unwind,panic_abort --target "$target"; }
fi

# Machines of a test that runs have the files of the last build: those are replaced, not written.
build build --release
cp --remove-destination "target/windows/$target/release/twtune.exe" "$out/"
tests=$(build test --no-run --test integration --message-format=json-render-diagnostics |
  sed -n 's/.*"executable":"\([^"]*integration[^"]*\.exe\)".*/\1/p' | tail -1)
cp --remove-destination "$tests" "$out/integration.exe"
"$linker" -shared -o "$out/bcryptprimitives.dll" tests/windows/prng.c -ladvapi32
"$linker" -o "$out/netsh.exe" tests/windows/netsh.c
"$linker" -municode -o "$out/rights.exe" tests/windows/rights.c -ladvapi32
ls -l "$out"
