//! The header that begins every message, and the operations.

use crate::dissect::framed::Frame;

/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 16;

/// Longest message: what servers announce as `maxMessageSizeBytes`, and what a driver may add to it.
const MESSAGE_BYTES: u32 = 48_000_000 + (64 << 10);

/// What a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Reply,
    Update,
    Insert,
    Query,
    GetMore,
    Delete,
    KillCursors,
    Command,
    CommandReply,
    Compressed,
    Msg,
}

impl Operation {
    /// The operation with a number.
    pub fn of(opcode: u32) -> Option<Self> {
        Some(match opcode {
            1 => Self::Reply,
            2001 => Self::Update,
            2002 => Self::Insert,
            2004 => Self::Query,
            2005 => Self::GetMore,
            2006 => Self::Delete,
            2007 => Self::KillCursors,
            2010 => Self::Command,
            2011 => Self::CommandReply,
            2012 => Self::Compressed,
            2013 => Self::Msg,
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reply => "OP_REPLY",
            Self::Update => "OP_UPDATE",
            Self::Insert => "OP_INSERT",
            Self::Query => "OP_QUERY",
            Self::GetMore => "OP_GET_MORE",
            Self::Delete => "OP_DELETE",
            Self::KillCursors => "OP_KILL_CURSORS",
            Self::Command => "OP_COMMAND",
            Self::CommandReply => "OP_COMMANDREPLY",
            Self::Compressed => "OP_COMPRESSED",
            Self::Msg => "OP_MSG",
        }
    }
}

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Of the whole message.
    pub length: u32,
    pub request_id: u32,
    /// Id of the request that this answers.
    pub response_to: u32,
    pub operation: Operation,
}

impl Header {
    /// Reads a header; `None` if it is not whole, or nothing begins so.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut words = bytes.get(..HEADER_BYTES)?.chunks_exact(4);
        let mut word = || words.next()?.try_into().map(u32::from_le_bytes).ok();
        Some(Self {
            length: word().filter(|length| (HEADER_BYTES as u32..=MESSAGE_BYTES).contains(length))?,
            request_id: word()?,
            response_to: word()?,
            operation: Operation::of(word()?)?,
        })
    }

    /// True if it names a request that it answers; some drivers put -1 where there is none.
    pub fn answers(&self) -> bool {
        !matches!(self.response_to, 0 | u32::MAX)
    }
}

/// Where a message ends.
pub(super) fn frame(bytes: &[u8]) -> Frame {
    match Header::read(bytes) {
        Some(header) => Frame::Bytes(header.length.into()),
        None if bytes.len() < HEADER_BYTES => Frame::Incomplete,
        None => Frame::Nonsense("expected a header: a length and an operation"),
    }
}
