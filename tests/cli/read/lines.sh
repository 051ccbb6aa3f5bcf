# Several digits: a string, two lines, a folder of pictures, a grid, each as text and the grid as JSON.
. "$GOLDEN/read/draw.inc"
beside() { # beside FILE...: square PGM files of one size next to each other
  paste -d' ' $(for f in "$@"; do tail -n +4 "$f" >"$f.rows"; echo "$f.rows"; done)
}
draw 80 "$SEVEN" >7.pgm
draw 80 "$ONE" >1.pgm
draw 80 "$ZERO" >0.pgm
mkdir -p pages/inner
{ echo P2; echo 320 80; echo 255; beside 7.pgm 0.pgm 1.pgm 0.pgm; } >pages/string.pgm
{ echo P2; echo 160 160; echo 255; beside 7.pgm 0.pgm; beside 1.pgm 7.pgm; } >pages/inner/lines.pgm
echo 'no picture' >pages/notes.txt
scrawl read pages/string.pgm
scrawl read --as digits pages/inner/lines.pgm
scrawl read --as digit 7.pgm
scrawl read --jobs 2 pages
scrawl read --as digits --format json pages/inner/lines.pgm | jq -c '[.pages[0].lines[] | [.text, (.words | length), (.glyphs | map(.text))]]'
mkdir empty
scrawl read empty 2>&1
echo "exit $?"
