//! SCTP chunks.
//!
//! In: packets of an association as they come. Out: one `sctp` row per chunk; its `index` is its place in the packet, and
//! `request_packet` or `response_packet` says which end sent it. Specification: RFC 9260 §3, RFC 8260 (I-DATA).
//!
//! Bounds: `sctp_chunks` of one packet. What SCTP carries is recognised and dissected message by message (`crate::shard`), and its rows
//! stand beside these.

mod registry;
mod summary;

use schema::tables::sctp::{Sctp, SctpOwn};

use super::{Chunk as Arrived, Context, Entry, Half, number};
use crate::Anomaly;
use crate::decode::sctp::{Packet, chunks};

/// The name in `protocol`.
const NAME: &str = "SCTP";

/// Appends the rows of a packet's chunks.
pub(crate) fn append_chunks(packet: &Packet, half: Half, arrived: &Arrived<'_>, context: &mut Context<'_>) {
    for (count, chunk) in chunks(arrived.bytes).enumerate() {
        if count >= context.limits.sctp_chunks {
            let anomaly = Anomaly::MessageLimit {
                protocol: NAME,
                limit: "sctp_chunks",
            };
            context.anomalies.add(arrived.packet, anomaly);
            return;
        }
        let start = context.start(arrived);
        let mut summary = summary::of(&chunk);
        if half == Half::Server {
            // The row's ends are the association's: its server sent this one.
            summary.insert_str(0, "← ");
        }
        let number_of = |sender| (half == sender).then_some(arrived.packet);
        let kind = registry::chunk_name(chunk.kind);
        let (common, identity) = context.common(Entry {
            protocol: NAME,
            start,
            client: Half::Client,
            elapsed_time_us: None,
            method: Some(&kind),
            status_code: None,
            summary: &summary,
            request_packet: number_of(Half::Client),
            response_packet: number_of(Half::Server),
        });
        context.tables.sctp.append(Sctp {
            common,
            identity,
            own: SctpOwn {
                sctp_checksum: Some(number(u64::from(packet.checksum))),
                sctp_length: Some(number(u64::from(chunk.length))),
                sctp_chunk_type: Some(&kind),
            },
        });
    }
}
