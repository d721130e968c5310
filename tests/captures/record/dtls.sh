# DTLS 1.2 between OpenSSL's client and server: certificates, a pre-shared key, cookies, a small MTU whose handshake comes in fragments,
# a hello that nobody hears any more. Not on a usual port.
#
# Needs Debian's openssl.
# shellcheck shell=bash disable=SC2154
port=14684

serve() {
    certificate sensor.example.com
    serve_on $port
    serve_on $((port + 1)) -psk_hint shop -psk 0102030405060708 -nocert -cipher PSK
    serve_on $((port + 2)) -mtu 400 -Verify 1
}

serve_on() {
    # The server ends with its input.
    spawn sh -c "tail -f /dev/null | openssl s_server -dtls1_2 -listen -accept 127.0.0.1:$1 -cert $dir/cert.pem -key $dir/key.pem -quiet ${*:2}"
    await "$1" u
}

# Says a line: visit PORT, options.
visit() {
    { sleep 0.3; echo 'temperature 21'; sleep 0.3; } | timeout 5 openssl s_client -dtls1_2 -connect "127.0.0.1:$1" -quiet -no_ign_eof "${@:2}" \
        >>"$dir/clients.log" 2>&1 || true
}

talk() {
    visit $port -servername sensor.example.com -cipher ECDHE-RSA-AES128-GCM-SHA256 -alpn coap
    visit $((port + 1)) -psk_identity bob -psk 0102030405060708 -cipher PSK
    visit $((port + 2)) -mtu 400 -cert "$dir/cert.pem" -key "$dir/key.pem"
    visit $port -cipher PSK -psk 01
}
