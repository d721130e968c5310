# HTTP/2 without TLS from nghttpd to nghttp and curl: streams side by side, padding, trailers, uploads, pushes, errors, and an
# upgrade from HTTP/1.1 at a proxy before it. Not on usual ports.
#
# Needs Debian's nghttp2-client, nghttp2-server, nghttp2-proxy, curl.
# shellcheck shell=bash disable=SC2154
port=15443 proxy=15080

serve() {
    mkdir "$dir/www"
    printf '<!doctype html><title>shop</title><p>hello</p>\n' >"$dir/www/index.html"
    seq -f '{"order": %g, "state": "paid"}' 60 >"$dir/www/orders.json"
    head -c 20000 /dev/zero | tr '\0' x >"$dir/www/big.txt"
    spawn nghttpd --no-tls --htdocs="$dir/www" --address=127.0.0.1 --trailer='checksum: 42' --push=/index.html=/orders.json $port
    spawn nghttpx --frontend="127.0.0.1,$proxy;no-tls" --backend="127.0.0.1,$port;;proto=h2" --workers=1 --conf=/dev/null
    await $port
    await $proxy
}

talk() {
    local site=http://127.0.0.1:$port
    run nghttp -n "$site/" "$site/orders.json?page=1" "$site/missing"
    run nghttp -n --padding=32 -H 'cookie: session=abc' -H 'cookie: theme=dark' "$site/orders.json"
    run nghttp -n -d "$dir/www/orders.json" -H 'content-type: application/json' --trailer='signature: abc' "$site/echo"
    run nghttp -n -w 12 "$site/big.txt"
    run h2load -n 6 -c 1 -m 3 "$site/orders.json"
    run curl -sS -o /dev/null --http2-prior-knowledge "$site/" "$site/big.txt" -X DELETE "$site/orders.json"
    run nghttp -nu "http://127.0.0.1:$proxy/orders.json" "http://127.0.0.1:$proxy/missing"
    run curl -sS -o /dev/null --http2 -d field=value "http://127.0.0.1:$proxy/index.html"
}
