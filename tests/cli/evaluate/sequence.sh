# Lines: how many are read exactly, how many hold something that is rejected, and what the others are worth; what is
# rejected lands in a folder, a picture for each question mark.
. "$GOLDEN/read/draw.inc"
beside() { # beside FILE...: square PGM files of one size next to each other
  paste -d' ' $(for f in "$@"; do tail -n +4 "$f" >"$f.rows"; echo "$f.rows"; done)
}
draw 80 "$SEVEN" >7.pgm
draw 80 "$ONE" >1.pgm
draw 80 "$ZERO" >0.pgm
# Between 4 and 9, 1 and 7, 5 and 6, 3 and 8, 0 and 6, 2 and 7.
odd() { number=$((number + 1)); draw 80 "$1" >odd-$number.pgm; }
odd "0.62,0.3 0.5,0.24 0.36,0.3 0.34,0.5 0.62,0.5 0.63,0.22 0.6,0.8"
odd "0.42,0.3 0.54,0.2 0.5,0.8"
odd "0.64,0.22 0.42,0.24 0.38,0.5 0.6,0.52 0.6,0.76 0.4,0.78 0.38,0.58"
odd "0.36,0.24 0.6,0.24 0.6,0.46 0.44,0.5 0.62,0.54 0.6,0.78 0.38,0.76 0.38,0.56"
odd "0.56,0.2 0.4,0.36 0.36,0.62 0.48,0.8 0.62,0.66 0.6,0.42 0.44,0.4"
odd "0.34,0.26 0.64,0.22 0.46,0.78 0.58,0.76"
mkdir strings
{ echo P2; echo 320 80; echo 255; beside 7.pgm 0.pgm 1.pgm 0.pgm; } >strings/right.pgm
{ echo P2; echo 240 80; echo 255; beside 7.pgm 1.pgm 0.pgm; } >strings/wrong.pgm
{ echo P2; echo 480 80; echo 255; beside odd-?.pgm; } >strings/doubt.pgm
printf 'right.pgm\t7010\nwrong.pgm\t717\ndoubt.pgm\t916807\n' >strings/manifest.tsv
evaluate() { scrawl evaluate --data strings --as digits "$@"; }
evaluate --json 2>/dev/null | jq -c '[.n, .errors >= 1, .accuracy <= 0.667, .rejected + .accepted_errors >= 1]'
evaluate --max-error 0.001 2>/dev/null >strict.txt
evaluate --max-error 0.001 --review strict --json 2>/dev/null | jq '.rejected >= 1'
grep -o '^in . of them' strict.txt | wc -l
[ "$(grep '^strings' strict.txt | cut -f 3 | tr -cd '?' | wc -c)" = "$(wc -l <strict/manifest.tsv)" ] && echo all of them
try() { "$@" 2>&1 >/dev/null; echo "exit $?"; }
try evaluate --max-error 0
try evaluate --review strict
try evaluate --noise awgn
