# Diameter over TCP: a client and a server of python-diameter, and freeDiameter's relay between them. Capabilities, watchdogs, credit
# control, accounting, sessions that end, answers out of order, errors of the server and of the relay, a peer that nobody knows,
# leaving. Not on usual ports.
#
# Needs Debian's freediameterd and freediameter-extensions, PyPI's python-diameter.
# shellcheck shell=bash disable=SC2154
port=13868 relay=13869

serve() {
    certificate relay.example.com
    cat >"$dir/relay.conf" <<CONF
Identity = "relay.example.com"; Realm = "example.com";
Port = $relay; SecPort = 0; No_SCTP; No_IPv6; ListenOn = "192.0.2.1"; TwTimer = 6;
TLS_Cred = "$dir/cert.pem", "$dir/key.pem"; TLS_CA = "$dir/cert.pem";
LoadExtension = "/usr/lib/freeDiameter/dict_nasreq.fdx";
LoadExtension = "/usr/lib/freeDiameter/dict_dcca.fdx";
LoadExtension = "/usr/lib/freeDiameter/acl_wl.fdx" : "$dir/allowed.conf";
ConnectPeer = "server.example.com" { ConnectTo = "127.0.0.1"; No_TLS; port = $port; };
CONF
    echo 'ALLOW_IPSEC client.example.com' >"$dir/allowed.conf"
}

talk() {
    spawn "$python" "$here/record/diameter_peers.py" serve $port
    await $port
    spawn freeDiameterd -c "$dir/relay.conf"
    await $relay
    sleep 1
    script diameter_peers.py talk $relay
    sleep 1
}
