# Only the signs of the alphabet can be read, and their probabilities add up.
. "$GOLDEN/read/draw.inc"
draw 80 "$SEVEN" >seven.pgm
scrawl read --alphabet 7 seven.pgm
scrawl read --alphabet 01234 seven.pgm | grep -c '^[0-4]$'
scrawl read --alphabet 01 --format json seven.pgm | jq -c '.pages[0].lines[0].glyphs[0] |
  ([.text, .alternatives[].text] | sort), ([.confidence, .alternatives[].confidence] | add - 1 | fabs < 1e-4)'
scrawl read --alphabet 7x seven.pgm
