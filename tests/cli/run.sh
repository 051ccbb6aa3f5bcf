#!/bin/bash
# Golden tests of the command line: every tests/cli/**/NAME.sh runs in an empty folder with `scrawl` on the PATH; what
# it prints must equal NAME.stdout (and NAME.stderr where that exists), its exit status the number in NAME.exit (0 without
# one). A script that exits 77 after printing a reason is skipped.
#
#   run.sh PROGRAM [NAME...]            test
#   run.sh --update PROGRAM [NAME...]   write the goldens anew; read the difference before you commit it
set -u
update=no
if [ "${1-}" = --update ]; then
  update=yes
  shift
fi
program=$(realpath "$1")
shift
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${SCRAWL_DATA-}" ]; then
  SCRAWL_DATA=$(realpath "$SCRAWL_DATA")
  export SCRAWL_DATA
fi
export GOLDEN=$here LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$program" "$work/bin/scrawl"
export PATH="$work/bin:$PATH"

failed=0 passed=0 skipped=0
while read -r script; do
  name=${script#"$here"/}
  name=${name%.sh}
  base=$here/$name
  if [ $# -gt 0 ] && ! printf '%s\n' "$@" | grep -qxF "$name"; then continue; fi
  rm -rf "$work/run"
  mkdir "$work/run"
  (cd "$work/run" && bash "$script" >"$work/stdout" 2>"$work/stderr" </dev/null)
  status=$?
  if [ $status = 77 ]; then
    echo "skip $name: $(tail -1 "$work/stdout")"
    skipped=$((skipped + 1))
    continue
  fi
  if [ $update = yes ]; then
    cp "$work/stdout" "$base.stdout"
    if [ -e "$base.stderr" ]; then cp "$work/stderr" "$base.stderr"; fi
    if [ $status = 0 ]; then rm -f "$base.exit"; else echo $status >"$base.exit"; fi
    continue
  fi
  expected=0
  if [ -e "$base.exit" ]; then expected=$(cat "$base.exit"); fi
  good=yes
  diff -u --label "$name.stdout" --label "what it printed" "$base.stdout" "$work/stdout" || good=no
  if [ -e "$base.stderr" ]; then
    diff -u --label "$name.stderr" --label "what it said" "$base.stderr" "$work/stderr" || good=no
  fi
  if [ "$status" != "$expected" ]; then
    echo "$name: exit status $status, expected $expected"
    good=no
  fi
  if [ $good = yes ]; then
    passed=$((passed + 1))
  else
    echo "FAIL $name"
    sed 's/^/  stderr: /' "$work/stderr"
    failed=$((failed + 1))
  fi
done < <(find "$here" -mindepth 2 -name '*.sh' | sort)
echo "golden: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
