//! Layouts of requests, as far as they name topics, groups and the like. Specification: Kafka protocol guide, API keys.

use super::layout::Kind::{Acks, Bytes, Items, Many, Name, Names, Resource, Rest, Skip, Text, Topic, TopicId, Topics};
use super::layout::{Field, all, from, until, within};

/// A topic and the numbers of partitions of it.
const TOPIC_PARTITIONS: &[Field] = &[all(Topic), all(Items(4))];

pub(super) const NOTHING: &[Field] = &[all(Rest)];
/// What begins with the name of a group or a transaction.
pub(super) const NAME: &[Field] = &[all(Name), all(Rest)];
pub(super) const NAMES: &[Field] = &[all(Names), all(Rest)];

pub(super) const PRODUCE: &[Field] = &[
    from(3, Text),
    all(Acks),
    all(Skip(4)),
    all(Many(&[
        until(12, Topic),
        from(13, TopicId),
        all(Many(&[all(Skip(4)), all(Bytes)])),
    ])),
];

pub(super) const FETCH: &[Field] = &[
    until(14, Skip(4)),
    all(Skip(8)),
    from(3, Skip(4)),
    from(4, Skip(1)),
    from(7, Skip(8)),
    all(Many(&[
        until(12, Topic),
        from(13, TopicId),
        all(Many(&[
            all(Skip(4)),
            from(9, Skip(4)),
            all(Skip(8)),
            from(12, Skip(4)),
            from(5, Skip(8)),
            all(Skip(4)),
        ])),
    ])),
    all(Rest),
];

pub(super) const LIST_OFFSETS: &[Field] = &[
    all(Skip(4)),
    from(2, Skip(1)),
    all(Many(&[
        all(Topic),
        all(Many(&[all(Skip(4)), from(4, Skip(4)), all(Skip(8)), until(0, Skip(4))])),
    ])),
    from(10, Skip(4)),
];

pub(super) const METADATA: &[Field] = &[
    all(Many(&[from(10, TopicId), all(Topic)])),
    from(4, Skip(1)),
    within(8, 10, Skip(1)),
    from(8, Skip(1)),
];

const LEADER_STATE: &[Field] = &[
    until(1, Topic),
    all(Skip(16)),
    all(Items(4)),
    all(Skip(4)),
    all(Items(4)),
    from(3, Items(4)),
    from(3, Items(4)),
    from(1, Skip(1)),
    from(6, Skip(1)),
];

pub(super) const LEADER_AND_ISR: &[Field] = &[
    all(Skip(4)),
    from(7, Skip(1)),
    all(Skip(4)),
    from(2, Skip(8)),
    from(5, Skip(1)),
    until(1, Many(LEADER_STATE)),
    from(2, Many(&[all(Topic), from(5, Skip(16)), all(Many(LEADER_STATE))])),
    all(Rest),
];

pub(super) const STOP_REPLICA: &[Field] = &[
    all(Skip(4)),
    from(4, Skip(1)),
    all(Skip(4)),
    from(1, Skip(8)),
    until(2, Skip(1)),
    until(0, Many(&[all(Topic), all(Skip(4))])),
    within(1, 2, Many(TOPIC_PARTITIONS)),
    from(3, Many(&[all(Topic), all(Many(&[all(Skip(9))]))])),
    all(Rest),
];

const METADATA_STATE: &[Field] = &[
    until(4, Topic),
    all(Skip(16)),
    all(Items(4)),
    all(Skip(4)),
    all(Items(4)),
    from(4, Items(4)),
];

pub(super) const UPDATE_METADATA: &[Field] = &[
    all(Skip(4)),
    from(8, Skip(1)),
    all(Skip(4)),
    from(5, Skip(8)),
    until(4, Many(METADATA_STATE)),
    from(5, Many(&[all(Topic), from(7, Skip(16)), all(Many(METADATA_STATE))])),
    all(Rest),
];

pub(super) const OFFSET_COMMIT: &[Field] = &[
    all(Name),
    from(1, Skip(4)),
    from(1, Text),
    from(7, Text),
    within(2, 4, Skip(8)),
    all(Many(&[
        until(9, Topic),
        from(10, TopicId),
        all(Many(&[
            all(Skip(12)),
            from(6, Skip(4)),
            within(1, 1, Skip(8)),
            all(Text),
        ])),
    ])),
];

pub(super) const OFFSET_FETCH: &[Field] = &[
    until(7, Name),
    until(7, Many(TOPIC_PARTITIONS)),
    from(
        8,
        Many(&[
            all(Name),
            from(9, Text),
            from(9, Skip(4)),
            all(Many(&[until(9, Topic), from(10, TopicId), all(Items(4))])),
        ]),
    ),
    from(7, Skip(1)),
];

pub(super) const FIND_COORDINATOR: &[Field] = &[until(3, Name), from(1, Skip(1)), from(4, Names)];

pub(super) const JOIN_GROUP: &[Field] = &[
    all(Name),
    all(Skip(4)),
    from(1, Skip(4)),
    all(Text),
    from(5, Text),
    all(Text),
    all(Many(&[all(Text), all(Bytes)])),
    from(8, Text),
];

pub(super) const HEARTBEAT: &[Field] = &[all(Name), all(Skip(4)), all(Text), from(3, Text)];

pub(super) const LEAVE_GROUP: &[Field] = &[
    all(Name),
    until(2, Text),
    from(3, Many(&[all(Text), all(Text), from(5, Text)])),
];

pub(super) const SYNC_GROUP: &[Field] = &[
    all(Name),
    all(Skip(4)),
    all(Text),
    from(3, Text),
    from(5, Text),
    from(5, Text),
    all(Many(&[all(Text), all(Bytes)])),
];

pub(super) const SASL_HANDSHAKE: &[Field] = &[all(Name)];

/// What a client calls its library, and which version. Some clients sent more than an empty body before.
pub(super) const API_VERSIONS: &[Field] = &[until(2, Rest), all(Name), all(Name), from(5, Rest)];

pub(super) const CREATE_TOPICS: &[Field] = &[
    all(Many(&[
        all(Topic),
        all(Skip(6)),
        all(Many(&[all(Skip(4)), all(Items(4))])),
        all(Many(&[all(Text), all(Text)])),
    ])),
    all(Skip(4)),
    from(1, Skip(1)),
];

pub(super) const DELETE_TOPICS: &[Field] = &[
    until(5, Topics),
    from(6, Many(&[all(Topic), all(TopicId)])),
    all(Skip(4)),
];

pub(super) const DELETE_RECORDS: &[Field] = &[all(Many(&[all(Topic), all(Many(&[all(Skip(12))]))])), all(Skip(4))];

pub(super) const OFFSET_FOR_LEADER_EPOCH: &[Field] = &[
    from(3, Skip(4)),
    all(Many(&[
        all(Topic),
        all(Many(&[all(Skip(4)), from(2, Skip(4)), all(Skip(4))])),
    ])),
];

pub(super) const ADD_PARTITIONS_TO_TXN: &[Field] = &[
    until(3, Name),
    until(3, Skip(10)),
    until(3, Many(TOPIC_PARTITIONS)),
    from(4, Many(&[all(Name), all(Skip(11)), all(Many(TOPIC_PARTITIONS))])),
];

pub(super) const ADD_OFFSETS_TO_TXN: &[Field] = &[all(Name), all(Skip(10)), all(Name)];

pub(super) const END_TXN: &[Field] = &[all(Name), all(Skip(11))];

pub(super) const WRITE_TXN_MARKERS: &[Field] = &[all(Many(&[
    all(Skip(11)),
    all(Many(TOPIC_PARTITIONS)),
    all(Skip(4)),
    from(2, Rest),
]))];

pub(super) const TXN_OFFSET_COMMIT: &[Field] = &[
    all(Name),
    all(Name),
    all(Skip(10)),
    from(3, Skip(4)),
    from(3, Text),
    from(3, Text),
    all(Many(&[
        all(Topic),
        all(Many(&[all(Skip(12)), from(2, Skip(4)), all(Text)])),
    ])),
];

pub(super) const DESCRIBE_CONFIGS: &[Field] = &[all(Many(&[all(Resource), all(Many(&[all(Text)]))])), all(Rest)];

pub(super) const ALTER_CONFIGS: &[Field] = &[
    all(Many(&[all(Resource), all(Many(&[all(Text), all(Text)]))])),
    all(Skip(1)),
];

pub(super) const INCREMENTAL_ALTER_CONFIGS: &[Field] = &[
    all(Many(&[all(Resource), all(Many(&[all(Text), all(Skip(1)), all(Text)]))])),
    all(Skip(1)),
];

pub(super) const ALTER_REPLICA_LOG_DIRS: &[Field] = &[all(Many(&[all(Text), all(Many(TOPIC_PARTITIONS))]))];

pub(super) const TOPICS_WITH_PARTITIONS: &[Field] = &[all(Many(TOPIC_PARTITIONS)), all(Rest)];

pub(super) const CREATE_PARTITIONS: &[Field] = &[
    all(Many(&[all(Topic), all(Skip(4)), all(Many(&[all(Items(4))]))])),
    all(Skip(5)),
];

pub(super) const ELECT_LEADERS: &[Field] = &[from(1, Skip(1)), all(Many(TOPIC_PARTITIONS)), all(Skip(4))];

pub(super) const ALTER_PARTITION_REASSIGNMENTS: &[Field] = &[
    all(Skip(4)),
    from(1, Skip(1)),
    all(Many(&[all(Topic), all(Many(&[all(Skip(4)), all(Items(4))]))])),
];

pub(super) const LIST_PARTITION_REASSIGNMENTS: &[Field] = &[all(Skip(4)), all(Many(TOPIC_PARTITIONS))];

pub(super) const OFFSET_DELETE: &[Field] = &[all(Name), all(Many(&[all(Topic), all(Many(&[all(Skip(4))]))]))];

/// Of the quorum's requests the topic is the cluster's own.
pub(super) const VOTE: &[Field] = &[
    all(Text),
    from(1, Skip(4)),
    all(Many(&[
        all(Topic),
        all(Many(&[
            all(Skip(12)),
            from(1, Skip(32)),
            all(Skip(12)),
            from(2, Skip(1)),
        ])),
    ])),
];

pub(super) const BEGIN_QUORUM_EPOCH: &[Field] = &[
    all(Text),
    from(1, Skip(4)),
    all(Many(&[
        all(Topic),
        all(Many(&[all(Skip(4)), from(1, Skip(16)), all(Skip(8))])),
    ])),
    all(Rest),
];

pub(super) const END_QUORUM_EPOCH: &[Field] = &[
    all(Text),
    all(Many(&[
        all(Topic),
        all(Many(&[
            all(Skip(12)),
            until(0, Items(4)),
            from(1, Many(&[all(Skip(20))])),
        ])),
    ])),
    all(Rest),
];

pub(super) const DESCRIBE_QUORUM: &[Field] = &[all(Many(&[all(Topic), all(Many(&[all(Skip(4))]))]))];

pub(super) const ALTER_PARTITION: &[Field] = &[
    all(Skip(12)),
    all(Many(&[
        until(1, Topic),
        from(2, TopicId),
        all(Many(&[
            all(Skip(8)),
            until(2, Items(4)),
            from(3, Many(&[all(Skip(12))])),
            from(1, Skip(1)),
            all(Skip(4)),
        ])),
    ])),
];

pub(super) const FETCH_SNAPSHOT: &[Field] = &[all(Skip(8)), all(Many(&[all(Topic), all(Rest)]))];

pub(super) const CONSUMER_GROUP_HEARTBEAT: &[Field] = &[
    all(Name),
    all(Text),
    all(Skip(4)),
    all(Text),
    all(Text),
    all(Skip(4)),
    all(Topics),
    all(Rest),
];

pub(super) const DESCRIBE_TOPIC_PARTITIONS: &[Field] = &[all(Many(&[all(Topic)])), all(Rest)];

pub(super) const SHARE_GROUP_HEARTBEAT: &[Field] = &[all(Name), all(Text), all(Skip(4)), all(Text), all(Topics)];

/// Batches of offsets that are acknowledged.
const ACKNOWLEDGED: &[Field] = &[all(Skip(16)), all(Items(1))];

pub(super) const SHARE_FETCH: &[Field] = &[
    all(Name),
    all(Text),
    all(Skip(16)),
    from(1, Skip(8)),
    from(2, Skip(2)),
    all(Many(&[
        all(TopicId),
        all(Many(&[all(Skip(4)), until(0, Skip(4)), all(Many(ACKNOWLEDGED))])),
    ])),
    all(Rest),
];

pub(super) const SHARE_ACKNOWLEDGE: &[Field] = &[
    all(Name),
    all(Text),
    all(Skip(4)),
    from(2, Skip(1)),
    all(Many(&[
        all(TopicId),
        all(Many(&[all(Skip(4)), all(Many(ACKNOWLEDGED))])),
    ])),
];

/// Of the state that coordinators keep of share groups, which has several operations: the first topic.
pub(super) const SHARE_GROUP_STATE: &[Field] = &[all(Name), all(Many(&[all(TopicId), all(Rest)]))];

pub(super) const DESCRIBE_SHARE_GROUP_OFFSETS: &[Field] = &[all(Many(&[all(Name), all(Many(TOPIC_PARTITIONS))]))];

pub(super) const ALTER_SHARE_GROUP_OFFSETS: &[Field] =
    &[all(Name), all(Many(&[all(Topic), all(Many(&[all(Skip(12))]))]))];

pub(super) const DELETE_SHARE_GROUP_OFFSETS: &[Field] = &[all(Name), all(Many(&[all(Topic)]))];
