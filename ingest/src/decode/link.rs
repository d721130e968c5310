//! Link layers: from the frame's first byte to the IP header.
//!
//! Each layer is a function that reads one header, moves the frame behind it and says which [`Layer`] follows; [`walk`] goes from
//! one to the next, so that no nesting recurses and the depth has one bound.
//!
//! Specification: in the modules; link types by tcpdump.org's LINKTYPE_ registry.
//!
//! Absent on purpose: what is encrypted, compressed or cut into pieces by the link itself (802.11 fragments, PPP multilink, ATM
//! cells), and links that carry no IP.

mod cooked;
mod ether_type;
mod ethernet;
mod link_type;
mod serial;
mod shim;
mod wireless;

use super::{Vlans, header};
use crate::Anomaly;

pub(super) use shim::next_protocol;
pub(super) use wireless::Variant;

/// More layers in a row are no real traffic.
const LAYERS: usize = 32;

/// What is left of a frame behind the layers read so far, and what these were.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Where the next header begins.
    pub(super) start: usize,
    /// Where the frame ended on the wire: no inner length reaches beyond it.
    pub(super) wire_end: usize,
    pub(super) vlans: Vlans,
    pub(super) tunnel: Option<&'static str>,
    /// Which IP header follows.
    pub(super) ip: Ip,
}

/// Which IP header follows, by what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ip {
    /// Its first bits say. IPv4's number is of this kind: it is the Internet Protocol's, and some send IPv6 behind it.
    Any,
    /// IPv6 and nothing else.
    V6,
}

/// What a header says that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// An IP header.
    Ip(Ip),
    /// Something that carries no IP.
    Nothing,
    /// What a capture's link type says.
    Link(u16),
    /// An Ethernet frame.
    Ethernet,
    /// What an EtherType says.
    EtherType(u16),
    /// An LLC header (IEEE 802.2).
    LogicalLink,
    /// A PPP frame.
    PointToPoint,
    /// A frame relay header.
    FrameRelay,
    /// What a network layer protocol identifier says.
    Identified(u8),
    /// An MPLS label.
    Mpls,
    /// A network service header.
    ServiceHeader,
    /// An 802.11 frame.
    Wireless(wireless::Variant),
}

pub(super) const IP: Layer = Layer::Ip(Ip::Any);
pub(super) const IPV6: Layer = Layer::Ip(Ip::V6);
pub(super) const TZSP: Layer = Layer::Link(link_type::number::TZSP);

/// What a link layer leads to: an IP header, or `None` for a protocol that carries none.
pub(super) type Found = Result<Option<Frame>, Anomaly>;
/// What one header leads to.
pub(super) type Step = Result<Layer, Anomaly>;

/// Finds the IP header of a captured frame. Where the frame holds more of them, `bundle` gets what is left of it.
pub(super) fn decode(link_type: u16, packet: &[u8], frame: Frame, bundle: &mut Option<Frame>) -> Found {
    walk(packet, Layer::Link(link_type), frame, bundle)
}

/// Finds the next IP header in what is left of a bundle.
pub(super) fn next_of_bundle(packet: &[u8], mut frame: Frame, bundle: &mut Option<Frame>) -> Found {
    let layer = wireless::subframe(packet, &mut frame, bundle)?;
    walk(packet, layer, frame, bundle)
}

/// Goes from layer to layer up to an IP header.
pub(super) fn walk(packet: &[u8], mut layer: Layer, mut frame: Frame, bundle: &mut Option<Frame>) -> Found {
    for _ in 0..LAYERS {
        let at = &mut frame;
        layer = match layer {
            Layer::Ip(ip) => return Ok(Some(Frame { ip, ..frame })),
            Layer::Nothing => return Ok(None),
            Layer::Link(link_type) => link_type::begin(link_type, packet, at)?,
            Layer::Ethernet => ethernet::ethernet(packet, at)?,
            Layer::EtherType(ether_type) => ethernet::network(ether_type, packet, at)?,
            Layer::LogicalLink => ethernet::logical_link(packet, at)?,
            Layer::PointToPoint => serial::point_to_point(packet, at)?,
            Layer::FrameRelay => serial::frame_relay(packet, at)?,
            Layer::Identified(identifier) => serial::network_layer(identifier, packet, at)?,
            Layer::Mpls => shim::labels(packet, at)?,
            Layer::ServiceHeader => shim::service_header(packet, at)?,
            Layer::Wireless(variant) => wireless::frame(packet, at, variant, bundle)?,
        };
    }
    Err(Anomaly::Malformed {
        layer: "link",
        reason: "more layers than any network uses",
    })
}

impl Frame {
    /// A frame of so many bytes on the wire, of which nothing was read yet.
    pub(super) fn whole(wire_bytes: usize) -> Self {
        Self {
            start: 0,
            wire_end: wire_bytes,
            vlans: Vlans::default(),
            tunnel: None,
            ip: Ip::Any,
        }
    }

    /// Bytes on the wire that are left.
    pub(super) fn wire_bytes(&self) -> usize {
        self.wire_end.saturating_sub(self.start)
    }

    /// What is left of the frame, as far as it was captured.
    pub(super) fn rest<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        packet
            .get(self.start..self.wire_end.min(packet.len()))
            .unwrap_or_default()
    }

    /// Goes past so many bytes.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.start = self.start.saturating_add(bytes);
    }

    /// Takes a fixed header off the front.
    pub(super) fn take<'a, const N: usize>(
        &mut self,
        packet: &'a [u8],
        layer: &'static str,
    ) -> Result<&'a [u8; N], Anomaly> {
        let taken = self.peek(packet, layer)?;
        self.skip(N);
        Ok(taken)
    }

    /// A fixed header at the front.
    pub(super) fn peek<'a, const N: usize>(
        &self,
        packet: &'a [u8],
        layer: &'static str,
    ) -> Result<&'a [u8; N], Anomaly> {
        header::<N>(self.rest(packet), layer)
    }

    /// Leaves out what ends the frame, if it is there.
    pub(super) fn trim(&mut self, bytes: usize) {
        self.wire_end = self.wire_end.saturating_sub(bytes);
    }
}
