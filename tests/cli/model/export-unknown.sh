scrawl model export nosuch --onnx x.onnx 2>&1 | sed 's/; there is.*//'
ls
scrawl model export nosuch --onnx x.onnx 2>/dev/null
