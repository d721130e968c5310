//! Messages of a stream whose first bytes say how long they are: where one ends and the next begins, whatever pieces come.
//!
//! In: the bytes of a half, and a function that reads a message's length out of its first bytes. Out: messages, in place if
//! they came whole. Of a long message the beginning is kept and the rest counted. A gap inside a message of known length costs no
//! more than its bytes; after any other the half is lost until its dissector says that a chunk begins with a message.

use std::borrow::Cow;

use super::{Chunk, Context, Side, Start};

/// Bytes within which a message must say its length.
const HEADER_BYTES: usize = 64;

/// What the first bytes of a message say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Not enough of them are there.
    Incomplete,
    /// So many bytes make the message, header included.
    Bytes(u64),
    /// No message begins so, and why.
    Nonsense(&'static str),
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// Its first bytes, header included, up to the bound and to the first gap.
    pub bytes: Cow<'a, [u8]>,
    pub side: Side,
    /// True if bytes of it are missing: in a gap, or because the half ended first.
    pub is_cut: bool,
}

/// What comes next of a half.
#[derive(Debug)]
pub(super) enum Next<'a> {
    Message(Message<'a>),
    /// The chunk is used up.
    Nothing,
    /// No message begins where one should; the half is lost.
    Nonsense(&'static str),
}

/// The messages of one half.
#[derive(Debug, Default)]
pub(super) struct Framed {
    /// The beginning of the message that is under way.
    kept: Vec<u8>,
    start: Option<Start>,
    /// Its length, once known.
    length: Option<u64>,
    /// Bytes of it so far, those in gaps included.
    passed: u64,
    end_ns: i64,
    has_gap: bool,
    is_lost: bool,
}

impl Framed {
    /// Takes what comes next from the front of `rest`, which is the end of the chunk. Of a message at most
    /// `Limits::message_bytes` are kept.
    pub fn next<'c>(
        &mut self,
        rest: &mut &'c [u8],
        chunk: &Chunk<'_>,
        context: &mut Context<'_>,
        frame: impl Fn(&[u8]) -> Frame,
    ) -> Next<'c> {
        if rest.is_empty() || self.is_lost {
            *rest = &[];
            return Next::Nothing;
        }
        let start = *self.start.get_or_insert_with(|| context.start(chunk));
        self.end_ns = chunk.timestamp_ns;
        let length = match self.length {
            Some(length) => length,
            None => match self.header(rest, &frame) {
                Frame::Incomplete => return Next::Nothing,
                Frame::Nonsense(reason) => {
                    self.lose();
                    *rest = &[];
                    return Next::Nonsense(reason);
                }
                Frame::Bytes(length) => length,
            },
        };
        self.length = Some(length);
        let missing = usize::try_from(length.saturating_sub(self.passed)).unwrap_or(usize::MAX);
        let (own, after) = rest.split_at_checked(missing).unwrap_or((rest, &[]));
        *rest = after;
        if self.passed == 0 && own.len() == missing {
            let bytes = own.get(..context.limits.message_bytes).unwrap_or(own);
            *self = Self::default();
            let end_ns = chunk.timestamp_ns;
            return Next::Message(Message {
                bytes: bytes.into(),
                side: Side {
                    start,
                    end_ns,
                    bytes: length,
                },
                is_cut: false,
            });
        }
        self.keep(own, context.limits.message_bytes);
        if self.passed < length {
            return Next::Nothing;
        }
        self.take().map_or(Next::Nothing, Next::Message)
    }

    /// Learns that bytes will never come. Gives the message that they cut or end.
    pub fn gap(&mut self, missing_bytes: u64) -> Option<Message<'static>> {
        if self.is_lost {
            return None;
        }
        let left = self.length.map(|length| length.saturating_sub(self.passed));
        if left.is_none_or(|left| left < missing_bytes) {
            let cut = self.take();
            self.lose();
            return cut;
        }
        self.has_gap = true;
        self.passed = self.passed.saturating_add(missing_bytes);
        (left == Some(missing_bytes)).then(|| self.take()).flatten()
    }

    /// Gives the message that is under way as far as it came: its half is over.
    pub fn cut(&mut self) -> Option<Message<'static>> {
        if self.is_lost { None } else { self.take() }
    }

    /// True if the half is out of step with its messages.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// True if a message begins at the next byte.
    pub fn is_between(&self) -> bool {
        !self.is_lost && self.start.is_none()
    }

    /// Is in step again: the next byte begins a message.
    pub fn resume(&mut self) {
        *self = Self::default();
    }

    /// Bytes held of the message that is under way.
    pub fn held_bytes(&self) -> usize {
        self.kept.capacity()
    }

    /// Forgets the message that is under way; the half is out of step.
    pub fn lose(&mut self) {
        *self = Self {
            is_lost: true,
            ..Self::default()
        };
    }

    /// Reads the length of the message; takes bytes from `rest` only if it must.
    fn header(&mut self, rest: &mut &[u8], frame: &impl Fn(&[u8]) -> Frame) -> Frame {
        if self.kept.is_empty() {
            match checked(frame(rest), rest.len()) {
                Frame::Incomplete => {}
                told => return told,
            }
        }
        // A header in pieces: byte by byte, since what follows it may be the next message's.
        while let Some((byte, after)) = rest.split_first() {
            self.kept.push(*byte);
            self.passed = self.passed.saturating_add(1);
            *rest = after;
            match checked(frame(&self.kept), self.kept.len()) {
                Frame::Incomplete => {}
                told => return told,
            }
        }
        Frame::Incomplete
    }

    fn keep(&mut self, bytes: &[u8], most_bytes: usize) {
        self.passed = self.passed.saturating_add(bytes.len() as u64);
        let room = most_bytes.saturating_sub(self.kept.len());
        if room > 0 && !self.has_gap {
            self.kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }

    fn take(&mut self) -> Option<Message<'static>> {
        let done = std::mem::take(self);
        let start = done.start?;
        let length = done.length.unwrap_or(done.passed);
        Some(Message {
            bytes: done.kept.into(),
            side: Side {
                start,
                end_ns: done.end_ns,
                bytes: length,
            },
            is_cut: done.has_gap || done.passed < length || done.length.is_none(),
        })
    }
}

/// Holds a function to what it may say.
fn checked(frame: Frame, bytes: usize) -> Frame {
    match frame {
        Frame::Incomplete if bytes >= HEADER_BYTES => Frame::Nonsense("expected the length of a message, found none"),
        Frame::Bytes(0) => Frame::Nonsense("a message of no bytes"),
        told => told,
    }
}

#[cfg(test)]
mod tests;
