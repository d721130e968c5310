"""A client of RabbitMQ that does all that AMQP 0-9-1 has."""

import sys
import time

import pika

port = int(sys.argv[1])


def connect(user="demo", password="secret", **options):
    where = pika.ConnectionParameters("127.0.0.1", port, credentials=pika.PlainCredentials(user, password), **options)
    return pika.BlockingConnection(where)


def failing(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except pika.exceptions.AMQPError as error:
        print(repr(error))


connection = connect(heartbeat=1)
channel = connection.channel()
channel.exchange_declare("orders", "topic")
channel.queue_declare("paid", arguments={"x-max-length": 100, "x-message-ttl": 60000})
channel.queue_bind("paid", "orders", "order.*")
properties = pika.BasicProperties(
    content_type="application/json", delivery_mode=2, headers={"try": 1, "who": "bob", "deep": {"a": [1, True, None]}},
    correlation_id="c1", reply_to="answers", message_id="m1", timestamp=1_700_000_000, type="order", app_id="shop",
)
channel.basic_publish("orders", "order.new", b'{"order": 1}', properties)
channel.basic_publish("orders", "order.new", b"")
channel.basic_publish("", "paid", b"\x00\xff" * 100)
channel.basic_publish("orders", "nowhere", b"nobody hears", mandatory=True)
channel.basic_get("paid", auto_ack=True)
method, _, _ = channel.basic_get("paid")
channel.basic_ack(method.delivery_tag)
method, _, _ = channel.basic_get("paid")
channel.basic_reject(method.delivery_tag, requeue=False)
channel.basic_get("paid")
# A second channel confirms what is published.
confirmed = connection.channel()
confirmed.confirm_delivery()
for number in range(3):
    confirmed.basic_publish("orders", "order.paid", f"order {number}".encode())
failing(confirmed.basic_publish, "orders", "nowhere", b"returned", mandatory=True)
channel.basic_qos(prefetch_count=2)
for method, _, _ in channel.consume("paid", inactivity_timeout=0.3):
    if method is None:
        break
    channel.basic_nack(method.delivery_tag, requeue=False) if method.delivery_tag % 2 else channel.basic_ack(method.delivery_tag)
channel.cancel()
transaction = connection.channel()
transaction.tx_select()
transaction.basic_publish("", "paid", b"perhaps")
transaction.tx_rollback()
transaction.basic_publish("", "paid", b"surely")
transaction.tx_commit()
channel.queue_purge("paid")
# Longer than a frame.
small = connect(frame_max=4096)
pieces = small.channel()
pieces.basic_publish("", "paid", b"p" * 9000)
pieces.basic_get("paid", auto_ack=True)
small.close(reply_code=320, reply_text="going away")
# Errors that close a channel.
failing(connection.channel().queue_declare, "missing", passive=True)
failing(connection.channel().queue_declare, "paid", durable=True)
failing(connection.channel().exchange_delete, "amq.direct")
failing(connection.channel().basic_publish, "gone", "key", b"lost")
channel.queue_unbind("paid", "orders", "order.*")
channel.queue_delete("paid")
channel.exchange_delete("orders")
# Long enough for heartbeats.
connection.sleep(1.2)
connection.close()
failing(connect, "demo", "wrong")
failing(connect, virtual_host="/nowhere")
# An error that closes the connection: a header frame that nothing announced.
connection = connect()
connection.channel()
failing(connection._impl._output_marshaled_frames, [pika.frame.Header(1, 10, pika.BasicProperties()).marshal()])
failing(connection.process_data_events, 0.3)
