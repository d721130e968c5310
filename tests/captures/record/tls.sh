# TLS between OpenSSL's client and server: versions 1.2 and 1.3, resumption, a hello that is asked for again, client certificates, an
# alert for each side. Not on its usual port.
#
# Needs Debian's openssl.
# shellcheck shell=bash disable=SC2154
port=14443

serve() {
    certificate shop.example.com
    openssl ecparam -name prime256v1 -genkey -noout -out "$dir/ec.pem"
    openssl req -x509 -new -key "$dir/ec.pem" -days 2 -subj /CN=shop.example.com -out "$dir/ec-cert.pem"
    serve_on $port -alpn h2,http/1.1 -www -groups X25519
    serve_on $((port + 1)) -tls1_2 -www
    serve_on $((port + 2)) -tls1_3 -groups P-384 -www
    serve_on $((port + 3)) -Verify 1 -www -CAfile "$dir/cert.pem"
    serve_on $((port + 4)) -dcert "$dir/ec-cert.pem" -dkey "$dir/ec.pem" -www
}

serve_on() {
    spawn openssl s_server -accept "127.0.0.1:$1" -cert "$dir/cert.pem" -key "$dir/key.pem" -quiet "${@:2}"
    await "$1"
}

# Asks for a page: visit PORT, options.
visit() {
    printf 'GET / HTTP/1.0\r\n\r\n' | timeout 5 openssl s_client -connect "127.0.0.1:$1" -quiet -no_ign_eof "${@:2}" >>"$dir/clients.log" 2>&1 || true
}

talk() {
    visit $port -servername shop.example.com -alpn h2,http/1.1 -sess_out "$dir/session"
    visit $port -servername shop.example.com -sess_in "$dir/session"
    visit $port -tls1_2 -servername shop.example.com -sess_out "$dir/session"
    visit $port -tls1_2 -servername shop.example.com -sess_in "$dir/session"
    visit $((port + 1)) -servername old.example.com -cipher ECDHE-RSA-AES128-GCM-SHA256
    visit $((port + 1)) -servername old.example.com -cipher AES128-SHA
    visit $((port + 1)) -tls1_3
    visit $((port + 2)) -groups X25519:P-384 -servername again.example.com
    visit $((port + 2)) -tls1_2
    visit $((port + 3)) -servername who.example.com
    visit $((port + 3)) -tls1_2 -cert "$dir/cert.pem" -key "$dir/key.pem"
    visit $((port + 4)) -sigalgs ECDSA+SHA256 -ciphersuites TLS_CHACHA20_POLY1305_SHA256
    visit $((port + 4)) -tls1_2 -verify_return_error -CAfile "$dir/ec-cert.pem" -cipher ECDHE-RSA-AES256-GCM-SHA384
}
