# The man page of each command, subcommands too, is sound troff with the sections that one expects.
for command in read train evaluate 'data get' 'data show' 'model export' serve; do
  scrawl help --man $command | grep '^\.SH' | tr '\n' ' '
  echo
done
