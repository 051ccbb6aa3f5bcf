# What the cutting of generated lines takes for glyphs; a folder without truth has nothing to compare with.
scrawl data generate --kind string --count 3 --seed 3 --degrade none --out strings 2>/dev/null
scrawl data convert strings --crops --to idx --out crops 2>/dev/null
scrawl data show crops-images-idx3-ubyte.gz,crops-labels-idx1-ubyte.gz | sed -n 's/.* \(pictures of 28 x 28 pixels, 11 classes\)/\1/p'
mkdir plain
scrawl data convert plain --crops --to idx --out none 2>&1
scrawl data convert strings --model digits --out none 2>&1
