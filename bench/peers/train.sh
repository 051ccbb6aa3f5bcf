#!/bin/bash
# Training speed beside PyTorch: both in turn, several rounds, then the ratio round by round (median, least, greatest).
#
#   bench/peers/train.sh [PRESET [BATCH [THREADS [ROUNDS]]]]     seed-keras 32 2 5
#
# Needs build/bench/bench_step and Debian's python3-torch. PyTorch gets the allocator settings that suit it: with glibc's
# defaults it loses up to half its time in page faults.
set -eu
preset=${1-seed-keras} batch=${2-32} threads=${3-2} rounds=${4-5} seconds=4
here=$(cd "$(dirname "$0")" && pwd)
step=$here/../../build/bench/bench_step
python=${PYTHON-/usr/bin/python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "PyTorch is not installed (Debian: python3-torch): nothing to compare with" >&2
  exit 1
fi
export MALLOC_MMAP_THRESHOLD_=2000000000 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=67108864
for ((round = 0; round < rounds; round++)); do
  ours=$("$step" --rate "$preset" "$batch" "$threads" "$seconds")
  theirs=$("$python" "$here/pytorch_step.py" "$preset" "$batch" "$threads" "$seconds")
  echo "$ours $theirs"
done | awk -v name="$preset, batch $batch, $threads threads" '
  { ratio[NR] = $1 / $2; ours[NR] = $1; theirs[NR] = $2 }
  function sort_numbers(list, n,   i, j, t) {
    for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j] < list[j-1]; j--) { t = list[j]; list[j] = list[j-1]; list[j-1] = t }
  }
  END {
    sort_numbers(ratio, NR); sort_numbers(ours, NR); sort_numbers(theirs, NR); m = int((NR + 1) / 2)
    printf "%s: Scrawl %.0f pictures/s, PyTorch %.0f pictures/s (medians of %d rounds)\n", name, ours[m], theirs[m], NR
    printf "an epoch of 60,000: %.1f s against %.1f s; ratio %.2f (%.2f to %.2f)\n",
           60000 / ours[m], 60000 / theirs[m], ratio[m], ratio[1], ratio[NR]
  }'
