# Libraries that are loaded when they are wanted, and are not there: something else bears their names.
mkdir libraries
: >libraries/libmicrohttpd.so.12
: >libraries/libcurl.so.4
export LD_LIBRARY_PATH=$PWD/libraries SCRAWL_DATA=$PWD/data
scrawl serve --listen 127.0.0.1:0 2>&1
echo "exit $?"
scrawl data get mnist --from http://127.0.0.1:9/ 2>&1
echo "exit $?"
