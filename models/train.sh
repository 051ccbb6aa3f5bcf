#!/bin/bash
# How the models that ship were made: one recipe each. Run by `./dev models`.
#
#   models/train.sh            every model, as shipped, into models/
#   models/train.sh NAME       this one
#   models/train.sh NAME SEED...   with these seeds, into build/models/NAME-SEED.onnx, and the test score of each with mean
#                              and deviation: for the record, never for a choice
#   models/train.sh ensemble NAME SEED...   those of these seeds, merged into build/models/NAME-ensemble.onnx
#
# Needs build/scrawl and the data sets (SCRAWL_DATA). An interrupted training goes on where it stopped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scrawl=$here/../build/scrawl

# train NAME SEED OUT
train() {
  case $1 in
  digits)
    "$scrawl" train --name digits --data mnist --arch digits --seed "$2" --out "$3" --resume \
      --epochs 20 --batch 64 --optimiser adamw --rate 0.003 --weight-decay 0.02 --schedule one-cycle --warm-up 0.2 \
      --average 0.999 --validation 0.0834 \
      --augment rotation=12,scale=0.12,shear=0.2,shift=2,elastic=1,elastic-sigma=4,stroke=0.3
    ;;
  *)
    echo "models/train.sh: there is no recipe \"$1\"; the recipes are digits" >&2
    exit 2
    ;;
  esac
}

# The seed that ships: the best on validation of those in the card.
shipped_seed() {
  case $1 in
  digits) echo 5 ;;
  esac
}

if [ $# = 0 ]; then set -- digits; fi
ensemble=no
if [ "$1" = ensemble ]; then
  ensemble=yes
  shift
  if [ $# -lt 3 ]; then
    echo "models/train.sh: ensemble wants a name and two seeds or more" >&2
    exit 2
  fi
fi
name=$1
shift
if [ $# = 0 ]; then
  train "$name" "$(shipped_seed "$name")" "$here/$name.onnx"
  exit
fi
folder=$here/../build/models
mkdir -p "$folder"
if [ $ensemble = yes ]; then
  members=()
  for seed; do
    model=$folder/$name-$seed.onnx
    if [ ! -e "$model" ]; then train "$name" "$seed" "$model"; fi
    members+=("$model")
  done
  exec "$scrawl" model merge "${members[@]}" --name "$name-ensemble" --out "$folder/$name-ensemble.onnx"
fi
for seed; do
  model=$folder/$name-$seed.onnx
  if [ ! -e "$model" ]; then train "$name" "$seed" "$model" >&2; fi
  echo "$seed $("$scrawl" evaluate --model "$model" --data mnist --part test --json | tr ',{' '\n\n' | sed -n 's/^"errors"://p')"
done | awk '
  { printf "seed %s: %d errors, %.2f %%\n", $1, $2, 100 - $2 / 100; a = 100 - $2 / 100; sum += a; squares += a * a; n++ }
  END {
    mean = sum / n
    if (n > 1) printf "mean %.3f %%, deviation %.3f over %d seeds\n", mean, sqrt((squares - n * mean * mean) / (n - 1)), n
  }'
