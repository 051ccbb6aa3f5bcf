# What is rejected lands in a folder; its signs corrected, the folder is learnt from.
mkdir known new
pgm() { # path left top width height [left top width height]: dark ink on light paper
  { printf 'P2\n40 40\n255\n'
    for y in $(seq 0 39); do for x in $(seq 0 39); do
      if { [ $x -ge $2 ] && [ $x -lt $(($2 + $4)) ] && [ $y -ge $3 ] && [ $y -lt $(($3 + $5)) ]; } ||
         { [ $# -gt 5 ] && [ $x -ge $6 ] && [ $x -lt $(($6 + $8)) ] && [ $y -ge $7 ] && [ $y -lt $(($7 + $9)) ]; }; then
        echo 20; else echo 235; fi
    done; done; } >$1
}
for i in 0 1 2 3 4 5; do
  pgm known/upright-$i.pgm $((15 + i)) $((4 + i)) $((4 + i % 3)) $((22 + i))
  pgm known/flat-$i.pgm $((4 + i)) $((15 + i)) $((22 + i)) $((4 + i % 3))
  pgm known/cross-$i.pgm $((16 + i % 2)) $((6 + i)) 4 $((22 + i)) $((8 + i % 2)) $((16 + i % 4)) 22 4
  printf 'upright-%d.pgm\t1\nflat-%d.pgm\t7\ncross-%d.pgm\t∅\n' $i $i $i >>known/manifest.tsv
done
pgm known/blank.pgm 0 0 0 0
printf 'blank.pgm\t∅\n' >>known/manifest.tsv
scrawl train --data known --arch 'conv 4 5x5, relu, pool 4, dense 3, softmax' --out known.onnx --epochs 60 --rate 0.01 \
  --validation 0.2 | tail -1 | grep -o 'under a confidence .*'
pgm new/one.pgm 18 5 5 26
pgm new/cross.pgm 17 6 5 24 6 17 26 5
scrawl read --as glyph --model known.onnx --review doubt new
cat doubt/manifest.tsv
cut -f 1-4,9 doubt/review.tsv
# The cut is read as the whole picture was.
scrawl read --as glyph --model known.onnx doubt/000001.png
# Not over what is there.
scrawl read --model known.onnx --review doubt new/one.pgm; echo "exit $?"
# A person knows better.
sed -i 's/∅/7/' doubt/manifest.tsv
scrawl train --data doubt --from known.onnx --out better.onnx --epochs 40 --rate 0.01 --validation 0 | tail -1
scrawl read --as glyph --model better.onnx new/cross.pgm
for key in alphabet temperature reject-below; do
  [ "$(scrawl model show known.onnx --json | jq .metadata[\"$key\"])" = "$(scrawl model show better.onnx --json | jq .metadata[\"$key\"])" ] &&
    echo same $key
done
# Nothing doubtful: an empty folder.
scrawl read --as glyph --model known.onnx --review certain new/one.pgm
wc -c <certain/manifest.tsv
