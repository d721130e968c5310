# gRPC from Python to Python: calls of one message, streams of the server, of the client and of both, metadata, errors, a deadline,
# a cancelled call, compression. Not on its usual port.
#
# Needs Debian's python3-grpcio.
# shellcheck shell=bash disable=SC2154
port=15051

serve() {
    spawn "$python" "$here/record/grpc_calls.py" serve $port
    await $port
}

talk() { script grpc_calls.py talk $port; }
