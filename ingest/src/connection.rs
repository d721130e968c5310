//! Stage 4: decoded packets → connections and flows.
//!
//! In: addresses, ports, TCP control bits, SCTP chunks, ICMP identifiers. Out: the connection a packet belongs to, and which half of it. The clock is
//! capture time.
//!
//! The client, `src`, is who sent the SYN; else who received the SYN-ACK; else, of a connection picked up in mid-stream, who
//! sent the first payload if a dissector recognises it, turned round if that is a response; else the end whose port is not
//! a service's: a registered service port against another, the higher of two ports; else the sender of the first packet. Of
//! SCTP likewise: the sender of INIT or COOKIE ECHO, the receiver of what answers them, else the ports. Of ICMP: who sent a query
//! or received a reply, else the sender of the first packet; what makes a connection is the address pair and the identifier of
//! the queries, and its ports are 0, so that all pings of one address to another are one flow.

mod flow;
mod health;
mod history;
mod identity;
mod percentiles;
mod sctp;
mod tcp;

use std::collections::BTreeSet;

use crate::decode::icmp::{Inside, Message, Quoted};
use crate::decode::{Address, Family, Vlans};
use crate::dissect::{Half, Link};
use crate::limits::Limits;

pub(crate) use flow::{Flow, FlowHealth, FlowKey};
pub(crate) use health::{Counts, RoundTrips};
pub(crate) use history::{Event, History};
pub(crate) use identity::{community_id, group_id, icmp_community_id};
pub(crate) use sctp::{Association, Messages};
pub(crate) use tcp::Tcp;

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Endpoint {
    pub(crate) address: Address,
    pub(crate) port: u16,
}

/// The five-tuple, the same for both directions: the smaller endpoint first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) low: Endpoint,
    pub(crate) high: Endpoint,
    pub(crate) protocol: u8,
    pub(crate) family: Family,
}

impl Key {
    pub(crate) fn new(source: Endpoint, destination: Endpoint, protocol: u8, family: Family) -> Self {
        let (low, high) = if source <= destination {
            (source, destination)
        } else {
            (destination, source)
        };
        Self {
            low,
            high,
            protocol,
            family,
        }
    }

    /// The key of the connection that an ICMP message belongs to: the identifier of its queries stands for both ports.
    pub(crate) fn of_message(message: &Message, one: Address, other: Address, protocol: u8, family: Family) -> Self {
        let port = message.query.map_or(0, |query| query.identifier);
        let end = |address| Endpoint { address, port };
        Self::new(end(one), end(other), protocol, family)
    }

    /// The key of the connection that a quoted datagram belongs to, if it says enough.
    pub(crate) fn of_quoted(quoted: &Quoted) -> Option<Self> {
        let Quoted {
            family,
            source,
            destination,
            protocol,
            ..
        } = *quoted;
        match quoted.inside {
            Inside::Ports(from, to) => {
                let end = |address, port| Endpoint { address, port };
                Some(Self::new(end(source, from), end(destination, to), protocol, family))
            }
            Inside::Message(message) => Some(Self::of_message(&message, source, destination, protocol, family)),
            Inside::Nothing => None,
        }
    }
}

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Its opening was seen, and nothing ended it.
    Open,
    /// It was picked up in mid-stream, and nothing ended it.
    InProgress,
    /// Both sides ended it, one reset it, or it fell idle.
    Closed,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::InProgress => "in_progress",
            State::Closed => "closed",
        }
    }
}

/// What one half carried.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Volume {
    pub(crate) packets: u64,
    pub(crate) ip_bytes: u64,
    /// Payload of datagrams; of TCP the assembler knows better.
    pub(crate) payload_bytes: u64,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) key: Key,
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    pub(crate) link: Link,
    /// Tells it apart from others that begin in the same packet.
    pub(crate) place: u16,
    pub(crate) first_time_ns: i64,
    pub(crate) last_time_ns: i64,
    pub(crate) last_packet: u64,
    pub(crate) volumes: [Volume; 2],
    pub(crate) history: History,
    /// `None` unless TCP.
    pub(crate) tcp: Option<Box<Tcp>>,
    /// `None` unless SCTP.
    pub(crate) sctp: Option<Association>,
    /// Another connection began on the same five-tuple.
    pub(crate) is_replaced: bool,
    /// Protocols found.
    pub(crate) detected: BTreeSet<&'static str>,
    pub(crate) entries: u64,
}

impl Connection {
    /// The half that a packet from this endpoint travels on.
    pub(crate) fn half(&self, source: Endpoint) -> Half {
        if source == self.client {
            Half::Client
        } else {
            Half::Server
        }
    }

    /// Capture time without a packet after which the connection counts as closed.
    pub(crate) fn idle_ns(&self, limits: &Limits) -> i64 {
        if self.tcp.is_some() || self.sctp.is_some() {
            limits.tcp_idle_ns
        } else {
            limits.udp_idle_ns
        }
    }

    /// True if the connection has been idle for too long at this time.
    pub(crate) fn is_idle(&self, now_ns: i64, limits: &Limits) -> bool {
        now_ns.saturating_sub(self.last_time_ns) > self.idle_ns(limits)
    }

    /// True if its ends have ended it.
    pub(crate) fn is_ended(&self) -> bool {
        self.tcp.as_deref().is_some_and(Tcp::is_ended) || self.sctp.as_ref().is_some_and(|sctp| sctp.is_ended)
    }

    /// True if its opening was seen, or it is of a transport that has none.
    fn opening_seen(&self) -> bool {
        self.tcp.as_deref().is_none_or(Tcp::opening_seen) && self.sctp.as_ref().is_none_or(|sctp| sctp.opening_seen)
    }

    /// How it stands at a time.
    pub(crate) fn state(&self, now_ns: i64, limits: &Limits) -> State {
        if self.is_ended() || self.is_replaced || self.is_idle(now_ns, limits) {
            State::Closed
        } else if self.opening_seen() {
            State::Open
        } else {
            State::InProgress
        }
    }

    /// From the first packet to the last.
    pub(crate) fn life_ns(&self) -> i64 {
        self.last_time_ns.saturating_sub(self.first_time_ns)
    }

    /// Payload of both halves, repetitions counted once.
    pub(crate) fn goodput_bytes(&self) -> u64 {
        let [client, server] = [Half::Client, Half::Server].map(|half| self.payload_bytes(half));
        client.saturating_add(server)
    }

    /// Transport payload of a half, repetitions counted once.
    pub(crate) fn payload_bytes(&self, half: Half) -> u64 {
        match &self.tcp {
            Some(tcp) => tcp.half(half).assembler.unique_bytes,
            None => self.volumes[index(half)].payload_bytes,
        }
    }
}

/// Halves as array indexes.
pub(crate) fn index(half: Half) -> usize {
    match half {
        Half::Client => 0,
        Half::Server => 1,
    }
}

/// Text of VLAN tags for rows.
pub(crate) fn vlan_list(vlans: &Vlans) -> Vec<i64> {
    vlans.identifiers().iter().map(|tag| i64::from(*tag)).collect()
}

/// Of two ports, says which is a service's: `Some(true)` if the first is, `None` if nothing tells.
pub(crate) fn first_is_service(first: u16, second: u16) -> Option<bool> {
    /// Ports above the system range on which servers commonly listen (IANA registry and widespread use).
    const SERVICES: &[u16] = &[
        1433, 1521, 1812, 1813, 1883, 2049, 2181, 2379, 3000, 3128, 3268, 3306, 3389, 3868, 4222, 5000, 5060, 5353,
        5355, 5432, 5601, 5671, 5672, 6379, 6443, 7000, 8000, 8008, 8080, 8081, 8086, 8088, 8443, 8500, 8888, 9000,
        9042, 9090, 9092, 9200, 9300, 9418, 10250, 11211, 15672, 25565, 27017, 50051,
    ];
    let rank = |port: u16| match port {
        0 => 3_u8,
        1..=1023 => 0,
        port if SERVICES.binary_search(&port).is_ok() => 1,
        _ => 2,
    };
    match rank(first).cmp(&rank(second)) {
        std::cmp::Ordering::Less => Some(true),
        std::cmp::Ordering::Greater => Some(false),
        std::cmp::Ordering::Equal if first != second => Some(first < second),
        std::cmp::Ordering::Equal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_ports() {
        assert_eq!(first_is_service(80, 51000), Some(true));
        assert_eq!(first_is_service(51000, 80), Some(false));
        assert_eq!(first_is_service(6379, 40000), Some(true));
        assert_eq!(first_is_service(40000, 50000), Some(true));
        assert_eq!(first_is_service(5353, 5353), None);
        assert_eq!(first_is_service(53, 1024), Some(true));
    }
}
