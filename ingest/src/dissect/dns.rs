//! DNS over UDP and TCP, mDNS and LLMNR.
//!
//! In: datagrams, or the bytes of both halves of a TCP connection. Out: one `dns` row per query with its response; a query
//! without response and a response without query are rows too. The names that responses give to addresses go to the rows that
//! begin after them (`crate::names`). Specification: RFC 1035, RFC 7766 (TCP), RFC 6891 (EDNS),
//! RFC 6762 (mDNS), RFC 4795 (LLMNR).
//!
//! Absent on purpose: authority and additional records, NetBIOS name service, DNS over TLS and HTTPS (their bytes are not readable).

mod message;
mod name;
mod naming;
mod pairing;
mod rdata;
mod recognise;
mod registry;
mod stream;
#[cfg(test)]
mod tests;

use message::Message;
use pairing::{Pairing, Placed};
use stream::DnsStream;

use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Transport};

const NAME: &str = "DNS";

/// DNS over UDP.
pub(super) const UDP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Udp,
    ports: &recognise::PORTS,
    probe: recognise::datagram,
    from_server: recognise::is_response,
    dissector: |_| Box::new(DnsDatagrams::default()),
};

/// DNS over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &recognise::PORTS,
    probe: recognise::stream,
    from_server: recognise::is_response_in_stream,
    dissector: |_| Box::new(DnsStream::default()),
};

/// A message per datagram.
#[derive(Debug, Default)]
struct DnsDatagrams {
    pairing: Pairing,
}

impl Dissector for DnsDatagrams {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        // A datagram too short for a header, between others, is no message; it is not worth the others.
        if let Some(message) = Message::read(chunk.bytes, context.limits) {
            let start = context.start(&chunk);
            self.pairing.take(
                Placed {
                    half,
                    start,
                    end_ns: chunk.timestamp_ns,
                    message,
                },
                context,
            );
        }
        Progress::Continue
    }

    fn gap(&mut self, _half: Half, _missing_bytes: u64, _context: &mut Context<'_>) -> Progress {
        Progress::Continue
    }

    fn end(&mut self, _half: Half, _context: &mut Context<'_>) {}

    fn held_bytes(&self) -> usize {
        self.pairing.held_bytes()
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.pairing.finish(context);
    }
}
