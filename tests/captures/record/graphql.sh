# GraphQL from graphql-core to curl: queries with variables and fragments, named operations, mutations, batches, GET, errors of
# syntax, of validation and of a resolver, introspection; over HTTP/1.1 and, through a proxy, HTTP/2; a subscription over WebSocket.
#
# Needs PyPI's graphql-core, Debian's nghttp2-proxy, curl, python3-websockets.
# shellcheck shell=bash disable=SC2154,SC2016
port=14000 proxy=14002

serve() {
    spawn "$python" "$here/record/graphql_shop.py" serve $port
    spawn nghttpx --frontend="127.0.0.1,$proxy;no-tls" --backend="127.0.0.1,$port" --workers=1 --conf=/dev/null
    await $port
    await $proxy
    await $((port + 1))
}

post() {
    local site=$1 body=$2
    shift 2
    run curl -sS -m 5 -H 'Content-Type: application/json' -d "$body" "$@" "$site"
}

talk() {
    local site=http://127.0.0.1:$port/graphql
    post $site '{"query": "{ orders { id state } }"}'
    post $site '{"operationName": "One", "query": "query One($id: ID!) { order(id: $id) { ...Parts } } fragment Parts on Order { id total }", "variables": {"id": "7"}}'
    post $site '{"query": "mutation Pay($id: ID!) { pay(id: $id) { state } }", "variables": {"id": "7"}, "operationName": "Pay"}'
    post $site '{"query": "{ first: order(id: 1) { id } second: order(id: 2) { state } }"}'
    post $site '{"query": "{ orders { id "}'
    post $site '{"query": "{ nothing }"}'
    post $site '{"query": "query Broken { broken orders { id } }"}'
    post $site '[{"query": "{ orders { id } }"}, {"query": "query Two { order(id: 2) { total } }"}]'
    post $site '{"query": "{ __schema { queryType { name } types { name } } }"}'
    post $site 'no json'
    post $site '{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "ab12"}}}'
    run curl -sS -G "$site" --data-urlencode 'query=query Got { orders { id } }' --data-urlencode 'operationName=Got'
    run curl -sS -H 'Content-Type: application/graphql' -d '{ orders { total } }' "$site"
    site=http://127.0.0.1:$proxy/graphql
    post $site '{"query": "query Second($id: ID!) { order(id: $id) { id } }", "variables": {"id": "9"}}' --http2-prior-knowledge
    post $site '{"query": "{ nothing }"}' --http2-prior-knowledge
    script graphql_shop.py talk $port
}
