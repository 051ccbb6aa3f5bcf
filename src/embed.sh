#!/bin/sh
# Puts files into the program: writes one C file with a table of them, their bytes taken in by the assembler.
#
#   embed.sh HEADER TYPE TABLE SUFFIX OUT.c FILE...
#
# HEADER declares `extern const TYPE TABLE[]`; TYPE's members are, in this order, `const char *name`,
# `const uint8_t *bytes`, `size_t size`. The table has a row for each FILE, in the order given, and ends with a row of
# NULLs; with no FILE it is just that row. A name is the file's base name without SUFFIX (may be empty). After its
# bytes each file has a zero byte, not counted in `size`, so that text can be used as a string.
#
# In a meson.build (asset_files = files(...) or custom targets; the table is built again when one of them changes):
#
#   table = custom_target('serve_assets', output: 'assets.c',
#     command: [embed, 'serve/assets.h', 'serve_asset', 'SERVE_ASSETS', '', '@OUTPUT@', asset_files])
#
# `.incbin` instead of numbers in C: a compiler takes seconds and much memory for a megabyte of numbers. In WebAssembly every
# symbol has a section and a size of its own.
set -eu

header=$1 type=$2 table=$3 suffix=$4 out=$5
shift 5

{
  echo "/* Written by src/embed.sh. */"
  echo "#include \"$header\""
  number=0
  rows=
  for file; do
    case $file in *[\"\\]*) echo "embed.sh: $file: a name with \" or \\ cannot be embedded" >&2; exit 1 ;; esac
    [ -r "$file" ] || { echo "embed.sh: $file: cannot be read" >&2; exit 1; }
    symbol="${table}_$number" size=$(($(wc -c <"$file")))
    cat <<END
extern const uint8_t ${symbol}[];
#ifdef __wasm__
__asm__(".section .rodata.$symbol,\"\",@\n.p2align 4\n.globl $symbol\n.type $symbol,@object\n$symbol:\n"
        ".incbin \"$file\"\n.byte 0\n.size $symbol, $((size + 1))\n");
#else
__asm__(".pushsection .rodata\n.balign 16\n.globl $symbol\n$symbol:\n"
        ".incbin \"$file\"\n.byte 0\n.popsection\n");
#endif
END
    rows="$rows  {\"$(basename "$file" "$suffix")\", $symbol, $size},
"
    number=$((number + 1))
  done
  echo "const $type $table[] = {"
  printf '%s' "$rows"
  echo "  {NULL, NULL, 0},"
  echo "};"
} >"$out"
