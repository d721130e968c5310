# Redis 7 and its command line client: RESP2 and RESP3, inline commands, pipelines, transactions, scripts, errors, blocking
# calls, publish and subscribe, MONITOR. Not on its usual port.
#
# Needs Debian's redis-server, redis-tools.
# shellcheck shell=bash disable=SC2154,SC2016
port=16379

serve() {
    spawn redis-server --port $port --bind 127.0.0.1 --save '' --appendonly no --dir "$dir" --user demo on '>secret' '~*' '&*' +@all \
        --rename-command COMMAND ''
    await $port
}

cli() { run redis-cli -p $port "$@"; }

talk() {
    cli PING
    cli SET user:1 bob EX 100
    cli GET user:1
    cli GET nobody
    cli MSET a 1 b 2 c 3
    cli MGET a b missing
    cli LPUSH user:1 x
    cli NOSUCH command
    cli -2 HGETALL nothing
    cli -3 HSET h field value other 2
    cli -3 HGETALL h
    cli -3 CONFIG GET maxmemory
    cli -3 ZADD z 1.5 one 2 two
    cli -3 ZRANGE z 0 -1 WITHSCORES
    cli -3 EVAL 'return {1, 2.5, "text", false, redis.error_reply("MY odd")}' 0
    cli -3 DEBUG PROTOCOL set
    cli --user demo --pass wrong PING
    cli --user demo --pass secret INCRBYFLOAT a 0.5
    cli SET binary "$(printf '\x01\xff\r\n\xc3\xa9')"
    cli SET long "$(head -c 3000 /dev/zero | tr '\0' x)"
    cli GET long
    timeout 5 redis-cli -p $port <<'COMMANDS' >/dev/null 2>&1
MULTI
INCR counter
LPUSH counter wrong
GET counter
EXEC
MULTI
NOSUCH
EXEC
MULTI
DISCARD
XADD stream * field value
XRANGE stream - +
QUIT
COMMANDS
    # A pipeline, and inline commands.
    raw $port '*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$1\r\nd\r\n$1\r\n4\r\n*2\r\n$4\r\nINCR\r\n$6\r\nuser:1\r\n'
    raw $port 'PING\r\nGET a\r\nECHO "two words"\r\n'
    raw $port '*1\r\n$x\r\n'
    # One waits for what another pushes.
    timeout 5 redis-cli -p $port BLPOP queue 2 >/dev/null &
    sleep 0.2
    cli RPUSH queue job
    cli BLPOP queue 0.1
    # Subscribers of both versions of the protocol, a monitor, and what they hear.
    { echo SUBSCRIBE news other; sleep 1; } | timeout 1 redis-cli -2 -p $port >/dev/null 2>&1 &
    { echo PSUBSCRIBE 'n*'; sleep 1; } | timeout 1 redis-cli -3 -p $port >/dev/null 2>&1 &
    timeout 1 redis-cli -p $port MONITOR >/dev/null 2>&1 &
    sleep 0.3
    cli PUBLISH news hello
    cli PUBLISH nobody hears
    sleep 1
}
