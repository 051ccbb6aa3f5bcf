# One file that names no other host, with curves, matrix and tables.
. "$GOLDEN/bands.sh"
bands
scrawl train --data bands-images,bands-labels --arch 'dense 10, softmax' --out bands.onnx --epochs 2 --report train.html \
  >/dev/null
scrawl evaluate --model bands.onnx --data bands-images,bands-labels --noise impulse:0.9,motion --report evaluate.html >/dev/null
for page in train evaluate; do
  grep -o '<h[12]>[^<]*' $page.html
  grep -c '<svg' $page.html
  sed "s/base64,[^\"]*//" $page.html | grep -cE "(https?:)?//[a-z]|<script|<link|@import" || true
done
grep -o '<tr><th scope="row">[a-z-]*</th><td>[^/]*</td><td>[^<]*' evaluate.html | tail -3
