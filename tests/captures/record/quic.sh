# QUIC with aioquic: HTTP/3 requests, a second connection that is resumed, a version that has to be negotiated, a server that asks
# for an address to be proved (retry), an application protocol that nobody speaks. Not on its usual port.
#
# Needs PyPI's aioquic.
# shellcheck shell=bash disable=SC2154
port=14433

serve() {
    certificate shop.example.com
    spawn "$python" "$here/record/quic.py" serve $port
    await $port u
}

talk() { script quic.py talk $port; }
