. "$GOLDEN/model/material"
head -c 1000 "$torch" >cut.onnx
scrawl model show cut.onnx 2>&1
