"""kafka-python, which speaks old versions of Kafka's requests."""

import sys

import kafka
from kafka.admin import NewTopic
from kafka.errors import KafkaError

where = {"bootstrap_servers": f"127.0.0.1:{sys.argv[1]}", "client_id": "old-shop"}


def failing(call, *arguments, **options):
    try:
        return call(*arguments, **options)
    except (KafkaError, AssertionError, ValueError) as error:
        print("old", repr(error))


admin = kafka.KafkaAdminClient(**where)
failing(admin.create_topics, [NewTopic("old", 1, 1)])
failing(admin.create_topics, [NewTopic("old", 1, 1)])
producer = kafka.KafkaProducer(**where, acks="all", api_version=(0, 11))
for number in range(3):
    failing(producer.send("old", f"message {number}".encode(), key=b"k", headers=[("h", b"1")]).get, 5)
producer.close(5)
consumer = kafka.KafkaConsumer(
    "old", **where, group_id="old-readers", auto_offset_reset="earliest", consumer_timeout_ms=3000, fetch_max_wait_ms=100
)
for count, _message in enumerate(consumer):
    if count == 2:
        break
failing(consumer.commit)
consumer.close()
failing(admin.list_consumer_groups)
failing(admin.describe_consumer_groups, ["old-readers"])
failing(admin.list_consumer_group_offsets, "old-readers")
failing(admin.delete_topics, ["old"])
admin.close()
