# A folder goes through the whole reading pipeline; what cannot be read is named, counts as an error, and makes the exit 1.
mkdir pictures
pgm() { # name left top width height: dark ink on light paper
  { printf 'P2\n32 32\n255\n'
    for y in $(seq 0 31); do for x in $(seq 0 31); do
      if [ $x -ge $2 ] && [ $x -lt $(($2 + $4)) ] && [ $y -ge $3 ] && [ $y -lt $(($3 + $5)) ]; then echo 20; else echo 235; fi
    done; done; } >pictures/$1
}
pgm one.pgm 14 6 3 20
pgm one-again.pgm 20 4 4 24
pgm blank.pgm 0 0 0 0
echo rubbish >pictures/rubbish.png
printf 'one.pgm\t1\none-again.pgm\t1\nblank.pgm\t1\nrubbish.png\t0\nmissing.png\t0\n' >pictures/manifest.tsv
scrawl evaluate --data pictures --json 2>said | jq -c '[.n, .errors, .accuracy, .unread, [.classes[] | select(.support > 0) | .sign]]'
status=${PIPESTATUS[0]}
cut -d: -f1,2 said
exit $status
