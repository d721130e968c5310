//! Layouts of responses, as far as the errors in them. Specification: Kafka protocol guide, API keys.

use super::layout::Kind::{Bytes, Error, Items, Many, Rest, Skip, Text, Topic, TopicId};
use super::layout::{Field, all, from, until, within};

/// A partition and its error.
const PARTITION: &[Field] = &[all(Skip(4)), all(Error)];
/// A topic and the errors of its partitions.
const TOPIC_ERRORS: &[Field] = &[all(Topic), all(Many(PARTITION))];

pub(super) const UNKNOWN: &[Field] = &[all(Rest)];
/// What begins with its error.
pub(super) const ERROR: &[Field] = &[all(Error), all(Rest)];
/// What begins with a throttle time and its error.
pub(super) const THROTTLE_ERROR: &[Field] = &[all(Skip(4)), all(Error), all(Rest)];
/// The same, with the throttle time from the second version on.
pub(super) const THROTTLE_1_ERROR: &[Field] = &[from(1, Skip(4)), all(Error), all(Rest)];
/// A throttle time and results that begin with their error: of the first.
pub(super) const THROTTLE_RESULTS: &[Field] = &[all(Skip(4)), all(Many(&[all(Error), all(Rest)]))];

pub(super) const PRODUCE: &[Field] = &[
    all(Many(&[
        until(12, Topic),
        from(13, TopicId),
        all(Many(&[
            all(Skip(4)),
            all(Error),
            all(Skip(8)),
            from(2, Skip(8)),
            from(5, Skip(8)),
            from(8, Many(&[all(Skip(4)), all(Text)])),
            from(8, Text),
        ])),
    ])),
    all(Rest),
];

pub(super) const FETCH: &[Field] = &[
    from(1, Skip(4)),
    from(7, Error),
    from(7, Skip(4)),
    all(Many(&[
        until(12, Topic),
        from(13, TopicId),
        all(Many(&[
            all(Skip(4)),
            all(Error),
            all(Skip(8)),
            from(4, Skip(8)),
            from(5, Skip(8)),
            from(4, Many(&[all(Skip(16))])),
            from(11, Skip(4)),
            all(Bytes),
        ])),
    ])),
];

pub(super) const LIST_OFFSETS: &[Field] = &[
    from(2, Skip(4)),
    all(Many(&[
        all(Topic),
        all(Many(&[
            all(Skip(4)),
            all(Error),
            until(0, Items(8)),
            from(1, Skip(16)),
            from(4, Skip(4)),
        ])),
    ])),
];

pub(super) const METADATA: &[Field] = &[
    from(3, Skip(4)),
    all(Many(&[all(Skip(4)), all(Text), all(Skip(4)), from(1, Text)])),
    from(2, Text),
    from(1, Skip(4)),
    all(Many(&[
        all(Error),
        all(Topic),
        from(10, Skip(16)),
        from(1, Skip(1)),
        all(Many(&[
            all(Error),
            all(Skip(8)),
            from(7, Skip(4)),
            all(Items(4)),
            all(Items(4)),
            from(5, Items(4)),
        ])),
        from(8, Skip(4)),
    ])),
    within(8, 10, Skip(4)),
    from(13, Error),
];

pub(super) const OFFSET_COMMIT: &[Field] = &[
    from(3, Skip(4)),
    all(Many(&[until(9, Topic), from(10, TopicId), all(Many(PARTITION))])),
];

const OFFSET: &[Field] = &[all(Skip(12)), from(5, Skip(4)), all(Text), all(Error)];

pub(super) const OFFSET_FETCH: &[Field] = &[
    from(3, Skip(4)),
    until(7, Many(&[all(Topic), all(Many(OFFSET))])),
    within(2, 7, Error),
    from(
        8,
        Many(&[
            all(Text),
            all(Many(&[until(9, Topic), from(10, TopicId), all(Many(OFFSET))])),
            all(Error),
        ]),
    ),
];

pub(super) const FIND_COORDINATOR: &[Field] = &[
    from(1, Skip(4)),
    until(3, Error),
    until(3, Rest),
    all(Many(&[
        all(Text),
        all(Skip(4)),
        all(Text),
        all(Skip(4)),
        all(Error),
        all(Text),
    ])),
];

pub(super) const JOIN_GROUP: &[Field] = &[from(2, Skip(4)), all(Error), all(Rest)];

pub(super) const LEAVE_GROUP: &[Field] = &[
    from(1, Skip(4)),
    all(Error),
    from(3, Many(&[all(Text), all(Text), all(Error)])),
];

pub(super) const DESCRIBE_GROUPS: &[Field] = &[from(1, Skip(4)), all(Many(&[all(Error), all(Rest)]))];

pub(super) const CREATE_TOPICS: &[Field] = &[
    from(2, Skip(4)),
    all(Many(&[
        all(Topic),
        from(7, Skip(16)),
        all(Error),
        from(1, Text),
        from(5, Skip(6)),
        from(5, Many(&[all(Text), all(Text), all(Skip(3))])),
    ])),
];

pub(super) const DELETE_TOPICS: &[Field] = &[
    from(1, Skip(4)),
    all(Many(&[all(Topic), from(6, TopicId), all(Error), from(5, Text)])),
];

pub(super) const DELETE_RECORDS: &[Field] = &[
    all(Skip(4)),
    all(Many(&[all(Topic), all(Many(&[all(Skip(12)), all(Error)]))])),
];

pub(super) const OFFSET_FOR_LEADER_EPOCH: &[Field] = &[
    from(2, Skip(4)),
    all(Many(&[
        all(Topic),
        all(Many(&[all(Error), all(Skip(4)), from(1, Skip(4)), all(Skip(8))])),
    ])),
];

pub(super) const ADD_PARTITIONS_TO_TXN: &[Field] = &[
    all(Skip(4)),
    from(4, Error),
    until(3, Many(TOPIC_ERRORS)),
    from(4, Many(&[all(Text), all(Many(TOPIC_ERRORS))])),
];

pub(super) const WRITE_TXN_MARKERS: &[Field] = &[all(Many(&[all(Skip(8)), all(Many(TOPIC_ERRORS))]))];

pub(super) const THROTTLE_TOPIC_ERRORS: &[Field] = &[all(Skip(4)), all(Many(TOPIC_ERRORS))];

pub(super) const DESCRIBE_LOG_DIRS: &[Field] = &[all(Skip(4)), from(3, Error), all(Many(&[all(Error), all(Rest)]))];

pub(super) const CREATE_PARTITIONS: &[Field] = &[all(Skip(4)), all(Many(&[all(Topic), all(Error), all(Text)]))];

pub(super) const DELETE_GROUPS: &[Field] = &[all(Skip(4)), all(Many(&[all(Text), all(Error)]))];

pub(super) const ELECT_LEADERS: &[Field] = &[
    all(Skip(4)),
    from(1, Error),
    all(Many(&[all(Topic), all(Many(&[all(Skip(4)), all(Error), all(Text)]))])),
];

pub(super) const ALTER_PARTITION_REASSIGNMENTS: &[Field] = &[
    all(Skip(4)),
    from(1, Skip(1)),
    all(Error),
    all(Text),
    all(Many(&[all(Topic), all(Many(&[all(Skip(4)), all(Error), all(Text)]))])),
];

pub(super) const OFFSET_DELETE: &[Field] = &[all(Error), all(Skip(4)), all(Many(TOPIC_ERRORS))];

pub(super) const QUORUM: &[Field] = &[
    all(Error),
    all(Many(&[all(Topic), all(Many(&[all(Skip(4)), all(Error), all(Rest)]))])),
];

pub(super) const ALTER_PARTITION: &[Field] = &[
    all(Skip(4)),
    all(Error),
    all(Many(&[
        until(1, Topic),
        from(2, TopicId),
        all(Many(&[
            all(Skip(4)),
            all(Error),
            all(Skip(8)),
            all(Items(4)),
            from(1, Skip(1)),
            all(Skip(4)),
        ])),
    ])),
];

pub(super) const ENVELOPE: &[Field] = &[all(Bytes), all(Error)];

pub(super) const SHARE_FETCH: &[Field] = &[
    all(Skip(4)),
    all(Error),
    all(Text),
    from(1, Skip(4)),
    all(Many(&[all(TopicId), all(Many(&[all(Skip(4)), all(Error), all(Rest)]))])),
];

pub(super) const SHARE_GROUP_STATE: &[Field] = &[all(Many(&[
    all(TopicId),
    all(Many(&[all(Skip(4)), all(Error), all(Rest)])),
]))];

pub(super) const ALTER_USER_SCRAM_CREDENTIALS: &[Field] =
    &[all(Skip(4)), all(Many(&[all(Text), all(Error), all(Text)]))];
