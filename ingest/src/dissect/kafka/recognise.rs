//! Recognises Kafka by its first request: a length, an operation, a version that it has, the client's name and a body that
//! has the layout of that version agree. A client without a name, and a response, are recognised on the usual ports only.

use super::message::{Look, is_response, look};
use crate::dissect::{Half, Probe, Verdict};

/// IANA has 9092; brokers and controllers of one host take the next ones.
pub(super) const PORTS: [u16; 3] = [9092, 9093, 9094];

/// Bytes after which a header that is still going on is one on a usual port only.
const ENOUGH_BYTES: usize = 64;

/// Says whether these first bytes of a half are Kafka.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    match look(probe.bytes) {
        Look::Named => Verdict::Certain,
        Look::Nameless if probe.is_hinted => Verdict::Certain,
        Look::Begun if probe.bytes.len() < ENOUGH_BYTES => Verdict::Unsure,
        Look::Begun if probe.is_hinted => Verdict::Certain,
        _ if probe.is_hinted && probe.half == Half::Server && is_response(probe.bytes) => Verdict::Certain,
        _ => Verdict::No,
    }
}
