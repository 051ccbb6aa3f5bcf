scrawl model show digits >/dev/null 2>&1 || { echo "no model is inside the program"; exit 77; }
scrawl model export digits --onnx digits.onnx
scrawl model show digits.onnx --json | jq -c '.name, .input, .output, .unreadable, .metadata.alphabet'
