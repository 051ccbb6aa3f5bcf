for command in data "data list" "data get" "data show" "data convert"; do
  scrawl help $command
done
