//! ICMP errors that belong to the connection they are about.
//!
//! The error's packet is assigned to that connection, so that it is among the packets read back; the connection's volumes and
//! times are those of its own packets.

use super::{Arrived, Assigned, Shard};
use crate::connection::Key;
use crate::decode::icmp::Message;
use crate::dissect::icmp::{self, Placed};
use crate::dissect::{Chunk, Context, Half};

impl Shard {
    /// Takes an error whose connection is tracked; `None` if it is no error or its connection is not known.
    pub(super) fn error(&mut self, message: &Message, arrived: &Arrived<'_>) -> Option<Assigned> {
        let quoted = message.quoted(arrived.payload)?;
        let slot = *self.by_key.get(&Key::of_quoted(&quoted)?)?;
        let tracked = self
            .tracked
            .get_mut(slot)
            .filter(|tracked| !tracked.connection.is_idle(arrived.time_ns, &self.limits))?;
        let connection = &mut tracked.connection;
        let mut context = Context {
            link: &connection.link,
            tables: &mut self.tables,
            anomalies: &mut self.anomalies,
            limits: &self.limits,
            recognition: &self.recognition,
            counter: &mut tracked.counter,
        };
        let start = context.start(&Chunk {
            bytes: &[],
            packet: arrived.number,
            timestamp_ns: arrived.time_ns,
        });
        let placed = Placed {
            half: Half::Server,
            start,
            message: *message,
            length_bytes: arrived.datagram.payload_original,
        };
        let sender = arrived.datagram.source.ip(arrived.datagram.family);
        icmp::append_error(&placed, sender, arrived.payload, &mut context);
        connection.entries = tracked.counter.entries;
        let assigned = Assigned {
            packet: arrived.number,
            conn_id: connection.link.conn_id as u64,
            flow_id: connection.link.flow_id as u64,
        };
        self.keep_batches_small();
        Some(assigned)
    }
}
