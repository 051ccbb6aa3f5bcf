# The picture after each step, whichever way it was read; the last one shows what was read.
. "$GOLDEN/read/draw.inc"
draw 80 "$SEVEN" >seven.pgm
draw 40 "$SEVEN" >small.pgm
draw 700 "$SEVEN" >large.pgm
paste -d' ' <(tail -n +4 seven.pgm) <(tail -n +4 seven.pgm) | { echo P2; echo 160 80; echo 255; cat; } >two.pgm
show() { # show PICTURE [OPTION...]
  echo "== $*: $(scrawl read --steps steps "$@")"
  ls steps
  scrawl read "steps/$(ls steps | tail -1)"
  rm -r steps
}
show seven.pgm --as digit
show large.pgm --as glyph
show seven.pgm
show small.pgm
show two.pgm
