export SCRAWL_DATA=$PWD
for name in unheard-of emnist-letters; do
  scrawl data get $name 2>&1
  echo "status $?"
done
scrawl data get 2>&1
