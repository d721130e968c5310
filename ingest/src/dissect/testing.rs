//! Dissectors on talks, without the stages before them: what `check` and the laws under it run on.

use std::collections::BTreeSet;

use expect_test::Expect;

use super::{Chunk, Context, Counter, Half, Link, PROTOCOLS, Probe, Protocol, Transport, Verdict};
use crate::recognise::{Dissection, Recognition};
use crate::talk::{FIN, START_NS, STEP_NS, Talk, rows};
use crate::{Anomalies, Limits, Tables};

/// How the bytes of a packet are cut before a dissector sees them.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// Not at all.
    Whole,
    /// Into pieces of this many bytes.
    Every(usize),
    /// Once, behind this byte of the talk.
    At(usize),
}

/// Compares the rows of a talk, and checks that cutting its bytes anywhere does not change them.
#[track_caller]
pub(super) fn check(protocol: &Protocol, talk: &str, expect: Expect) {
    let talk = Talk::parse(talk);
    let whole = run(protocol, &talk, Cut::Whole);
    if protocol.transport == Transport::Tcp {
        let length: usize = talk.packets().map(|(_, packet, _)| packet.payload.len()).sum();
        for cut in [1, 2, 3, 7].map(Cut::Every).into_iter().chain((1..length).map(Cut::At)) {
            assert_eq!(run(protocol, &talk, cut), whole, "cut {cut:?}");
        }
    }
    expect.assert_eq(&whole);
}

/// Compares the rows of a talk in which the place of a packet's first byte matters: one that is out of step somewhere.
#[track_caller]
pub(super) fn check_whole(protocol: &Protocol, talk: &str, expect: Expect) {
    expect.assert_eq(&rows_of(protocol, talk));
}

/// The rows of a talk.
pub(super) fn rows_of(protocol: &Protocol, talk: &str) -> String {
    run(protocol, &Talk::parse(talk), Cut::Whole)
}

/// Gives a dissector any bytes in any pieces, with gaps: it must not panic. Half of them begin as these talks do.
pub(super) fn check_any_bytes(protocol: &Protocol, talks: &[&str]) {
    let mut random = fastrand::Rng::with_seed(7);
    let talks: Vec<Talk> = talks.iter().map(|talk| Talk::parse(talk)).collect();
    for _ in 0..500 {
        let mut run = Run::new(protocol, [51000, random.choice([53, 80, 443, 5353]).unwrap_or(1)]);
        let talk = random.choice(&talks).expect("there are talks");
        for (packet, said, _) in talk.packets().filter(|(_, said, _)| !said.payload.is_empty()) {
            let mut bytes = said.payload.clone();
            for _ in 0..random.usize(..4) {
                let place = random.usize(..bytes.len());
                bytes[place] = random.u8(..);
            }
            if random.usize(..4) == 0 {
                bytes = vec![0; random.usize(1..200)];
                random.fill(&mut bytes);
            }
            match random.usize(..12) {
                0 => run.gap(said.half, random.u64(1..100)),
                1 => run.data(said.half, packet, &bytes[..bytes.len().div_ceil(2)]),
                _ => run.data(said.half, packet, &bytes),
            }
        }
        run.finish();
    }
}

/// Asks the registry for the protocol of a first payload.
pub(super) fn recognise(transport: Transport, ports: [u16; 2], bytes: &[u8]) -> Option<&'static str> {
    let probe = Probe {
        bytes,
        half: Half::Client,
        src_port: ports[0],
        dst_port: ports[1],
        is_hinted: false,
    };
    let mut candidates = PROTOCOLS.iter().filter(|protocol| protocol.transport == transport);
    candidates
        .find(|protocol| {
            let is_hinted = protocol.ports.iter().any(|port| ports.contains(port));
            (protocol.probe)(&Probe { is_hinted, ..probe }) == Verdict::Certain
        })
        .map(|protocol| protocol.name)
}

fn run(protocol: &Protocol, talk: &Talk, cut: Cut) -> String {
    let ports = talk
        .packets()
        .next()
        .map_or([0; 2], |(_, packet, _)| [packet.client.port(), packet.server.port()]);
    let mut run = Run::new(protocol, ports);
    let mut seen = 0;
    for (number, packet, dropped) in talk.packets() {
        let length = packet.payload.len();
        if dropped && length > 0 {
            run.gap(packet.half, length as u64);
        } else {
            let pieces: Vec<&[u8]> = match cut {
                Cut::Every(bytes) => packet.payload.chunks(bytes).collect(),
                Cut::At(place) if (seen + 1..seen + length).contains(&place) => {
                    let (one, other) = packet.payload.split_at(place - seen);
                    vec![one, other]
                }
                _ if length == 0 => vec![],
                _ => vec![&packet.payload],
            };
            pieces
                .into_iter()
                .for_each(|piece| run.data(packet.half, number, piece));
        }
        seen += length;
        if packet.tcp.is_some_and(|tcp| tcp.flags & FIN != 0) {
            run.end(packet.half);
        }
    }
    run.finish()
}

/// A dissector at work.
struct Run {
    transport: Transport,
    dissection: Dissection,
    /// Protocols that took the connection over.
    detected: BTreeSet<&'static str>,
    link: Link,
    tables: Tables,
    anomalies: Anomalies,
    limits: Limits,
    recognition: Recognition,
    counter: Counter,
}

impl Run {
    fn new(protocol: &Protocol, [src_port, dst_port]: [u16; 2]) -> Self {
        let limits = Limits::default();
        let link = Link {
            transport: match protocol.transport {
                Transport::Tcp => "tcp",
                Transport::Udp => "udp",
                Transport::Sctp => "sctp",
            },
            conn_id: 1,
            flow_id: 1,
            src_ip: "10.0.0.1".into(),
            dst_ip: "10.0.0.2".into(),
            src_port,
            dst_port,
            community_id: String::new(),
            vlan: vec![],
            tunnel: None,
            has_pcap: true,
        };
        let dissection = Dissection::Known((protocol.dissector)(&limits));
        Self {
            transport: protocol.transport,
            dissection,
            detected: BTreeSet::new(),
            link,
            tables: Tables::default(),
            anomalies: Anomalies::default(),
            limits,
            recognition: Recognition::default(),
            counter: Counter::default(),
        }
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

    fn data(&mut self, half: Half, packet: u64, bytes: &[u8]) {
        let timestamp_ns = START_NS + (packet as i64 - 1) * STEP_NS;
        let transport = self.transport;
        self.with(|dissection, detected, context| {
            let chunk = Chunk {
                bytes,
                packet,
                timestamp_ns,
            };
            dissection.data(transport, half, chunk, detected, context);
        });
    }

    fn gap(&mut self, half: Half, missing_bytes: u64) {
        self.with(|dissection, detected, context| dissection.gap(half, missing_bytes, 0, detected, context));
    }

    fn end(&mut self, half: Half) {
        self.with(|dissection, _, context| dissection.end(half, context));
    }

    /// The rows, sorted, and the kinds of anomaly that were found.
    fn finish(mut self) -> String {
        self.with(|dissection, _, context| dissection.close(context));
        let mut lines = Vec::new();
        let mut entries = 0;
        // Most tables have no rows: making batches of nothing would take nearly all the time.
        for builder in self.tables.all().into_iter().filter(|builder| builder.rows() > 0) {
            let table = builder.table();
            let batch = builder.finish();
            entries += batch.num_rows() as u64;
            lines.extend(rows(table, &batch).lines().map(str::to_owned));
        }
        assert_eq!(entries, self.counter.entries);
        lines.extend(
            self.anomalies
                .iter()
                .map(|(kind, finding)| format!("anomaly {kind} {}", finding.count)),
        );
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}
