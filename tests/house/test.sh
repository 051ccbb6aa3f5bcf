#!/bin/bash
# The house check itself: a few files of the tree pass as they are, and each violation added to one is found at its line.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here/../.." && tar -c include/scrawl.h src/base/error.c src/nn/graph.[ch] src/ink/image.c src/read/reader.c \
  src/data/idx.c src/train/train.c src/page/page.c src/cli/main.c) | tar -x -C "$work"
"$here/check.sh" "$work" || { echo "the copies should pass"; exit 1; }

failed=0

# expect FILE PATTERN LINE...: with the lines added at its end, FILE is reported at that end, with PATTERN in the text.
expect() {
  local file=$1 pattern=$2 kept line output
  shift 2
  kept=$(mktemp -p "$work")
  if [ -e "$work/$file" ]; then cp "$work/$file" "$kept"; else mkdir -p "$(dirname "$work/$file")"; fi
  printf '%s\n' "$@" >>"$work/$file"
  line=$(wc -l <"$work/$file")
  if output=$("$here/check.sh" "$work"); then
    echo "not found: $file: $*"
    failed=1
  elif [[ $output != "$file:$line: "*$pattern* || $output == *$'\n'* ]]; then
    echo "expected only $file:$line: ...$pattern..., got: $output"
    failed=1
  fi
  if [ -s "$kept" ]; then mv "$kept" "$work/$file"; else rm "$kept" "$work/$file"; fi
}

# accept FILE LINE...: lines that look like a violation and are none.
accept() {
  local file=$1
  shift
  cp "$work/$file" "$work/kept"
  printf '%s\n' "$@" >>"$work/$file"
  "$here/check.sh" "$work" || { echo "should be accepted: $file: $*"; failed=1; }
  mv "$work/kept" "$work/$file"
}

expect src/base/error.c 'src/base lies below src/nn' '#include "nn/graph.h"'
expect src/nn/graph.h 'src/nn lies below src/cli' '  #  include   "cli/cli.h"'
expect src/data/idx.c 'src/data lies below src/serve' '#include "serve/serve.h"'
expect src/data/idx.c 'not named as' '#include "set.h"'
expect src/data/idx.c 'not named as' '#include "data/../serve/serve.h"'
expect src/data/idx.c 'not named as' '#include "garden/tree.h"'
expect src/data/new.c 'src/data lies below src/train' '#include "train/train.h"'
expect src/nn/kernels/new.h 'src/nn is core' '#include <jansson.h>'
expect src/read/reader.c 'src/read is core' '#include <sys/stat.h>'
expect src/ink/image.c 'opens no file' '/* a' '   comment */ void *f = fopen("x", "r");'
expect include/scrawl.h 'not C' '#include <unistd.h>'
expect include/scrawl.h 'the public header includes' '#include "base/error.h"'
expect src/page/page.c 'does not call exit()' 'static void f(void) { exit(1); }'
expect src/page/page.c 'does not call printf()' '  if ("/*" == 0) printf("x");'
expect src/page/page.c 'standard output' '  fputs("x", stdout);'
expect src/train/train.c 'memory comes from base/memory.h' '  char *p = malloc(3);'
expect src/train/train.c 'a line of 101 bytes' "/* $(printf '%095d' 0) */"
accept src/train/train.c "/* $(printf '%094d' 0) */"
expect src/garden/tree.c 'no place in the list' ''
accept src/nn/graph.c '/* may not exit(1), nor' '#include "serve/serve.h"' '*/ // printf("x")'
accept src/nn/graph.c 'base_fail(error, SCRAWL_INTERNAL, "\"printf(%d)\" and malloc(%d)", 1, 2);'
accept src/nn/graph.c 'snprintf(text, 1, "x"); base_realloc(p, 1, 2); _exit(0); p->exit(3); q.abort();'
accept src/nn/graph.c "  if (c == '\"') x(); /* malloc(3) */ if (c == '\\'') y(\"exit(1)\");"
accept src/cli/main.c '#include "serve/serve.h"' 'static void f(void) { printf("x"); exit(2); }'
exit $failed
