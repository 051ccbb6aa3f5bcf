# A folder with a one, its copy, a sheet of white paper, a text, and a name with nothing behind it.
page() { awk -v ink="$1" 'BEGIN { print "P2 30 30 255"
  for (y = 0; y < 30; y++) for (x = 0; x < 30; x++) print (ink && x > 13 && x < 17 && y > 5 && y < 25) ? 10 : 245 }'; }
mkdir -p folder/inner
page 1 >folder/one.pgm
page 1 >"folder/inner/another one.pgm"
page 0 >folder/white.pgm
echo 'Dear reader' >folder/text.png
printf 'one.pgm\t1\r\ninner/another one.pgm\t7\nwhite.pgm\t1\n\ntext.png\t1\nnone.png\t1\n' >folder/manifest.tsv
scrawl data show folder 2>&1
echo "status $?"
scrawl data show folder --json 2>/dev/null | jq -c '.count, .classes, .missing, .unreadable, .copies, .conflicts'
scrawl data convert folder --out pair 2>/dev/null
echo "status $?"
scrawl data show pair-images-idx3-ubyte.gz,pair-labels-idx1-ubyte.gz | sed -n "1,11p"
printf 'one.pgm 1\n' >folder/manifest.tsv
scrawl data show folder 2>&1
