scrawl data generate --kind string --count 4 --seed 5 --out strings
ls strings
cat strings/manifest.tsv
head -1 strings/truth.jsonl | cut -d, -f1-3
scrawl data generate --kind string --count 4 --seed 5 --out again
diff -r strings again && echo the same
scrawl data generate --kind grid --degrade none --count 1 --seed 2 --out grid
cat grid/manifest.tsv
echo "--- a folder that is not empty"
scrawl data generate --out strings 2>&1
