# dnsmasq to dig: types of records, no such name, refused, truncated and asked again over TCP, EDNS, cookies, reverse names, several
# questions of one connection, an answer that never comes. Not on its usual port.
#
# Needs Debian's dnsmasq-base, bind9-dnsutils.
# shellcheck shell=bash disable=SC2154
port=10053

serve() {
    printf '127.0.0.1 shop.example.com\n::1 shop.example.com\n192.0.2.7 db.example.com\n' >"$dir/names"
    local options=()
    for number in $(seq 40); do options+=("--txt-record=long.example.com,a text that makes the answer longer number $number"); done
    spawn dnsmasq --keep-in-foreground --no-resolv --no-hosts --addn-hosts="$dir/names" --listen-address=127.0.0.1 --bind-interfaces \
        --port=$port --local=/example.com/ --mx-host=example.com,mail.example.com,10 --cname=www.example.com,shop.example.com \
        --srv-host=_ldap._tcp.example.com,db.example.com,389,1,2 --txt-record=example.com,"v=spf1 -all" --caa-record=example.com,0,issue,ca.example.org \
        --naptr-record=example.com,10,20,u,sip+E2U,'!^.*$!sip:bob@example.com!' --ptr-record=_http._tcp.example.com,shop.example.com \
        --dns-rr=example.com,65,000100 --pid-file="$dir/dns.pid" --user=root "${options[@]}"
    await $port u
}

ask() { run dig @127.0.0.1 -p $port +time=1 +tries=1 "$@"; }

talk() {
    for type in A AAAA; do ask shop.example.com $type; done
    for type in MX TXT CAA NAPTR HTTPS SOA NS ANY; do ask example.com $type; done
    ask www.example.com A
    ask _ldap._tcp.example.com SRV
    ask _http._tcp.example.com PTR
    ask -x 192.0.2.7
    ask -x ::1
    ask missing.example.com A
    ask other.invalid A
    ask +noedns +nocookie +norecurse db.example.com A
    ask long.example.com TXT
    ask +noedns +ignore long.example.com TXT
    ask +tcp shop.example.com A
    ask +tcp +keepopen shop.example.com A www.example.com A missing.example.com AAAA
    ask +opcode=NOTIFY +norecurse +noadflag +aaflag example.com SOA
    ask example.com CH TXT
    run dig @127.0.0.1 -p $((port + 1)) +time=1 +tries=2 shop.example.com A
}
