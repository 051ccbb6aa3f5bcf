. "$GOLDEN/model/material"
cp "$torch" torch.onnx
scrawl model list torch.onnx | grep -E '^name|^torch'
scrawl model list torch.onnx --json | jq -c '.[-1] | .file, .input, .output, .parameters, .flops'
