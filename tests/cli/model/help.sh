for command in model "model list" "model show" "model export" "model import"; do
  scrawl help $command
done
