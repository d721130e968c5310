//! What a connection knows of its SCTP association: whether its opening and its end were seen, the tags, and what is under way of its
//! messages.
//!
//! Specification: RFC 9260 §5.1–5.2, §8.5, §9. Absent on purpose: further addresses of the ends (multi-homing); a path of its own
//! addresses is a connection of its own.

mod messages;

pub(crate) use messages::Messages;

use super::index;
use crate::decode::sctp::{Opening, Packet};
use crate::dissect::Half;

/// An SCTP association, as one address pair shows it.
#[derive(Debug, Default)]
pub(crate) struct Association {
    /// The tag that each end chose.
    tags: [Option<u32>; 2],
    pub(crate) opening_seen: bool,
    pub(crate) is_ended: bool,
    /// What each half says.
    messages: Box<[Messages; 2]>,
}

impl Association {
    /// True if this packet opens another association between the same endpoints: an INIT with another tag than the half
    /// chose, or a step of an opening after the end.
    pub(crate) fn is_reopened_by(&self, half: Half, packet: &Packet) -> bool {
        let chosen = self.tags[index(half)];
        match packet.opening {
            Some(Opening::Init(tag)) => chosen.map_or(self.is_ended, |chosen| chosen != tag),
            // Every INIT is answered with a new tag, so only one that comes after the end tells.
            Some(Opening::InitAck(tag)) => self.is_ended && chosen != Some(tag),
            _ => false,
        }
    }

    /// What a half says.
    pub(crate) fn messages(&mut self, half: Half) -> &mut Messages {
        &mut self.messages[index(half)]
    }

    /// Bytes held of messages that are not whole.
    pub(crate) fn held_bytes(&self) -> usize {
        self.messages.iter().map(Messages::held_bytes).sum()
    }

    /// Forgets the pieces of messages that are not whole.
    pub(crate) fn forget_pieces(&mut self) {
        self.messages.iter_mut().for_each(Messages::forget);
    }

    /// Takes note of a packet.
    pub(crate) fn note(&mut self, half: Half, packet: &Packet) {
        match packet.opening {
            Some(Opening::Init(tag) | Opening::InitAck(tag)) => {
                self.opening_seen = true;
                self.tags[index(half)].get_or_insert(tag);
            }
            _ if packet.ends => self.is_ended = true,
            // What is sent to an end carries the tag that it chose; of what ends, either's.
            _ => {
                self.tags[index(half.other())].get_or_insert(packet.tag);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(opening: Option<Opening>, tag: u32, ends: bool) -> Packet {
        Packet {
            source_port: 1,
            destination_port: 2,
            tag,
            checksum: 0,
            opening,
            ends,
            user_bytes: 0,
        }
    }

    const INIT: Option<Opening> = Some(Opening::Init(7));
    const INIT_ACK: Option<Opening> = Some(Opening::InitAck(9));

    fn opened() -> Association {
        let mut association = Association::default();
        association.note(Half::Client, &packet(INIT, 0, false));
        association.note(Half::Server, &packet(INIT_ACK, 7, false));
        association
    }

    #[test]
    fn an_init_that_is_sent_again_opens_nothing() {
        let association = opened();
        assert!(!association.is_reopened_by(Half::Client, &packet(INIT, 0, false)));
        assert!(!association.is_reopened_by(Half::Server, &packet(Some(Opening::InitAck(10)), 7, false)));
    }

    #[test]
    fn another_tag_or_an_opening_after_the_end_opens_another() {
        let mut association = opened();
        let other = packet(Some(Opening::Init(8)), 0, false);
        assert!(association.is_reopened_by(Half::Client, &other));
        association.note(Half::Server, &packet(None, 7, true));
        assert!(association.is_ended);
        assert!(association.is_reopened_by(Half::Server, &packet(Some(Opening::InitAck(10)), 8, false)));
    }

    #[test]
    fn tags_of_an_association_picked_up_in_mid_stream_are_those_of_its_packets() {
        let mut association = Association::default();
        association.note(Half::Server, &packet(None, 7, false));
        assert!(!association.opening_seen);
        assert!(!association.is_reopened_by(Half::Client, &packet(INIT, 0, false)));
        assert!(association.is_reopened_by(Half::Client, &packet(Some(Opening::Init(8)), 0, false)));
    }
}
