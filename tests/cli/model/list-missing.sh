. "$GOLDEN/model/material"
cp "$torch" torch.onnx
scrawl model list nowhere.onnx torch.onnx 2>&1 | grep -E '^torch|nowhere'
scrawl model list nowhere.onnx torch.onnx >/dev/null 2>&1
