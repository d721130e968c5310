"""librdkafka as a client of a broker, or of the one that it brings itself."""

import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

which, *port = sys.argv[1:]
mock = None
if which == "mock":
    # The client that has the brokers inside must outlive the others.
    mock = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": "1"})
    brokers = mock.list_topics(timeout=5).brokers
    where = {"bootstrap.servers": ",".join(f"{broker.host}:{broker.port}" for broker in brokers.values())}
else:
    where = {"bootstrap.servers": f"127.0.0.1:{port[0]}"}
where |= {"client.id": "shop", "broker.address.family": "v4"}


def failing(call, *arguments, **options):
    try:
        return call(*arguments, **options)
    except (KafkaException, BufferError, TimeoutError) as error:
        print(which, repr(error))


def each(futures):
    for future in futures.values():
        failing(future.result, 5)


def produce(topic, count, **options):
    producer = Producer(where | {"linger.ms": 5} | options)
    for number in range(count):
        producer.produce(topic, value=f"order {number} ".encode() * 5, key=f"key{number}", headers={"try": b"1"})
    failing(producer.flush, 5)


admin = AdminClient(where)
# Of the broker that librdkafka brings, topics make themselves, and nobody administers it.
is_whole = mock is None
if is_whole:
    each(admin.create_topics([NewTopic("orders", 2, 1), NewTopic("payments", 1, 1)], operation_timeout=5))
    each(admin.create_topics([NewTopic("orders", 2, 1)]))
failing(admin.list_topics, timeout=5)
failing(admin.list_topics, "missing", timeout=5)
for compression in ["none", "gzip", "snappy", "lz4", "zstd"]:
    produce("orders", 3, **{"compression.type": compression})
produce("payments", 2, acks=0)
produce("payments", 2, acks="1")
produce("payments", 2, **{"enable.idempotence": True})

consumer = Consumer(where | {"group.id": "readers", "auto.offset.reset": "earliest", "session.timeout.ms": 6000, "fetch.wait.max.ms": 100})
consumer.subscribe(["orders", "payments"])
seen = 0
for _ in range(24):
    message = consumer.poll(0.25)
    seen += message is not None and message.error() is None
    if seen >= 15:
        break
print(which, "consumed", seen)
failing(consumer.commit, asynchronous=False)
failing(consumer.committed, [TopicPartition("orders", 0)], timeout=3)
failing(consumer.get_watermark_offsets, TopicPartition("orders", 0), timeout=3)
failing(consumer.offsets_for_times, [TopicPartition("orders", 0, 1_700_000_000_000)], timeout=3)
consumer.close()

# Out of range, and a partition that is not there.
lost = Consumer(where | {"group.id": "lost", "auto.offset.reset": "error", "fetch.wait.max.ms": 100})
lost.assign([TopicPartition("orders", 0, 99_999), TopicPartition("orders", 7, 0)])
lost.poll(1)
lost.close()

producer = Producer(where | {"transactional.id": "pay"})
if failing(producer.init_transactions, 5) is None:
    failing(producer.begin_transaction)
    failing(producer.produce, "payments", b"paid once")
    failing(producer.commit_transaction, 5)
if not is_whole:
    sys.exit()
each(admin.describe_configs([ConfigResource("topic", "orders")], request_timeout=5))
each(admin.create_partitions([NewPartitions("payments", 3)], request_timeout=5))
failing(admin.list_consumer_groups(request_timeout=5).result, 5)
each(admin.describe_consumer_groups(["readers"], request_timeout=5))
each(admin.delete_consumer_groups(["readers"], request_timeout=5))
each(admin.delete_topics(["payments", "missing"], operation_timeout=5))
