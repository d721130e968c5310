# HTTP/1.1 from nginx to curl and a pipelining client: kept connections, gzip and brotli, chunks, ranges, conditions, errors,
# an upload with 100-continue.
#
# Needs Debian's nginx-light, libnginx-mod-http-brotli-filter, curl.
# shellcheck shell=bash disable=SC2154
port=8000

serve() {
    mkdir "$dir/www"
    printf '<!doctype html><title>shop</title><p>hello</p>\n' >"$dir/www/index.html"
    seq -f '{"order": %g, "state": "paid"}' 60 >"$dir/www/orders.json"
    cat >"$dir/nginx.conf" <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 1;
load_module /usr/lib/nginx/modules/ngx_http_brotli_filter_module.so;
events { worker_connections 64; }
http {
    access_log off; default_type text/plain; server_tokens off;
    types { text/html html; application/json json; }
    gzip on; gzip_min_length 100; gzip_types application/json; brotli on; brotli_min_length 100; brotli_types application/json;
    client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
    server {
        listen 127.0.0.1:$port; root $dir/www;
        location /old    { return 301 /index.html; }
        location /login  { auth_basic shop; auth_basic_user_file $dir/users; }
        location /upload { client_max_body_size 1k; proxy_pass http://127.0.0.1:1/; }
        location /teapot { return 418 "short and stout\n"; }
    }
}
CONF
    printf 'demo:{PLAIN}secret\n' >"$dir/users"
    spawn nginx -p "$dir" -e "$dir/nginx.log" -c "$dir/nginx.conf"
    await $port
}

get() { run curl -sS -m 5 "$@"; }

talk() {
    local site=http://shop.example.com:$port at=(--resolve "shop.example.com:$port:127.0.0.1" -o /dev/null)
    get "${at[@]}" "$site/" "$site/orders.json?page=1&sort=name" "$site/missing" "$site/teapot"
    get "${at[@]}" -H 'Accept-Encoding: gzip' "$site/orders.json"
    get "${at[@]}" -H 'Accept-Encoding: br' "$site/orders.json"
    get "${at[@]}" -H 'Cookie: session=abc; theme=dark' -A 'shop-cli/2.1' "$site/?q=caf%C3%A9"
    get "${at[@]}" -I "$site/orders.json"
    get "${at[@]}" -L "$site/old"
    get "${at[@]}" -r 10-30 "$site/orders.json"
    get "${at[@]}" -r 9999-99999 "$site/orders.json"
    get "${at[@]}" -H 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT' "$site/index.html"
    get "${at[@]}" "$site/login" --next "${at[@]}" -u demo:secret "$site/login"
    get "${at[@]}" -d '{"order": 42}' -H 'Content-Type: application/json' "$site/index.html"
    get "${at[@]}" -d field=value -d other=2 "$site/upload"
    get "${at[@]}" -H 'Expect: 100-continue' -T "$dir/www/orders.json" "$site/upload/orders.json"
    get "${at[@]}" -H 'Transfer-Encoding: chunked' -d @"$dir/www/index.html" "$site/index.html"
    get "${at[@]}" -X DELETE "$site/orders.json"
    get "${at[@]}" -0 "$site/"
    # A pipeline, and what is no HTTP.
    raw $port 'GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /missing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    raw $port 'GET / HTTP/9.1\r\n\r\n'
}
