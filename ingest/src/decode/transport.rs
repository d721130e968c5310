//! TCP and UDP headers.
//!
//! Specification: RFC 9293 §3.1, RFC 7323 §2.2 (window scale), RFC 768.

use super::{Datagram, header, protocol};
use crate::Anomaly;

/// The transport header of a datagram and where its payload lies.
#[derive(Clone, Copy, Debug)]
pub enum Transport {
    /// TCP.
    Tcp(Segment),
    /// UDP: ports alone.
    Udp {
        /// Port of the sender.
        source_port: u16,
        /// Port of the receiver.
        destination_port: u16,
        /// Bytes of header.
        header_bytes: u32,
        /// Payload bytes on the wire.
        payload_original: u32,
    },
}

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// Sequence number of the first byte.
    pub sequence: u32,
    /// Next byte expected from the other side.
    pub acknowledgment: u32,
    /// Control bits.
    pub flags: TcpFlags,
    /// Receive window of the sender, as the header has it: not scaled.
    pub window: u16,
    /// Shift that scales the sender's later windows, if this is a SYN that offers one (RFC 7323 §2.2).
    pub window_scale: Option<u8>,
    /// Bytes of header.
    pub header_bytes: u32,
    /// Payload bytes on the wire.
    pub payload_original: u32,
}

/// Control bits of TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags(u8);

impl TcpFlags {
    /// No more data from the sender.
    pub fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// Opens a connection.
    pub fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// Ends a connection at once.
    pub fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// The acknowledgment number counts.
    pub fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

impl Segment {
    /// Sequence number after the segment: SYN and FIN count as a byte.
    pub fn end(&self) -> u32 {
        let control = u32::from(self.flags.syn() || self.flags.fin());
        self.sequence.wrapping_add(self.payload_original).wrapping_add(control)
    }
}

impl Transport {
    /// Reads the transport header at the front of a datagram's payload.
    ///
    /// # Errors
    ///
    /// A header that is cut or contradicts itself, or a protocol that is not decoded.
    pub fn decode(datagram: &Datagram, payload: &[u8]) -> Result<Self, Anomaly> {
        let payload_original = datagram.payload_original;
        match datagram.protocol {
            protocol::TCP => {
                let fixed = header::<20>(payload, "TCP")?;
                let header_bytes = u32::from(fixed[12] >> 4).saturating_mul(4);
                if header_bytes < 20 || header_bytes > payload_original {
                    return Err(Anomaly::Malformed {
                        layer: "TCP",
                        reason: "the data offset lies outside the segment",
                    });
                }
                Ok(Self::Tcp(Segment {
                    source_port: u16::from_be_bytes([fixed[0], fixed[1]]),
                    destination_port: u16::from_be_bytes([fixed[2], fixed[3]]),
                    sequence: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
                    acknowledgment: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
                    flags: TcpFlags(fixed[13]),
                    window: u16::from_be_bytes([fixed[14], fixed[15]]),
                    window_scale: TcpFlags(fixed[13])
                        .syn()
                        .then(|| window_scale(payload.get(20..header_bytes as usize)?))
                        .flatten(),
                    header_bytes,
                    payload_original: payload_original.saturating_sub(header_bytes),
                }))
            }
            protocol::UDP => {
                let fixed = header::<8>(payload, "UDP")?;
                let length = u32::from(u16::from_be_bytes([fixed[4], fixed[5]]));
                // The length is 0 in jumbograms and under offload; a length beyond the datagram is wrong: IP's counts.
                let length = if length < 8 || length > payload_original {
                    payload_original
                } else {
                    length
                };
                Ok(Self::Udp {
                    source_port: u16::from_be_bytes([fixed[0], fixed[1]]),
                    destination_port: u16::from_be_bytes([fixed[2], fixed[3]]),
                    header_bytes: 8,
                    payload_original: length.saturating_sub(8),
                })
            }
            other => Err(Anomaly::UnknownTransport(other)),
        }
    }

    /// Ports of the sender and the receiver.
    pub fn ports(&self) -> (u16, u16) {
        match self {
            Self::Tcp(segment) => (segment.source_port, segment.destination_port),
            Self::Udp {
                source_port,
                destination_port,
                ..
            } => (*source_port, *destination_port),
        }
    }

    /// Where the transport payload lies in the datagram's payload, and its length on the wire.
    pub fn body<'a>(&self, payload: &'a [u8]) -> (&'a [u8], u32) {
        let (header_bytes, original) = match self {
            Self::Tcp(segment) => (segment.header_bytes, segment.payload_original),
            Self::Udp {
                header_bytes,
                payload_original,
                ..
            } => (*header_bytes, *payload_original),
        };
        let body = payload.get(header_bytes as usize..).unwrap_or_default();
        (body.get(..original as usize).unwrap_or(body), original)
    }
}

/// The shift of a window scale option among the options of a SYN; more than the longest there is counts as that.
fn window_scale(mut options: &[u8]) -> Option<u8> {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    const WINDOW_SCALE: u8 = 3;
    const LONGEST_SHIFT: u8 = 14;
    loop {
        match *options {
            [] | [END, ..] => return None,
            [NO_OPERATION, ref rest @ ..] => options = rest,
            [WINDOW_SCALE, 3, shift, ..] => return Some(shift.min(LONGEST_SHIFT)),
            [_, length, ..] if length >= 2 => options = options.get(usize::from(length)..)?,
            _ => return None,
        }
    }
}
