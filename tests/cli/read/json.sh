# The keys of the contract; an object for one picture, an array for several.
. "$GOLDEN/read/draw.inc"
draw 80 "$SEVEN" >seven.pgm
draw 60 "$ONE" >one.pgm
scrawl read --format json seven.pgm >seven.json
jq -c 'keys_unsorted, .pages[0] | if type == "object" then [.width, .height, .angle, (.lines | length)] else . end' seven.json
jq -c '.pages[0].lines[0] | keys_unsorted, .text, (.words[0] | keys_unsorted), (.glyphs[0] | keys_unsorted)' seven.json
jq -c '.pages[0].lines[0].glyphs[0] | .text, .rejected, .confidence > 0.5, ([.text, .alternatives[].text] | sort)' seven.json
# All ten probabilities add up, but for what "no glyph" has of them; best first.
jq -c '.pages[0].lines[0].glyphs[0] | [.confidence, .alternatives[].confidence] | (add > 0.9 and add < 1.0001), . == (sort | reverse)' seven.json
# The box is where it was drawn, within two pixels.
jq -c '.pages[0].lines[0].glyphs[0].box | [. , [21, 15, 37, 52]] | transpose | map(.[0] - .[1] | fabs <= 2) | all' seven.json
jq -c '.model.name, (.model | keys_unsorted), (.milliseconds > 0)' seven.json
scrawl read --format json seven.pgm one.pgm | jq -c 'map([.file, .pages[0].lines[0].text])'
