# What glyphs look like, in each form: slant, pen, loops, and contrast as they were drawn.
. "$GOLDEN/read/draw.inc"
draw 80 "$ZERO" 90 218 >zero.pgm
draw 900 "0.6,0.2 0.5,0.5 0.4,0.8" 40 91 >one.pgm
scrawl read --describe --format json zero.pgm | jq -c '.pages[0].lines[0] | (.style | keys_unsorted),
  (.glyphs[0].style | keys_unsorted, [.parts, .loops, .euler, .ends, .junctions, .crossings])'
# A pen of side / 14, a stroke leaning by atan(0.2 / 0.6), 0.5 of grey between ink and paper, in pixels of the picture.
near='def near(truth; slack): (. - truth | fabs) <= slack;'
scrawl read --describe --format json zero.pgm | jq -c "$near"' .pages[0].lines[0].glyphs[0].style |
  (.stroke | near(80 / 14; 0.6)), (.contrast | near(0.5; 0.03)), (.centre_x | near(40; 1)), (.length | near(111.5; 4))'
scrawl read --describe --format json one.pgm | jq -c "$near"' .pages[0].lines[0].glyphs[0].style |
  (.slant | near(18.43; 1)), (.rotation | near(18.43; 1)), (.stroke | near(900 / 14; 5)), (.contrast | near(0.2; 0.03)),
  (.length | near(569; 20)), (.area | near(569 * 64 + 3217; 3000)), .ends'
scrawl read --describe zero.pgm one.pgm | sed 's/[0-9.-]* *\(°\|px\)/N \1/g; s/ [0-9]\.[0-9]*/ N/g'
scrawl read --describe --format tsv zero.pgm one.pgm | awk -F '\t' '{ print NF, $4, $22, $23 }'
# Nothing of it unless it is asked for.
scrawl read --format json zero.pgm | grep -c style || true
