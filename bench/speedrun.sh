#!/bin/bash
# The speed run: the preset `speedrun` with nothing but a seed, from MNIST's IDX files to a model file, timed from the start
# of the process to its end; then the model's score on the test part. For each seed, and the mean of all.
#
#   bench/speedrun.sh [SEED...]     1 2 3 4 5 6 7 8 9 10
#
# Needs build/scrawl and MNIST (SCRAWL_DATA).
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
scrawl=$here/../build/scrawl
if [ ! -e "${SCRAWL_DATA-}/mnist" ]; then
  echo "there is no MNIST in \$SCRAWL_DATA: nothing to train on" >&2
  exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ $# = 0 ]; then set -- 1 2 3 4 5 6 7 8 9 10; fi
for seed; do
  begun=$EPOCHREALTIME
  "$scrawl" train --data mnist --arch speedrun --out "$folder/speedrun.onnx" --seed "$seed" >/dev/null 2>&1
  ended=$EPOCHREALTIME
  errors=$("$scrawl" evaluate --model "$folder/speedrun.onnx" --data mnist --part test --json | tr ',{' '\n\n' |
    sed -n 's/^"errors"://p')
  echo "$seed $begun $ended $errors"
done | awk '
  {
    seconds[NR] = $3 - $2; score = 100 - $4 / 100; sum += score; squares += score * score
    printf "seed %2d: %.2f s, %d errors, %.2f %%\n", $1, seconds[NR], $4, score
  }
  END {
    for (i = 2; i <= NR; i++)
      for (j = i; j > 1 && seconds[j] < seconds[j-1]; j--) { t = seconds[j]; seconds[j] = seconds[j-1]; seconds[j-1] = t }
    mean = sum / NR; deviation = NR > 1 ? sqrt((squares - NR * mean * mean) / (NR - 1)) : 0
    printf "%d seeds: %.3f %% +- %.3f on the test part; median %.2f s (%.2f to %.2f)\n", NR, mean, deviation,
           seconds[int((NR + 1) / 2)], seconds[1], seconds[NR]
  }'
