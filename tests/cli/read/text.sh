# One picture: its text alone. Several: a line each, in their order. Standard input like a file.
. "$GOLDEN/read/draw.inc"
draw 80 "$SEVEN" >seven.pgm
draw 60 "$ONE" 250 5 >one.pgm
draw 100 "$ZERO" 150 210 >zero.pgm
scrawl read seven.pgm
scrawl read seven.pgm one.pgm zero.pgm
scrawl read --jobs 1 zero.pgm seven.pgm
scrawl read --as digit --model digits - <one.pgm
scrawl read -- - seven.pgm <zero.pgm
