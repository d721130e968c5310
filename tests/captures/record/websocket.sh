# WebSocket with the Python package websockets: text, binary, fragments, ping and pong, permessage-deflate, a subprotocol, closing
# with a code from both sides, a refused handshake. Not on a usual port.
#
# Needs Debian's python3-websockets.
# shellcheck shell=bash disable=SC2154
port=18765

serve() {
    spawn "$python" "$here/record/websocket.py" serve $port
    await $port
}

talk() { script websocket.py talk $port; }
