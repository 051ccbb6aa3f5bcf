#!/bin/bash
# The README's two commands on a bare Debian 12: a fresh debootstrap (minbase) with nothing but the base system and network,
# this checkout's committed state copied in. Run as root; takes several minutes and 3 GB.
#
#   tests/bare-debian.sh FOLDER [MIRROR]     FOLDER must not exist yet; it is left behind for a look
#   tests/bare-debian.sh --in FOLDER         the same in a debootstrap that is already there
#
# It serves, asks the running server to read a picture it has drawn itself, stops it, and runs the tests.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
if [ "$1" = --in ]; then
  root=$2
else
  root=$1
  debootstrap --variant=minbase bookworm "$root" ${2+"$2"}
fi
mkdir -p "$root/root/scrawl"
git -C "$here" archive HEAD | tar -x -C "$root/root/scrawl"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# Certificate authorities of this network, where it has its own.
mkdir -p "$root/usr/local/share/ca-certificates"
find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$root/usr/local/share/ca-certificates/" \;
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
trap 'umount "$root/proc" "$root/dev"' EXIT

inside() { chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 bash -ec "cd /root/scrawl; $1"; }

echo "== ./dev serve, until it answers"
inside './dev serve --listen 127.0.0.1:8765' &
server=$!
# A picture without any tool: a PGM of 40 x 40 with a black upright bar, a one.
picture() {
  printf 'P5\n40 40\n255\n'
  for ((y = 0; y < 40; y++)); do
    for ((x = 0; x < 40; x++)); do
      if ((y > 6 && y < 33 && x > 17 && x < 22)); then printf '\x00'; else printf '\xff'; fi
    done
  done
}
picture >"$root/root/one.pgm"
answer=
for ((i = 0; i < 900 && ${#answer} == 0; i++)); do
  kill -0 $server 2>/dev/null || { echo "the server went away"; exit 1; }
  sleep 1
  answer=$(curl -s --data-binary @"$root/root/one.pgm" http://127.0.0.1:8765/v1/read || true)
done
echo "$answer"
case $answer in *'"text":"1"'* | *'"text": "1"'*) echo "== it reads the picture as 1" ;; *) exit 1 ;; esac
pkill -TERM -f 'scrawl serve --listen 127.0.0.1:8765'
wait $server

echo "== ./dev test --all"
inside './dev test --all'
