//! What a shard gives up when it reaches a bound: connections, flows, messages that dissectors hold.
//!
//! Limits: `connections_per_shard`, `flows_per_shard`, `dissect_bytes_per_shard`.

use super::{Arrived, Shard};
use crate::Anomaly;
use crate::connection::{Connection, FlowKey};
use crate::dissect::{Context, Start};
use crate::recognise::Dissection;
use crate::rows::append_flow;

impl Shard {
    /// Gives up what dissectors hold, the largest first, until half of the bound is free again. What they held becomes
    /// entries; their connections are looked at anew.
    pub(super) fn keep_dissected_small(&mut self, packet: u64) {
        if self.dissected_bytes <= self.limits.dissect_bytes_per_shard {
            return;
        }
        let mut largest: Vec<(usize, usize)> = self
            .tracked
            .iter()
            .map(|(slot, tracked)| (tracked.held_bytes(), slot))
            .collect();
        largest.sort_unstable_by(|first, second| second.cmp(first));
        for (held_bytes, slot) in largest {
            if self.dissected_bytes <= self.limits.dissect_bytes_per_shard / 2 {
                break;
            }
            let Some(tracked) = self.tracked.get_mut(slot) else {
                continue;
            };
            self.anomalies.add(
                packet,
                Anomaly::MessageLimit {
                    protocol: "every",
                    limit: "dissect_bytes_per_shard",
                },
            );
            let mut context = Context {
                link: &tracked.connection.link,
                tables: &mut self.tables,
                anomalies: &mut self.anomalies,
                limits: &self.limits,
                recognition: &self.recognition,
                counter: &mut tracked.counter,
            };
            let first_payload = tracked.dissection.take_first_payload();
            tracked.dissection.close(&mut context);
            tracked.queries.finish(&mut context);
            if let Some(association) = &mut tracked.connection.sctp {
                association.forget_pieces();
            }
            // Bytes that are rows of nobody's already are looked at no more.
            let is_told = first_payload.is_some_and(|payload| payload.append(None, Start::NOWHERE, &mut context));
            if !is_told {
                tracked.dissection = Dissection::default();
            }
            tracked.connection.entries = tracked.counter.entries;
            self.dissected_bytes = self.dissected_bytes.saturating_sub(held_bytes);
            self.keep_batches_small();
        }
    }

    /// Keeps the tables within their bounds before a connection is added.
    pub(super) fn make_room(&mut self, arrived: &Arrived<'_>) {
        if self.tracked.len() >= self.limits.connections_per_shard {
            self.sweep(arrived.time_ns);
            // An eighth at a time, so that the search for the oldest is paid by many additions.
            let spare = self.limits.connections_per_shard / 8;
            if self.tracked.len() >= self.limits.connections_per_shard.saturating_sub(spare) {
                // What is over goes first. Of a flood nobody answers: what was never answered goes next, however long the others
                // are quiet.
                let value = |connection: &Connection| {
                    let is_answered = connection.volumes.iter().all(|volume| volume.packets > 0);
                    let is_live = !connection.is_ended();
                    (is_live, is_answered, connection.last_time_ns, connection.last_packet)
                };
                let tracked = self.tracked.iter();
                let mut oldest: Vec<_> = tracked.map(|(slot, known)| (value(&known.connection), slot)).collect();
                oldest.sort_unstable();
                for ((is_live, ..), slot) in oldest.into_iter().take(spare.max(1)) {
                    if is_live {
                        self.anomalies.add(arrived.number, Anomaly::ConnectionLimit);
                    }
                    self.close(slot, arrived.time_ns);
                }
            }
        }
        if self.flows.len() >= self.flows_full {
            let mut quiet: Vec<(i64, u64, FlowKey)> = self
                .flows
                .values()
                .filter(|flow| flow.tracked == 0)
                .map(|flow| (flow.last_time_ns, flow.flow_id, flow.key))
                .collect();
            quiet.sort_unstable();
            let spare = (self.limits.flows_per_shard / 8).max(1);
            for (_, _, key) in quiet.into_iter().take(spare) {
                if let Some(flow) = self.flows.remove(&key) {
                    self.anomalies.add(arrived.number, Anomaly::FlowLimit);
                    append_flow(&mut self.tables, &flow);
                }
            }
            // Flows with connections stay: where all have some, the next search waits for as many additions as pay for it.
            self.flows_full = self.flows.len().saturating_add(spare).max(self.limits.flows_per_shard);
        }
    }
}
