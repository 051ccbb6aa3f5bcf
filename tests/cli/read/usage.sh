# Wrong usage says what would be right, with exit status 2.
run() { scrawl read "$@" 2>&1; echo "exit $?"; }
run
run --as line a.png
run --format hocr a.png
run --jobs many a.png
run --colour a.png
run --model nothing a.png
