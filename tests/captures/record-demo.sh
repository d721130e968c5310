#!/usr/bin/env bash
# Records demo.pcap: real programs talking on loopback, everything that a first look at kfl needs.
#
#   nginx (HTTP and HTTPS; pages, a missing page, a failing upstream, a slow one), curl, dnsmasq and dig (UDP and TCP).
#
# Needs root (tcpdump) and Debian's nginx-light, curl, dnsmasq-base, bind9-dnsutils, openssl, tcpdump, python3.
# usage: tests/captures/record-demo.sh [OUT.pcap]
set -euo pipefail
out=$(realpath "${1:-$(dirname "$0")/demo.pcap}")
dir=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT

web=18080 tls=18443 app=18081 dead=18099 dns=10053
mkdir -p "$dir/www/api" "$dir/logs"
chmod -R a+rX "$dir"
printf '<!doctype html><title>shop</title><p>hello</p>\n' >"$dir/www/index.html"
printf '{"orders": [1, 2, 3]}\n' >"$dir/www/api/orders"
head -c 40000 /dev/zero | tr '\0' 'x' >"$dir/www/big.txt"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=shop.example.com \
    -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
cat >"$dir/nginx.conf" <<CONF
daemon off; pid $dir/nginx.pid; error_log $dir/logs/error.log; worker_processes 1;
events { worker_connections 64; }
http {
    access_log off; default_type text/plain; gzip on; gzip_min_length 100; gzip_types text/plain;
    client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
    server {
        listen 127.0.0.1:$web; listen 127.0.0.1:$tls ssl; server_name shop.example.com;
        ssl_certificate $dir/cert.pem; ssl_certificate_key $dir/key.pem;
        root $dir/www;
        location /app/  { proxy_pass http://127.0.0.1:$app/; }
        location /dead/ { proxy_pass http://127.0.0.1:$dead/; }
        location /old   { return 301 /index.html; }
    }
}
CONF
cat >"$dir/app.py" <<'PY'
import http.server, json, sys, time

class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(0.12)
        if self.path.startswith("/fail"):
            return self.answer(500, {"error": "database is locked"})
        self.answer(200, {"path": self.path})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(201, {"received": len(body)})

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
PY
cat >"$dir/hosts" <<'HOSTS'
127.0.0.1 shop.example.com
::1 shop.example.com
127.0.0.1 db.example.com
HOSTS

nginx -p "$dir" -c "$dir/nginx.conf" 2>/dev/null & pids+=($!)
python3 "$dir/app.py" "$app" & pids+=($!)
dnsmasq --keep-in-foreground --no-resolv --no-hosts --addn-hosts="$dir/hosts" --listen-address=127.0.0.1 --bind-interfaces \
    --port=$dns --local=/example.com/ --txt-record=example.com,"v=spf1 -all" --mx-host=example.com,mail.example.com,10 \
    --cname=www.example.com,shop.example.com --pid-file="$dir/dns.pid" --user=root 2>/dev/null & pids+=($!)
tcpdump -i lo -U -s 0 -w "$dir/demo.pcap" "portrange 18080-18099 or port $tls or port $dns" 2>"$dir/tcpdump.log" & pids+=($!)
tcpdump=$!
for _ in $(seq 100); do
    grep -q 'listening on' "$dir/tcpdump.log" && curl -s -o /dev/null "http://127.0.0.1:$app/ready" && break
    sleep 0.1
done

ask() { dig @127.0.0.1 -p $dns +time=1 +tries=1 "$@" >/dev/null || true; }
get() { curl -s --compressed -m 5 "$@" >/dev/null || true; }
site=http://shop.example.com:$web resolve=(--resolve "shop.example.com:$web:127.0.0.1" --resolve "shop.example.com:$tls:127.0.0.1")

ask shop.example.com A; ask shop.example.com AAAA; ask www.example.com A; ask example.com MX; ask example.com TXT
ask missing.example.com A; ask nowhere.example.com AAAA; ask +tcp shop.example.com A; ask other.invalid A
get "${resolve[@]}" "$site/" "$site/api/orders?page=1&sort=name" "$site/big.txt"
get "${resolve[@]}" -H 'Cookie: session=abc; theme=dark' -A 'shop-cli/2.1' "$site/api/orders?q=caf%C3%A9"
get "${resolve[@]}" "$site/missing"
get "${resolve[@]}" -L "$site/old"
get "${resolve[@]}" -I "$site/big.txt"
get "${resolve[@]}" "$site/app/items/7" "$site/app/slow" "$site/app/fail?order=42"
get "${resolve[@]}" "$site/dead/cart"
get "${resolve[@]}" -d '{"order": 42}' -H 'Content-Type: application/json' "$site/app/orders"
get "${resolve[@]}" -T "$dir/www/big.txt" "$site/app/upload"
get "${resolve[@]}" -H 'Transfer-Encoding: chunked' -d @"$dir/www/big.txt" "$site/app/orders"
get -k "${resolve[@]}" "https://shop.example.com:$tls/" "https://shop.example.com:$tls/api/orders"
get -k --tls-max 1.2 "${resolve[@]}" "https://shop.example.com:$tls/missing"
for n in 1 2 3 4 5 6; do get "${resolve[@]}" "$site/app/items/$n" "$site/app/fail?order=$n"; done
sleep 1
kill -INT "$tcpdump" && wait "$tcpdump" 2>/dev/null || true
mv "$dir/demo.pcap" "$out"
