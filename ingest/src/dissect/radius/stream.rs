//! RADIUS messages in a stream, one behind the other, and their recognition (RFC 6613 §2.6).
//!
//! After a gap between messages a half is out of step until a chunk begins as a message does.

use super::message::{HEADER_BYTES, LONGEST_DATAGRAM, Message};
use super::pairing::Pairing;
use super::registry::code_name;
use super::{NAME, attribute};
use crate::Anomaly;
use crate::dissect::framed::{Frame, Framed, Next};
use crate::dissect::{Chunk, Context, Dissector, Half, Probe, Progress, Verdict, framed};

/// Attributes at the beginning of a message that must make sense.
const ATTRIBUTES: usize = 2;
/// Bytes within which they must show: a header and the longest that are usual at the beginning.
const PROBE_BYTES: usize = 64;

/// The messages of a connection.
#[derive(Debug, Default)]
pub(super) struct RadiusStream {
    client: Framed,
    server: Framed,
    pairing: Pairing,
}

impl RadiusStream {
    fn half(&mut self, half: Half) -> &mut Framed {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    fn take(&mut self, half: Half, message: &framed::Message<'_>, context: &mut Context<'_>) {
        if let Some(read) = Message::read(&message.bytes) {
            self.pairing.take(half, message.side, &read, context);
        }
    }

    fn cut(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some(message) = self.half(half).cut() {
            self.take(half, &message, context);
        }
    }
}

impl Dissector for RadiusStream {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        if self.half(half).is_lost() && begins(rest) == Verdict::Certain {
            self.half(half).resume();
        }
        loop {
            match self.half(half).next(&mut rest, &chunk, context, frame) {
                Next::Message(message) => self.take(half, &message, context),
                Next::Nothing => return Progress::Continue,
                Next::Nonsense(reason) => {
                    let anomaly = Anomaly::Unparsable { protocol: NAME, reason };
                    context.anomalies.add(chunk.packet, anomaly);
                    return Progress::Continue;
                }
            }
        }
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        if let Some(message) = self.half(half).gap(missing_bytes) {
            self.take(half, &message, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.cut(half, context);
    }

    fn held_bytes(&self) -> usize {
        let halves = self.client.held_bytes().saturating_add(self.server.held_bytes());
        halves.saturating_add(self.pairing.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
        self.pairing.finish(context);
    }
}

fn frame(bytes: &[u8]) -> Frame {
    let Some([code, _, high, low]) = bytes.first_chunk() else {
        return Frame::Incomplete;
    };
    let length = u16::from_be_bytes([*high, *low]);
    if code_name(*code).is_none() {
        Frame::Nonsense("expected the code of a message, found no such code")
    } else if usize::from(length) < HEADER_BYTES {
        Frame::Nonsense("expected the length of a message, at least 20, found less")
    } else {
        Frame::Bytes(u64::from(length))
    }
}

/// Recognises the first bytes of a half. Away from the usual ports the first message must be there as a whole.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let is_whole = || {
        let message = Message::read(probe.bytes).filter(|message| message.length <= LONGEST_DATAGRAM);
        message.is_some_and(|message| message.is_unmistakable())
    };
    match begins(probe.bytes) {
        verdict if probe.is_hinted => verdict,
        Verdict::Certain if is_whole() => Verdict::Certain,
        _ => Verdict::No,
    }
}

/// Says that the first message of a stream is a response.
pub(super) fn is_response(bytes: &[u8]) -> bool {
    begins(bytes) == Verdict::Certain && Message::read(bytes).is_some_and(|message| message.is_response())
}

/// Recognises the beginning of a message: its first attributes must make sense, and a message without any is passed over.
fn begins(bytes: &[u8]) -> Verdict {
    match frame(bytes) {
        Frame::Nonsense(_) => return Verdict::No,
        Frame::Incomplete => return Verdict::Unsure,
        Frame::Bytes(_) => {}
    }
    let Some(message) = Message::read(bytes) else {
        return Verdict::Unsure;
    };
    let mut attributes = message.attributes;
    let mut seen: usize = 0;
    for (kind, value) in attributes.by_ref() {
        if !attribute::has_right_length(kind, value) {
            return Verdict::No;
        }
        seen = seen.saturating_add(1);
    }
    let can_go_on = match attributes.0 {
        [] => true,
        [_] => message.is_cut,
        [_, length, ..] => *length >= 2 && message.is_cut,
    };
    match (seen >= ATTRIBUTES, message.is_cut) {
        _ if !can_go_on => Verdict::No,
        (true, _) => Verdict::Certain,
        (false, true) if bytes.len() < PROBE_BYTES => Verdict::Unsure,
        (false, _) => Verdict::No,
    }
}
