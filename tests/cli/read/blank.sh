# Blank pictures are read, and hold nothing.
. "$GOLDEN/read/draw.inc"
draw 80 "0.5,2 0.6,2" >blank.pgm
draw 80 "$SEVEN" >seven.pgm
scrawl read blank.pgm | od -c
scrawl read blank.pgm seven.pgm
scrawl read --format json blank.pgm | jq -c '.pages[0].lines'
