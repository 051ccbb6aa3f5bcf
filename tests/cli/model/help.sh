for command in model "model list" "model show" "model export" "model import" "model merge"; do
  scrawl help $command
done
