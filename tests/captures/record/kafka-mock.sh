# librdkafka to the broker of Kafka's protocol that it brings for tests: what Tansu does not answer, in other versions. On a port
# that nobody knows before.
#
# Needs PyPI's confluent-kafka.
# shellcheck shell=bash

serve() { :; }

talk() { script kafka_new.py mock; }
