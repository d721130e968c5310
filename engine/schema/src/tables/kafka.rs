//! Kafka requests.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One Kafka request and its response (Apache Kafka protocol guide).
    "kafka": Entry, flags { kafka: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    KAFKA => struct Kafka, KafkaOwn, KafkaBuilder, KafkaOwnBuilder {
        /// Number of the operation: 0 is Produce, 1 Fetch.
        kafka_api_key "kafka_api_key": Int;
        /// Name of the operation: "Produce", "Fetch".
        kafka_api_key_name "kafka_api_key_name": Str;
        /// What the client calls itself; null if it does not.
        kafka_client_id "kafka_client_id": Str;
        /// Topics that the request names.
        kafka_request_summary "kafka_request_summary": Str;
        /// Topics that the request names.
        kafka_topics "kafka_topics": Strs;
        /// True if the request was seen.
        kafka_request "kafka_request": Bool;
        /// True if the response was seen.
        kafka_response "kafka_response": Bool;
        /// Size of the request; of the response if no request was seen.
        kafka_size "kafka_size" ["bytes"]: Int;
        /// Size of the request; null if it was not seen.
        kafka_request_size "kafka_request_size" ["bytes"]: Int;
        /// Size of the response; null if it was not seen.
        kafka_response_size "kafka_response_size" ["bytes"]: Int;
    }
}
