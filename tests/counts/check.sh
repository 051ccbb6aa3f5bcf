#!/bin/bash
# Counts the instructions of fixed work and compares them with the committed figures: times differ from run to run and
# machine to machine, counts do not, so this is how a slower kernel or a step that computes something twice is noticed.
#
#   check.sh WORK             fails if a count differs by more than the tolerance
#   check.sh WORK --renew     writes the figures anew, after a change that was meant
#
# WORK is the program that work.c makes. It is run under valgrind's callgrind with the kernels for AVX2: valgrind knows no
# AVX-512, and the figures would differ. Exits 77 (skipped), with the reason, where the figures do not apply.
#
# The tolerance: the same program gives the same counts, and even GCC 11 instead of 12 moved them by 0.6 % at most, a point
# release by less. What is to be noticed, such as a tile that no longer stays in registers or a pass over memory done twice, is
# several per cent of its work and more. Fewer instructions than promised fail as well: an old, higher figure would let the
# gain be lost again unseen.
set -eu
export LC_ALL=C SCRAWL_CPU=v3
work=$1 tolerance=3
figures=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/expected.txt
renew="tests/counts/check.sh build/tests/counts_work --renew"

skip() {
  echo "skipped: $*"
  exit 77
}

# "NAME INSTRUCTIONS" for each, sorted by name: those between entering and leaving counted(). All at once; an order or other
# work beside them changes nothing.
count_all() {
  for name in $("$work" --names); do
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no --toggle-collect=counted \
      "$work" "$name" 2>&1 |
      awk -v name="$name" '/Collected : / { count = $NF } { text = text "\n" $0 }
        END { if (count) print name, count; else print name ": not counted" text > "/dev/stderr" }' &
  done | sort
}

compiler=$("$work" --compiler)
command -v valgrind >/dev/null || skip "valgrind is not installed"
[ "$("$work" --kernels)" = v3 ] || skip "this processor has no kernels called v3"

if [ "${2-}" = --renew ]; then
  {
    echo "# Instructions of fixed work with the AVX2 kernels, one thread. Written by"
    echo "#   $renew"
    echo "compiler $compiler"
    count_all
  } >"$figures.new"
  mv "$figures.new" "$figures"
  cat "$figures"
  exit
fi

grep -qx "compiler $compiler" "$figures" ||
  skip "the figures are $(sed -n 's/^compiler //p' "$figures")'s, and this is $compiler"
count_all | awk -v tolerance="$tolerance" -v renew="$renew" -v names="$("$work" --names)" '
  FNR == NR { if ($1 != "#") expected[$1] = $2; next }
  !($1 in expected) { printf "%s has no figure\n", $1; bad = 1; next }
  {
    counted[$1] = 1
    change = 100 * ($2 / expected[$1] - 1)
    printf "%-16s %12d, expected %12d: %+.2f %%\n", $1, $2, expected[$1], change
    if (change > tolerance) { print "  more work than before"; bad = 1 }
    if (change < -tolerance) { print "  less work than before: good, keep it by renewing the figure"; bad = 1 }
  }
  END {
    split(names, list)
    for (i in list) if (!(list[i] in counted)) { print list[i] " was not counted"; bad = 1 }
    if (bad) { print "If that is meant, renew the figures:  " renew; exit 1 }
  }' "$figures" -
