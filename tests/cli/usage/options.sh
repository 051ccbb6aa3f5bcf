# Every kind of wrong option is named, with what would be right, and nothing is done.
for arguments in '--nope x' '-z x' '--format=xml x' '--format' '--jobs -1 x' '--jobs=two x' '--help=3'; do
  scrawl read $arguments 2>&1
  echo "status $?"
done
scrawl train --rate 1e999 2>&1
scrawl train --seed -3 2>&1
scrawl train --nesterov=yes 2>&1
exit 0
