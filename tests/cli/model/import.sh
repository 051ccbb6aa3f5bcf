. "$GOLDEN/model/material"
scrawl model import "$torch" --alphabet äßc --name letters --version 2 --out letters.onnx
scrawl model show letters.onnx
scrawl model show letters.onnx --json | jq -c '.name, .version, .metadata.alphabet, .unreadable'
