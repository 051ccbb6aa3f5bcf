for command in data "data list" "data get" "data show" "data convert" "data generate"; do
  scrawl help $command
done
