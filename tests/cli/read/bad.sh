# One bad file among many is reported, the others are read, and the exit status is 1.
. "$GOLDEN/read/draw.inc"
draw 80 "$SEVEN" >seven.pgm
draw 60 "$ONE" >one.pgm
echo "this is a text and no picture" >text.png
: >empty.png
printf 'P5\n60000 60000\n255\n' >large.pgm
scrawl read seven.pgm text.png missing.png empty.png large.pgm one.pgm
status=$?
scrawl read --format json seven.pgm text.png 2>/dev/null | jq -c 'map(.file)'
scrawl read - <text.png
exit $status
