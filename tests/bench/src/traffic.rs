//! Simulated traffic as a capture: what an hour of a small cluster looks like, as the bytes of a pcap file.
//!
//! Clients of three kinds (HTTP, DNS, TLS) take turns, the one whose next packet comes first each time, so that packets
//! come in the order of their times. Figures are made up, but of a plausible shape: few hosts have most of the calls,
//! answers take a few milliseconds and rarely much longer, a service fails for some minutes of the hour.

mod chance;
mod dns;
mod frame;
mod http;
mod names;
mod tls;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read};

use chance::Chance;
use dns::Resolver;
use frame::Frames;
use http::Caller;
use tls::Greeter;

/// Length of the traffic.
pub(crate) const DURATION_NS: u64 = 3600 * SECOND_NS;
const SECOND_NS: u64 = 1_000_000_000;
/// Bytes of capture that are made at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// HTTP calls for which there is one TLS handshake.
const CALLS_PER_HANDSHAKE: u64 = 50;

/// How much traffic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// When it begins, after the first traffic of a database.
    pub(crate) begin_ns: u64,
    /// HTTP calls.
    pub(crate) http: u64,
    /// DNS queries.
    pub(crate) dns: u64,
}

/// A capture that is made while it is read.
pub(crate) struct Traffic {
    chance: Chance,
    frames: Frames,
    /// Bytes of `frames` that were read.
    read: usize,
    /// Whose turn comes when.
    turns: BinaryHeap<Reverse<(u64, usize)>>,
    clients: Vec<Client>,
    left: Left,
}

/// What is still to happen.
struct Left {
    http: u64,
    dns: u64,
    handshakes: u64,
}

enum Client {
    Http(Caller),
    Dns(Resolver),
    Tls(Greeter),
}

impl Traffic {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut chance = Chance::new(plan.seed);
        let handshakes = plan.http / CALLS_PER_HANDSHAKE;
        let mut clients = Vec::new();
        let callers = (plan.http / 2500).clamp(1, 4000);
        let resolvers = (plan.dns / 2500).clamp(1, 2000);
        let greeters = (handshakes / 500).clamp(1, 200);
        let pause = |of: u64, number: u64| of * DURATION_NS / number.max(1);
        clients.extend((0..callers).map(|_| Client::Http(Caller::new(&mut chance, pause(callers, plan.http)))));
        clients.extend((0..resolvers).map(|_| Client::Dns(Resolver::new(&mut chance, pause(resolvers, plan.dns)))));
        clients.extend((0..greeters).map(|_| Client::Tls(Greeter::new(&mut chance, pause(greeters, handshakes)))));
        let turns = (0..clients.len())
            .map(|client| Reverse((chance.below(2 * SECOND_NS), client)))
            .collect();
        Self {
            chance,
            frames: Frames::new(plan.begin_ns),
            read: 0,
            turns,
            clients,
            left: Left {
                http: plan.http,
                dns: plan.dns,
                handshakes,
            },
        }
    }

    /// Lets clients speak until a block is full or nobody has anything to say.
    fn fill(&mut self) {
        self.frames.clear();
        self.read = 0;
        while self.frames.bytes().len() < BLOCK_BYTES {
            let Some(Reverse((now, index))) = self.turns.pop() else {
                break;
            };
            let next = match &mut self.clients[index] {
                Client::Http(caller) => caller.turn(now, &mut self.left.http, &mut self.chance, &mut self.frames),
                Client::Dns(resolver) => resolver.turn(now, &mut self.left.dns, &mut self.chance, &mut self.frames),
                Client::Tls(greeter) => {
                    greeter.turn(now, &mut self.left.handshakes, &mut self.chance, &mut self.frames)
                }
            };
            self.turns.extend(next.map(|next| Reverse((next, index))));
        }
    }
}

impl Read for Traffic {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.frames.bytes().len() {
            self.fill();
        }
        let rest = &self.frames.bytes()[self.read..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        Ok(count)
    }
}
