//! The operations of Kafka: number, name, versions, layouts. Specification: Kafka protocol guide, API keys.

use super::layout::Field;
use super::{requests, responses};

/// An operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Api {
    pub name: &'static str,
    /// The newest version that there is.
    pub latest: i16,
    /// The first version with tagged fields; `None` if no version has.
    flexible: Option<i16>,
    pub request: &'static [Field],
    pub response: &'static [Field],
}

/// SaslHandshake.
pub(super) const SASL_HANDSHAKE: i16 = 17;
/// ApiVersions: a client that does not know what the server speaks asks it.
pub(super) const API_VERSIONS: i16 = 18;
/// ControlledShutdown: its first version has no client identifier.
pub(super) const CONTROLLED_SHUTDOWN: i16 = 7;

impl Api {
    /// True if messages of a version have tagged fields.
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible.is_some_and(|first| version >= first)
    }
}

/// The operation of a number.
pub(super) fn api(key: i16) -> Option<&'static Api> {
    APIS.get(usize::try_from(key).ok()?)
}

const fn api_of(
    name: &'static str,
    latest: i16,
    flexible: i16,
    request: &'static [Field],
    response: &'static [Field],
) -> Api {
    Api {
        name,
        latest,
        flexible: if flexible < 0 { None } else { Some(flexible) },
        request,
        response,
    }
}

/// In the flexible column: no version is.
const NEVER: i16 = -1;

/// By number: name, newest version, first flexible version, layouts.
#[rustfmt::skip]
const APIS: &[Api] = &[
    api_of("Produce", 13, 9, requests::PRODUCE, responses::PRODUCE),
    api_of("Fetch", 18, 12, requests::FETCH, responses::FETCH),
    api_of("ListOffsets", 11, 6, requests::LIST_OFFSETS, responses::LIST_OFFSETS),
    api_of("Metadata", 13, 9, requests::METADATA, responses::METADATA),
    api_of("LeaderAndIsr", 7, 4, requests::LEADER_AND_ISR, responses::ERROR),
    api_of("StopReplica", 4, 2, requests::STOP_REPLICA, responses::ERROR),
    api_of("UpdateMetadata", 8, 6, requests::UPDATE_METADATA, responses::ERROR),
    api_of("ControlledShutdown", 3, 3, requests::NOTHING, responses::ERROR),
    api_of("OffsetCommit", 10, 8, requests::OFFSET_COMMIT, responses::OFFSET_COMMIT),
    api_of("OffsetFetch", 10, 6, requests::OFFSET_FETCH, responses::OFFSET_FETCH),
    api_of("FindCoordinator", 6, 3, requests::FIND_COORDINATOR, responses::FIND_COORDINATOR),
    api_of("JoinGroup", 9, 6, requests::JOIN_GROUP, responses::JOIN_GROUP),
    api_of("Heartbeat", 4, 4, requests::HEARTBEAT, responses::THROTTLE_1_ERROR),
    api_of("LeaveGroup", 5, 4, requests::LEAVE_GROUP, responses::LEAVE_GROUP),
    api_of("SyncGroup", 5, 4, requests::SYNC_GROUP, responses::THROTTLE_1_ERROR),
    api_of("DescribeGroups", 6, 5, requests::NAMES, responses::DESCRIBE_GROUPS),
    api_of("ListGroups", 5, 3, requests::NOTHING, responses::THROTTLE_1_ERROR),
    api_of("SaslHandshake", 1, NEVER, requests::SASL_HANDSHAKE, responses::ERROR),
    api_of("ApiVersions", 5, 3, requests::API_VERSIONS, responses::ERROR),
    api_of("CreateTopics", 7, 5, requests::CREATE_TOPICS, responses::CREATE_TOPICS),
    api_of("DeleteTopics", 6, 4, requests::DELETE_TOPICS, responses::DELETE_TOPICS),
    api_of("DeleteRecords", 2, 2, requests::DELETE_RECORDS, responses::DELETE_RECORDS),
    api_of("InitProducerId", 6, 2, requests::NAME, responses::THROTTLE_ERROR),
    api_of("OffsetForLeaderEpoch", 4, 4, requests::OFFSET_FOR_LEADER_EPOCH, responses::OFFSET_FOR_LEADER_EPOCH),
    api_of("AddPartitionsToTxn", 5, 3, requests::ADD_PARTITIONS_TO_TXN, responses::ADD_PARTITIONS_TO_TXN),
    api_of("AddOffsetsToTxn", 4, 3, requests::ADD_OFFSETS_TO_TXN, responses::THROTTLE_ERROR),
    api_of("EndTxn", 5, 3, requests::END_TXN, responses::THROTTLE_ERROR),
    api_of("WriteTxnMarkers", 2, 1, requests::WRITE_TXN_MARKERS, responses::WRITE_TXN_MARKERS),
    api_of("TxnOffsetCommit", 5, 3, requests::TXN_OFFSET_COMMIT, responses::THROTTLE_TOPIC_ERRORS),
    api_of("DescribeAcls", 3, 2, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("CreateAcls", 3, 2, requests::NOTHING, responses::THROTTLE_RESULTS),
    api_of("DeleteAcls", 3, 2, requests::NOTHING, responses::THROTTLE_RESULTS),
    api_of("DescribeConfigs", 4, 4, requests::DESCRIBE_CONFIGS, responses::THROTTLE_RESULTS),
    api_of("AlterConfigs", 2, 2, requests::ALTER_CONFIGS, responses::THROTTLE_RESULTS),
    api_of("AlterReplicaLogDirs", 2, 2, requests::ALTER_REPLICA_LOG_DIRS, responses::THROTTLE_TOPIC_ERRORS),
    api_of("DescribeLogDirs", 5, 2, requests::TOPICS_WITH_PARTITIONS, responses::DESCRIBE_LOG_DIRS),
    api_of("SaslAuthenticate", 2, 2, requests::NOTHING, responses::ERROR),
    api_of("CreatePartitions", 3, 2, requests::CREATE_PARTITIONS, responses::CREATE_PARTITIONS),
    api_of("CreateDelegationToken", 3, 2, requests::NOTHING, responses::ERROR),
    api_of("RenewDelegationToken", 2, 2, requests::NOTHING, responses::ERROR),
    api_of("ExpireDelegationToken", 2, 2, requests::NOTHING, responses::ERROR),
    api_of("DescribeDelegationToken", 3, 2, requests::NOTHING, responses::ERROR),
    api_of("DeleteGroups", 2, 2, requests::NAMES, responses::DELETE_GROUPS),
    api_of("ElectLeaders", 2, 2, requests::ELECT_LEADERS, responses::ELECT_LEADERS),
    api_of("IncrementalAlterConfigs", 1, 1, requests::INCREMENTAL_ALTER_CONFIGS, responses::THROTTLE_RESULTS),
    api_of("AlterPartitionReassignments", 1, 0, requests::ALTER_PARTITION_REASSIGNMENTS, responses::ALTER_PARTITION_REASSIGNMENTS),
    api_of("ListPartitionReassignments", 0, 0, requests::LIST_PARTITION_REASSIGNMENTS, responses::THROTTLE_ERROR),
    api_of("OffsetDelete", 0, NEVER, requests::OFFSET_DELETE, responses::OFFSET_DELETE),
    api_of("DescribeClientQuotas", 1, 1, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("AlterClientQuotas", 1, 1, requests::NOTHING, responses::THROTTLE_RESULTS),
    api_of("DescribeUserScramCredentials", 0, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("AlterUserScramCredentials", 0, 0, requests::NOTHING, responses::ALTER_USER_SCRAM_CREDENTIALS),
    api_of("Vote", 2, 0, requests::VOTE, responses::QUORUM),
    api_of("BeginQuorumEpoch", 1, 1, requests::BEGIN_QUORUM_EPOCH, responses::QUORUM),
    api_of("EndQuorumEpoch", 1, 1, requests::END_QUORUM_EPOCH, responses::QUORUM),
    api_of("DescribeQuorum", 2, 0, requests::DESCRIBE_QUORUM, responses::ERROR),
    api_of("AlterPartition", 3, 0, requests::ALTER_PARTITION, responses::ALTER_PARTITION),
    api_of("UpdateFeatures", 2, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("Envelope", 0, 0, requests::NOTHING, responses::ENVELOPE),
    api_of("FetchSnapshot", 1, 0, requests::FETCH_SNAPSHOT, responses::THROTTLE_ERROR),
    api_of("DescribeCluster", 2, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("DescribeProducers", 0, 0, requests::TOPICS_WITH_PARTITIONS, responses::UNKNOWN),
    api_of("BrokerRegistration", 4, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("BrokerHeartbeat", 2, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("UnregisterBroker", 0, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("DescribeTransactions", 0, 0, requests::NAMES, responses::THROTTLE_RESULTS),
    api_of("ListTransactions", 2, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("AllocateProducerIds", 0, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("ConsumerGroupHeartbeat", 1, 0, requests::CONSUMER_GROUP_HEARTBEAT, responses::THROTTLE_ERROR),
    api_of("ConsumerGroupDescribe", 1, 0, requests::NAMES, responses::THROTTLE_RESULTS),
    api_of("ControllerRegistration", 0, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("GetTelemetrySubscriptions", 0, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("PushTelemetry", 0, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("AssignReplicasToDirs", 0, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("ListConfigResources", 1, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("DescribeTopicPartitions", 0, 0, requests::DESCRIBE_TOPIC_PARTITIONS, responses::THROTTLE_RESULTS),
    api_of("ShareGroupHeartbeat", 1, 0, requests::SHARE_GROUP_HEARTBEAT, responses::THROTTLE_ERROR),
    api_of("ShareGroupDescribe", 1, 0, requests::NAMES, responses::THROTTLE_RESULTS),
    api_of("ShareFetch", 2, 0, requests::SHARE_FETCH, responses::SHARE_FETCH),
    api_of("ShareAcknowledge", 2, 0, requests::SHARE_ACKNOWLEDGE, responses::THROTTLE_ERROR),
    api_of("AddRaftVoter", 1, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("RemoveRaftVoter", 0, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("UpdateRaftVoter", 0, 0, requests::NOTHING, responses::THROTTLE_ERROR),
    api_of("InitializeShareGroupState", 0, 0, requests::SHARE_GROUP_STATE, responses::SHARE_GROUP_STATE),
    api_of("ReadShareGroupState", 0, 0, requests::SHARE_GROUP_STATE, responses::SHARE_GROUP_STATE),
    api_of("WriteShareGroupState", 1, 0, requests::SHARE_GROUP_STATE, responses::SHARE_GROUP_STATE),
    api_of("DeleteShareGroupState", 0, 0, requests::SHARE_GROUP_STATE, responses::SHARE_GROUP_STATE),
    api_of("ReadShareGroupStateSummary", 1, 0, requests::SHARE_GROUP_STATE, responses::SHARE_GROUP_STATE),
    api_of("StreamsGroupHeartbeat", 0, 0, requests::NAME, responses::THROTTLE_ERROR),
    api_of("StreamsGroupDescribe", 0, 0, requests::NAMES, responses::THROTTLE_RESULTS),
    api_of("DescribeShareGroupOffsets", 1, 0, requests::DESCRIBE_SHARE_GROUP_OFFSETS, responses::UNKNOWN),
    api_of("AlterShareGroupOffsets", 0, 0, requests::ALTER_SHARE_GROUP_OFFSETS, responses::THROTTLE_ERROR),
    api_of("DeleteShareGroupOffsets", 0, 0, requests::DELETE_SHARE_GROUP_OFFSETS, responses::THROTTLE_ERROR),
];
