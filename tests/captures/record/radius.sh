# FreeRADIUS and radclient: PAP and CHAP accepted and rejected, a challenge of EAP, accounting, status, a repeated request, a client
# with a wrong secret, a disconnect that nobody answers. Not on its usual ports.
#
# Needs Debian's freeradius, freeradius-utils.
# shellcheck shell=bash disable=SC2154
port=11812

serve() {
    cat >"$dir/radiusd.conf" <<CONF
prefix = /usr
raddbdir = $dir
radacctdir = $dir
run_dir = $dir
libdir = /usr/lib/freeradius
pidfile = $dir/radius.pid
security {
    status_server = yes
}
client local {
    ipaddr = 127.0.0.1
    secret = testing123
}
modules {
    pap {
    }
    chap {
    }
    mschap {
    }
    eap {
        default_eap_type = md5
        md5 {
        }
    }
    files {
        usersfile = $dir/users
    }
    detail {
        filename = $dir/detail
    }
}
server demo {
    listen {
        type = auth
        ipaddr = 127.0.0.1
        port = $port
    }
    listen {
        type = acct
        ipaddr = 127.0.0.1
        port = $((port + 1))
    }
    authorize {
        chap
        mschap
        eap
        files
        pap
    }
    authenticate {
        Auth-Type PAP {
            pap
        }
        Auth-Type CHAP {
            chap
        }
        Auth-Type MS-CHAP {
            mschap
        }
        eap
    }
    accounting {
        detail
    }
}
CONF
    cat >"$dir/users" <<USERS
bob Cleartext-Password := "hidden"
    Framed-IP-Address = 10.0.0.7, Framed-MTU = 1400, Session-Timeout = 600, Reply-Message = "Hello, %{User-Name}"
eve Auth-Type := Reject
    Reply-Message = "go away"
USERS
    chmod a+r "$dir"/*
    spawn freeradius -f -l stdout -d "$dir" -n radiusd
    await $port u
}

# Sends one packet: ask COMMAND PORT SECRET, attributes on standard input.
ask() { timeout 5 radclient -r 1 -t 1 "${@:4}" "127.0.0.1:$2" "$1" "$3" >>"$dir/clients.log" 2>&1 || true; }

talk() {
    local secret=testing123
    ask auth $port $secret <<<'User-Name = "bob", User-Password = "hidden", NAS-IP-Address = 10.0.0.1, NAS-Port = 7, Calling-Station-Id = "02-00-00-00-00-01"'
    ask auth $port $secret <<<'User-Name = "bob", User-Password = "wrong", NAS-Identifier = "switch"'
    ask auth $port $secret <<<'User-Name = "bob", CHAP-Password = "hidden", Message-Authenticator = 0x00'
    ask auth $port $secret <<<'User-Name = "bob", MS-CHAP-Password = "hidden"'
    ask auth $port $secret <<<'User-Name = "eve", User-Password = "any"'
    ask auth $port $secret <<<'User-Name = "größe", User-Password = "any"'
    ask auth $port $secret <<<'User-Name = "bob", EAP-Message = 0x0201000801626f62, Message-Authenticator = 0x00'
    ask auth $port wrong <<<'User-Name = "bob", User-Password = "hidden"'
    ask auth $port $secret <<<'User-Name = "bob", User-Password = "hidden", Service-Type = Framed-User, Framed-Protocol = PPP, Cisco-AVPair = "shell:priv-lvl=15", Class = 0x0102'
    for state in Start Interim-Update Stop; do
        ask acct $((port + 1)) $secret <<<"Acct-Status-Type = $state, Acct-Session-Id = \"s1\", User-Name = \"bob\", Acct-Input-Octets = 1000, Acct-Output-Octets = 2000, Acct-Session-Time = 60, NAS-IP-Address = 10.0.0.1"
    done
    ask acct $((port + 1)) $secret <<<'Acct-Status-Type = Accounting-On, NAS-IP-Address = 10.0.0.1'
    ask status $port $secret <<<'Message-Authenticator = 0x00'
    # Many at once, from one port.
    for number in 1 2 3 4 5; do printf 'User-Name = "bob", User-Password = "hidden", NAS-Port = %s\n\n' $number; done | ask auth $port $secret -p 5
    # Nobody is there, and asked again.
    ask disconnect $((port + 2)) $secret -r 2 <<<'User-Name = "bob", Acct-Session-Id = "s1"'
}
