#!/bin/sh
# Clang for WebAssembly with WASI's C library, for Meson, which takes its linker for one of ELF files and gives it options
# that it does not know.
for argument; do
  shift
  case $argument in
  -Wl,--start-group | -Wl,--end-group | -Wl,--as-needed | -Wl,--no-undefined) ;;
  *) set -- "$@" "$argument" ;;
  esac
done
exec clang --target=wasm32-wasi -msimd128 "$@"
