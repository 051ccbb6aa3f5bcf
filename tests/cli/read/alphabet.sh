# Only the signs of the alphabet can be read, or it is rejected as none of them.
. "$GOLDEN/read/draw.inc"
draw 80 "$SEVEN" >seven.pgm
scrawl read --alphabet 7 seven.pgm
scrawl read --alphabet 01234 seven.pgm | grep -vc '^[0-4]*$'
scrawl read --alphabet 17 --format json seven.pgm | jq -c '.pages[0].lines[0].glyphs[0] |
  ([.text, .alternatives[].text] | sort), ([.confidence, .alternatives[].confidence] | add > 0.9 and add < 1.0001)'
# Ranges.
scrawl read --alphabet 0-9 seven.pgm
scrawl read --alphabet 0-6 --format json seven.pgm | jq -c '.pages[0].lines[0].glyphs[0] | [.text, .alternatives[].text | select(. >= "0")] | unique'
scrawl read --alphabet 9-0 seven.pgm 2>&1
scrawl read --alphabet 0--9 seven.pgm 2>&1
scrawl read --alphabet 7x seven.pgm
