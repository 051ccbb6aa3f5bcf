# A server with other bytes of the right size, and with none of the other files: nothing is left in place.
export SCRAWL_DATA=$PWD no_proxy=*
node -e '
  const server = require("http").createServer((request, answer) => answer.end(Buffer.alloc(9912422)));
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));' >port &
server=$!
for _ in $(seq 100); do
  [ -s port ] && break
  sleep 0.1
done
scrawl data get mnist --from "http://127.0.0.1:$(cat port)/files" --json 2>log
echo "status $?"
kill $server
sed 's/127.0.0.1:[0-9]*/SERVER/' log | grep -v '^{'
grep '^{' log | tail -1 | jq -c '.progress, .total'
ls mnist
