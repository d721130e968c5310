# PostgreSQL 15 to psql and psycopg 3: simple and extended queries, pipelines, binary results, COPY both ways, errors, notices,
# notifications, transactions, a cancelled statement, SCRAM, a wrong password, TLS refused and accepted. Not on its usual port.
#
# Needs Debian's postgresql (any version), python3-psycopg.
# shellcheck shell=bash disable=SC2154
port=15432

as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }

serve() {
    local programs
    programs=$(echo /usr/lib/postgresql/*/bin)
    install -d -o postgres -g postgres "$dir/data" "$dir/run"
    as_postgres "$programs/initdb" -D "$dir/data" -U demo -A trust --locale=C.UTF-8 >"$dir/initdb.log"
    certificate db.example.com
    install -o postgres -g postgres -m 600 "$dir/key.pem" "$dir/data/server.key"
    install -o postgres -g postgres -m 600 "$dir/cert.pem" "$dir/data/server.crt"
    printf 'host all shopper 127.0.0.1/32 scram-sha-256\nhost all demo 127.0.0.1/32 trust\n' >"$dir/data/pg_hba.conf"
    spawn as_postgres "$programs/postgres" -D "$dir/data" -p $port -k "$dir/run" -c listen_addresses=127.0.0.1 \
        -c autovacuum=off -c fsync=off
    await $port
}

psql() { run /usr/bin/psql "host=127.0.0.1 port=$port dbname=postgres user=demo $1" -X "${@:2}"; }

talk() {
    psql sslmode=prefer \
        -c "CREATE TABLE users (id int PRIMARY KEY, name text, born date, data jsonb)" \
        -c "INSERT INTO users VALUES (1, 'bob', '2001-02-03', '{\"a\": 1}'), (2, 'grüße', NULL, NULL)" \
        -c "SELECT * FROM users; SELECT count(*) FROM users; UPDATE users SET name = 'eve' WHERE id = 9" \
        -c "SELECT nothing FROM users" \
        -c "SELEC 1" \
        -c "INSERT INTO users VALUES (1, 'again')" \
        -c "DO \$\$ BEGIN RAISE NOTICE 'be warned'; END \$\$" \
        -c "COPY users TO STDOUT" \
        -c "" \
        -c "CREATE USER shopper PASSWORD 'secret'; GRANT ALL ON users TO shopper" \
        -c "ALTER SYSTEM SET ssl = on" -c "SELECT pg_reload_conf()"
    sleep 0.3
    psql sslmode=require -c "SELECT 'nobody reads this'"
    psql "sslmode=disable user=shopper password=wrong" -c "SELECT 1"
    psql "sslmode=disable user=shopper password=secret" -c "SELECT current_user"
    psql "sslmode=disable dbname=missing" -c "SELECT 1"
    script postgresql.py $port
}
