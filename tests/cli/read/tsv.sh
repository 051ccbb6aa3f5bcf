# One heading for all, rows from the outside in.
. "$GOLDEN/read/draw.inc"
draw 80 "$SEVEN" >seven.pgm
draw 60 "$ONE" >one.pgm
scrawl read --format tsv seven.pgm one.pgm >both.tsv
head -1 both.tsv
cut -f 1-6,12 both.tsv | tail -n +2
awk -F '\t' 'NF != 12' both.tsv
scrawl read --format tsv one.pgm | cut -f 1-6 | sed -n 2,3p
