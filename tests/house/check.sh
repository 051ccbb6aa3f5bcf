#!/bin/bash
# The rules of the house, checked on the sources themselves:
#
#   - a folder of src/ includes only its own headers and those of the folders above it in the list below;
#   - the core needs no file, network or library: only headers of C and a few of POSIX, no function that opens a file;
#   - the public header needs nothing but C;
#   - the library never ends the process and never prints to its host's standard output;
#   - memory comes from base/memory.h;
#   - no line is longer than 100 bytes, comments included.
#
#   check.sh [ROOT]     prints every violation as file:line: what is wrong; exit status 1 if there is one
set -eu
root=$(cd "${1-$(dirname "$0")/../..}" && pwd)
cd "$root"

# From the ground up: a folder may use those to the left of it.
floors="base nn ink read data train classic page format store serve cli"
core="base nn ink read"

find src include \( -name '*.c' -o -name '*.h' \) -print | LC_ALL=C sort | xargs awk -v floors="$floors" -v core="$core" '
  BEGIN {
    count = split(floors, list, " ")
    for (i = 1; i <= count; i++) floor_of[list[i]] = i
    split(core, list, " ")
    for (i in list) in_core[list[i]] = 1
    split("assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg " \
          "stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype", list, " ")
    for (i in list) c_header[list[i] ".h"] = 1
    # Threads, the clock, the number of cores and advice about pages from the system; CPUID and vectors from the compiler.
    split("pthread sched strings unistd sys/mman cpuid immintrin arm_neon wasm_simd128", list, " ")
    for (i in list) core_header[list[i] ".h"] = 1
  }

  function violation(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text
    bad = 1
  }

  # The line without comments and without what stands between quotes; in_comment lives from line to line.
  function code_of(line,   out, two, c, i) {
    if (!in_comment && line !~ /["\047]|\/[*\/]/) return line
    out = ""
    while (line != "") {
      two = substr(line, 1, 2)
      c = substr(line, 1, 1)
      if (in_comment) {
        i = index(line, "*/")
        if (!i) return out
        line = substr(line, i + 2)
        in_comment = 0
      } else if (two == "/*") {
        in_comment = 1
        line = substr(line, 3)
      } else if (two == "//") {
        return out
      } else if (c == "\"" || c == "\047") {
        line = substr(line, 2)
        while (line != "" && substr(line, 1, 1) != c) line = substr(line, substr(line, 1, 1) == "\\" ? 3 : 2)
        line = substr(line, 2)
        out = out c c
      } else {
        out = out c
        line = substr(line, 2)
      }
    }
    return out
  }

  function calls(code, name) { return code ~ ("(^|[^A-Za-z0-9_.>])" name "[ ]*\\(") }

  FNR == 1 {
    in_comment = 0
    split(FILENAME, path, "/")
    folder = path[1] == "src" ? path[2] : ""
    if (folder != "" && !(folder in floor_of)) violation("src/" folder " has no place in the list of tests/house/check.sh")
  }

  { commented = in_comment; code = code_of($0) }

  !commented && /^[ \t]*#[ \t]*include[ \t]*</ {
    header = $0
    sub(/^[^<]*</, "", header)
    sub(/>.*$/, "", header)
    if (folder == "" && !(header in c_header)) violation("the public header includes <" header ">, which is not C")
    if (folder in in_core && !(header in c_header) && !(header in core_header))
      violation("src/" folder " is core: it may not include <" header ">")
  }

  !commented && /^[ \t]*#[ \t]*include[ \t]*"/ {
    header = $0
    sub(/^[^"]*"/, "", header)
    sub(/".*$/, "", header)
    target = header
    sub(/\/.*$/, "", target)
    if (folder == "") violation("the public header includes \"" header "\"")
    else if (header == "scrawl.h") next
    else if (!(folder in floor_of)) next
    else if (header !~ /\// || header ~ /\.\./ || !(target in floor_of))
      violation("\"" header "\" is not named as \"folder/file.h\" of the house")
    else if (floor_of[target] > floor_of[folder])
      violation("src/" folder " lies below src/" target ": it may not include \"" header "\"")
  }

  folder != "" && folder != "cli" {
    split("exit abort assert printf puts putchar perror", list, " ")
    for (i in list) if (calls(code, list[i]) && code !~ /__attribute__/) violation("the library does not call " list[i] "()")
    if (code ~ /(^|[^A-Za-z0-9_])stdout([^A-Za-z0-9_]|$)/) violation("the library does not write to standard output")
  }

  folder in in_core {
    split("fopen freopen tmpfile popen system", list, " ")
    for (i in list) if (calls(code, list[i])) violation("src/" folder " is core: it opens no file or program")
  }

  folder != "" && FILENAME != "src/base/memory.c" {
    split("malloc calloc realloc aligned_alloc posix_memalign strdup strndup asprintf vasprintf", list, " ")
    for (i in list) if (calls(code, list[i])) violation(list[i] "(): memory comes from base/memory.h")
  }

  length($0) > 100 { violation("a line of " length($0) " bytes; 100 fit") }

  END { exit bad }'
