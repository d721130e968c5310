//! Stage 5 and its way on: TCP segments → bytes in order → the connection's dissector, with the gaps between; chunks of SCTP →
//! user messages → the same.

use crate::Anomaly;
use crate::connection::{Event, History, Messages, Tcp};
use crate::decode::Segment;
use crate::decode::sctp::chunks;
use crate::dissect::{self, Chunk, Context, Half};
use crate::reassemble::{Origin, Piece, Placed};
use crate::recognise::Dissection;

/// The way from a connection's bytes to its dissector.
pub(super) struct Feed<'a, 'b> {
    pub(super) dissection: &'a mut Dissection,
    pub(super) detected: &'a mut std::collections::BTreeSet<&'static str>,
    pub(super) history: &'a mut History,
    pub(super) context: Context<'b>,
    pub(super) transport: dissect::Transport,
}

impl Feed<'_, '_> {
    pub(super) fn bytes(&mut self, half: Half, bytes: &[u8], origin: Origin) {
        let chunk = Chunk {
            bytes,
            packet: origin.packet,
            timestamp_ns: origin.timestamp_ns,
        };
        self.dissection
            .data(self.transport, half, chunk, self.detected, &mut self.context);
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, packet: u64) {
        if missing_bytes > 0 {
            self.context.anomalies.add(packet, Anomaly::Gap { missing_bytes });
            self.history.note(half, Event::Gap);
            self.dissection
                .gap(half, missing_bytes, packet, self.detected, &mut self.context);
        }
    }

    pub(super) fn piece(&mut self, half: Half, piece: Piece, packet: u64) {
        match piece {
            Piece::Bytes {
                bytes,
                missing_bytes,
                origin,
            } => {
                self.bytes(half, &bytes, origin);
                self.gap(half, missing_bytes, origin.packet);
            }
            Piece::Gap { missing_bytes } => self.gap(half, missing_bytes, packet),
        }
    }
}

/// Stage 5 for one segment: the other half's acknowledged holes, the segment's own bytes, the end.
pub(super) fn tcp_segment(
    tcp: &mut Tcp,
    half: Half,
    segment: &Segment,
    body: &[u8],
    origin: Origin,
    shard_held_bytes: &mut usize,
    feed: &mut Feed<'_, '_>,
) {
    let other = match half {
        Half::Client => Half::Server,
        Half::Server => Half::Client,
    };
    let limits = feed.context.limits;
    if segment.flags.ack() && !segment.flags.rst() {
        let assembler = &mut tcp.half_mut(other).assembler;
        let before = assembler.held_bytes();
        if let Some(gap) = assembler.acknowledge(segment.acknowledgment) {
            feed.piece(other, gap, origin.packet);
            while let Some(piece) = assembler.next_piece() {
                feed.piece(other, piece, origin.packet);
            }
        }
        *shard_held_bytes = shard_held_bytes.saturating_sub(before.saturating_sub(assembler.held_bytes()));
        end_half(tcp, other, feed);
    }
    // A SYN or a reset may have payload: TCP Fast Open (RFC 7413), and the reason of the reset (RFC 9293 §3.5.3).
    if !(segment.flags.syn() || segment.flags.rst()) || segment.payload_original > 0 {
        let sequence = if segment.flags.syn() {
            segment.sequence.wrapping_add(1)
        } else {
            segment.sequence
        };
        let assembler = &mut tcp.half_mut(half).assembler;
        let is_first = !assembler.is_started();
        if is_first && segment.payload_original == 1 && body == [0] {
            // A connection picked up at a keep-alive: its one octet is garbage (RFC 9293 §3.8.4), in practice a zero.
            assembler.start(sequence.wrapping_add(1));
        } else if is_first && segment.payload_original == 0 && !(segment.flags.syn() || segment.flags.fin()) {
            // An empty segment may be a keep-alive too, whose number is one too low: the first payload tells.
            return;
        }
        let before = assembler.held_bytes();
        let limit_bytes = limits.reassembly_bytes_per_half;
        match assembler.segment(sequence, segment.payload_original, body, origin, limit_bytes) {
            Placed::Next { skip } => {
                feed.bytes(half, body.get(skip..).unwrap_or_default(), origin);
                let missing = (segment.payload_original as usize).saturating_sub(body.len().max(skip));
                feed.gap(half, missing as u64, origin.packet);
            }
            Placed::Astray => {
                let reason = "a segment beyond any window";
                feed.context
                    .anomalies
                    .add(origin.packet, Anomaly::Malformed { layer: "TCP", reason });
            }
            Placed::Old if segment.payload_original > 0 => feed.history.note(half, Event::Repeated),
            Placed::Held | Placed::Old | Placed::Early => {}
        }
        while let Some(piece) = assembler.next_piece() {
            feed.piece(half, piece, origin.packet);
        }
        // A shard over its bound gives up the holes of whichever half adds to it.
        let held_bytes = shard_held_bytes
            .saturating_add(assembler.held_bytes())
            .saturating_sub(before);
        let over = held_bytes > limits.reassembly_bytes_per_shard;
        while let Some(gap) = assembler.over_limit(if over { 0 } else { limit_bytes }) {
            feed.context.anomalies.add(origin.packet, Anomaly::ReassemblyLimit);
            feed.piece(half, gap, origin.packet);
            while let Some(piece) = assembler.next_piece() {
                feed.piece(half, piece, origin.packet);
            }
        }
        *shard_held_bytes = shard_held_bytes
            .saturating_add(assembler.held_bytes())
            .saturating_sub(before);
    }
    end_half(tcp, half, feed);
}

/// Stage 5 for one packet of SCTP: its user data, as far as it makes whole messages.
pub(super) fn sctp_messages(messages: &mut Messages, half: Half, body: &[u8], origin: Origin, feed: &mut Feed<'_, '_>) {
    for data in chunks(body).filter_map(|chunk| chunk.user_data()) {
        let (limits, anomalies) = (feed.context.limits, &mut *feed.context.anomalies);
        if let Some(message) = messages.take(&data, origin, limits, anomalies) {
            feed.bytes(half, &message.bytes, message.origin);
        }
    }
}

/// Tells the dissector once that a half has ended: its FIN was seen and everything before it delivered. After both, what the dissector
/// holds is let go of, though the connection is still known for a while. Should anything come all the same it is looked at anew.
fn end_half(tcp: &mut Tcp, half: Half, feed: &mut Feed<'_, '_>) {
    let known = tcp.half_mut(half);
    if let Some(fin) = known.fin
        && !known.ended
        && known.assembler.has_reached(fin)
    {
        known.ended = true;
        feed.dissection.end(half, &mut feed.context);
        if tcp.half(half.other()).ended && feed.dissection.is_known() {
            feed.dissection.close(&mut feed.context);
            *feed.dissection = Dissection::default();
        }
    }
}
