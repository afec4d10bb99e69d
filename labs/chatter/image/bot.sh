#!/bin/sh
# chatter's bot: says something to a room every $INTERVAL seconds, and logs what came back; tries a message that was not
# taken $RETRIES times more, under the same id.
: "${GATEWAY_URL:=http://gateway:8080}" "${ROOM:=lobby}" "${INTERVAL:=5}" "${RETRIES:=0}"
sent=0; stored=0
trap 'echo "bot leaves: sent $sent, acknowledged $stored"; exit 0' TERM
me="$(hostname)-$(date +%s)"
echo "bot ${CHATTER_VERSION:-1.0} talks to $GATEWAY_URL in $ROOM every $INTERVAL s"
while true; do
  sent=$((sent + 1))
  try=0
  code=000
  while [ "$code" != 201 ] && [ "$try" -le "$RETRIES" ]; do
    try=$((try + 1))
    code=$(curl -s -o /dev/null -m 5 -w '%{http_code}' -X POST -H "X-Message-Id: $me-$sent" -d "message $sent from $(hostname)" "$GATEWAY_URL/rooms/$ROOM/messages")
  done
  if [ "$code" = 201 ]; then stored=$((stored + 1)); fi
  echo "message $sent: $code (sent $sent, acknowledged $stored)"
  sleep "$INTERVAL" &
  wait $!
done
