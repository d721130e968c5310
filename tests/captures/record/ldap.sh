# OpenLDAP: binds (anonymous, simple, wrong, SASL), searches with paging and limits, add, modify, compare, rename, password change,
# delete, referral, errors, StartTLS, LDAP over TLS. Not on its usual port.
#
# Needs Debian's slapd, ldap-utils.
# shellcheck shell=bash disable=SC2154
port=11389 tls=11636

serve() {
    certificate localhost
    mkdir "$dir/data"
    cat >"$dir/slapd.conf" <<CONF
modulepath /usr/lib/ldap
moduleload back_mdb
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile $dir/slapd.pid
argsfile $dir/slapd.args
TLSCertificateFile $dir/cert.pem
TLSCertificateKeyFile $dir/key.pem
TLSCACertificateFile $dir/cert.pem
referral ldap://elsewhere.example.com/
database mdb
directory $dir/data
suffix dc=example,dc=com
rootdn cn=admin,dc=example,dc=com
rootpw secret
CONF
    spawn slapd -d 0 -f "$dir/slapd.conf" -h "ldap://127.0.0.1:$port ldaps://127.0.0.1:$tls"
    await $port
    await $tls
    export LDAPTLS_CACERT=$dir/cert.pem
}

at() { run "$1" -H "ldap://localhost:$port" -x "${@:2}"; }
admin() { at "$1" -D cn=admin,dc=example,dc=com -w secret "${@:2}"; }

talk() {
    cat >"$dir/base.ldif" <<LDIF
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: uid=bob,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
cn: Bob
sn: Grüße
mail: bob@example.com
mail: bob@example.org
userPassword: hidden

dn: uid=eve,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
cn: Eve
sn: Dropper
LDIF
    cat >"$dir/change.ldif" <<LDIF
dn: uid=bob,ou=people,dc=example,dc=com
changetype: modify
replace: mail
mail: bob@example.net
-
add: description
description: changed
-
delete: cn
cn: nobody

dn: uid=eve,ou=people,dc=example,dc=com
changetype: modify
add: telephoneNumber
telephoneNumber: +1 555

dn: uid=eve,ou=people,dc=example,dc=com
changetype: modrdn
newrdn: uid=eva
deleteoldrdn: 1
LDIF
    local base=dc=example,dc=com bob=uid=bob,ou=people,dc=example,dc=com
    admin ldapadd -f "$dir/base.ldif"
    admin ldapadd -f "$dir/base.ldif"
    admin ldapmodify -c -f "$dir/change.ldif"
    at ldapsearch -b $base
    at ldapsearch -b $base '(&(objectClass=inetOrgPerson)(|(uid=b*b)(!(cn~=Eve))(sn>=G)(mail=*)))' cn mail
    at ldapsearch -b $base -s one -l 5 -z 1 '(objectClass=*)' dn
    at ldapsearch -b $base -E pr=2/noprompt '(objectClass=*)' 1.1
    at ldapsearch -b ou=nowhere,$base
    at ldapsearch -b dc=other,dc=org
    at ldapsearch -b '' -s base '(objectClass=*)' supportedControl namingContexts
    at ldapsearch -b $base '(broken'
    at ldapcompare $bob 'sn:Grüße'
    at ldapcompare $bob sn:other
    at ldapwhoami -D $bob -w hidden
    at ldapwhoami -D $bob -w wrong
    at ldapadd -f "$dir/base.ldif"
    admin ldappasswd -s fresh $bob
    admin ldapexop 1.2.3.4::c29tZXRoaW5n
    admin ldapmodrdn -r $bob uid=robert
    admin ldapdelete uid=robert,ou=people,$base
    admin ldapdelete ou=people,$base
    run ldapwhoami -H "ldap://localhost:$port" -Y EXTERNAL
    at ldapsearch -ZZ -b $base
    run ldapsearch -H "ldaps://localhost:$tls" -x -b $base
}
