# RabbitMQ to pika: declare, bind, publish with properties and in pieces, get, consume, ack, nack and reject, returns, confirms,
# transactions, channels side by side, errors that close a channel and a connection, a refused login, heartbeats. Not on its
# usual port.
#
# Needs Debian's rabbitmq-server, python3-pika.
# shellcheck shell=bash disable=SC2154
port=15673

serve() {
    export RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_NODE_PORT=$port RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
        RABBITMQ_MNESIA_BASE=$dir/mnesia RABBITMQ_LOG_BASE=$dir/log RABBITMQ_ENABLED_PLUGINS_FILE=$dir/plugins \
        RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE=$dir/rabbitmq RABBITMQ_HOME=$dir
    mkdir "$dir/mnesia" "$dir/log"
    echo '[].' >"$dir/plugins"
    printf 'default_user = demo\ndefault_pass = secret\nnum_acceptors.tcp = 2\n' >"$dir/rabbitmq.conf"
    spawn /usr/lib/rabbitmq/bin/rabbitmq-server
    await $port
    sleep 2
}

talk() { script amqp.py $port; }
