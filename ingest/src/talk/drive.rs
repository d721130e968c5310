//! The dissection of connections, one after the other, without the stages before it: for benchmarks and fuzzing.
//!
//! In: [`Step`]s. Out: rows, which are made and forgotten. A dissector is chosen, or recognised from the bytes; when one hands a
//! connection over, its successor goes on, as in an ingest.

use std::collections::BTreeSet;

use super::streams::{Step, Stream};
use super::{START_NS, STEP_NS};
use crate::dissect::{Chunk, Context, Counter, Link, PROTOCOLS, Probe, Protocol, Transport, Verdict};
use crate::recognise::{Dissection, Recognition};
use crate::{Anomalies, Limits, Tables};

/// Dissects.
#[derive(Debug)]
pub struct Drive {
    limits: Limits,
    recognition: Recognition,
    tables: Tables,
    anomalies: Anomalies,
    dissection: Dissection,
    detected: BTreeSet<&'static str>,
    transport: Transport,
    link: Link,
    counter: Counter,
    packet: u64,
}

impl Drive {
    /// Dissects within these bounds.
    pub fn new(limits: Limits) -> Self {
        let link = Link {
            transport: "tcp",
            conn_id: 1,
            flow_id: 1,
            src_ip: "10.0.0.1".into(),
            dst_ip: "10.0.0.2".into(),
            src_port: 0,
            dst_port: 0,
            community_id: String::new(),
            vlan: vec![],
            tunnel: None,
            has_pcap: false,
        };
        Self {
            limits,
            recognition: Recognition::default(),
            tables: Tables::default(),
            anomalies: Anomalies::default(),
            dissection: Dissection::default(),
            detected: BTreeSet::new(),
            transport: Transport::Tcp,
            link,
            counter: Counter::default(),
            packet: 0,
        }
    }

    /// Begins a connection; of this protocol, or of one that is to be recognised.
    pub fn open(&mut self, transport: Transport, [src_port, dst_port]: [u16; 2], protocol: Option<&'static Protocol>) {
        self.transport = transport;
        self.link.transport = if transport == Transport::Tcp { "tcp" } else { "udp" };
        (self.link.src_port, self.link.dst_port) = (src_port, dst_port);
        self.counter = Counter::default();
        self.detected.clear();
        self.dissection = match protocol {
            Some(protocol) => Dissection::Known((protocol.dissector)(&self.limits)),
            None => Dissection::default(),
        };
    }

    /// Goes one step on; each is a packet, a millisecond after the one before.
    pub fn step(&mut self, step: &Step) {
        self.packet += 1;
        let packet = self.packet;
        let timestamp_ns = START_NS + (packet as i64 - 1) * STEP_NS;
        let transport = self.transport;
        self.with(|dissection, detected, context| match step {
            Step::Data(half, bytes) => {
                let chunk = Chunk {
                    bytes,
                    packet,
                    timestamp_ns,
                };
                dissection.data(transport, *half, chunk, detected, context);
            }
            Step::Gap(half, missing_bytes) if *missing_bytes > 0 && transport == Transport::Tcp => {
                dissection.gap(*half, *missing_bytes, packet, detected, context);
            }
            Step::Gap(..) => {}
            Step::End(half) => dissection.end(*half, context),
        });
    }

    /// Ends the connection; gives how many entries it made.
    pub fn close(&mut self) -> u64 {
        self.with(|dissection, _, context| dissection.close(context));
        self.counter.entries
    }

    /// Bytes that the dissector says it holds.
    pub fn held_bytes(&self) -> usize {
        self.dissection.held_bytes()
    }

    /// The protocols that were recognised on the connection.
    pub fn detected(&self) -> impl Iterator<Item = &'static str> {
        self.detected.iter().copied()
    }

    /// Makes batches of the rows once they take so many bytes, as an ingest does, and forgets them.
    pub fn forget_rows(&mut self, least_bytes: usize) {
        if self.tables.bytes() >= least_bytes {
            for builder in self.tables.all().into_iter().filter(|builder| builder.rows() > 0) {
                builder.finish();
            }
            self.tables.names.take();
        }
    }

    /// The names of the protocols that are recognised on a connection, and the registration of the one that it begins with.
    pub fn recognise(stream: &Stream) -> (Vec<&'static str>, Option<&'static Protocol>) {
        let mut drive = Self::new(Limits::default());
        drive.open(stream.transport, stream.ports, None);
        let mut first = None;
        for step in &stream.steps {
            drive.step(step);
            first = first.or_else(|| drive.detected().next());
        }
        drive.close();
        let of_name = |protocol: &&Protocol| protocol.transport == stream.transport && Some(protocol.name) == first;
        // Versions of a protocol have registrations of their own under one name.
        let is_certain = |protocol: &&Protocol| {
            stream.steps.iter().any(|step| {
                let Step::Data(half, bytes) = step else { return false };
                let [src_port, dst_port] = stream.ports;
                let is_hinted = false;
                let probe = Probe {
                    bytes,
                    half: *half,
                    src_port,
                    dst_port,
                    is_hinted,
                };
                (protocol.probe)(&probe) == Verdict::Certain
            })
        };
        let named = || PROTOCOLS.iter().filter(of_name);
        let protocol = named().find(is_certain).or_else(|| named().next());
        (drive.detected().collect(), protocol)
    }

    fn with(&mut self, work: impl FnOnce(&mut Dissection, &mut BTreeSet<&'static str>, &mut Context<'_>)) {
        let mut context = Context {
            link: &self.link,
            tables: &mut self.tables,
            anomalies: &mut self.anomalies,
            limits: &self.limits,
            recognition: &self.recognition,
            counter: &mut self.counter,
        };
        work(&mut self.dissection, &mut self.detected, &mut context);
    }
}
