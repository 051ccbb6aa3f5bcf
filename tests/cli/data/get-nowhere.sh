# Nobody listens on port 1. A part that an earlier run left is kept, and said to be.
export SCRAWL_DATA=$PWD no_proxy=*
get() {
  scrawl data get mnist --from http://127.0.0.1:1/ 2>&1 |
    sed "s|$PWD|HERE|; s/after [0-9]* ms/after N ms/; /^train-images.*: /s/, .*//"
  echo "status ${PIPESTATUS[0]}"
  ls mnist
}
get
printf 123 >mnist/train-images-idx3-ubyte.gz.part
get
