. "$GOLDEN/model/material"
scrawl model import "$torch" --alphabet ab --out letters.onnx 2>&1 | sed 's/.*torch/torch/'
ls
printf 'no model' >text.onnx
scrawl model import text.onnx --out letters.onnx 2>&1
