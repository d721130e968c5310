//! The PROXY protocol: what a proxy says of the client before it hands a connection on.
//!
//! In: the first bytes of a TCP connection. Out: nothing; what follows the header is recognised as if the connection began
//! there. Specification: HAProxy's proxy-protocol.txt, versions 1 and 2.
//!
//! Absent on purpose: the addresses that it tells, since a row's are those of the packets; SOCKS, whose messages come in
//! segments of their own and are passed over.

use super::{Chunk, Context, Dissector, Half, Probe, Progress, Protocol, Transport, Verdict};
use crate::Anomaly;

const NAME: &str = "PROXY";

/// The PROXY protocol over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &[],
    probe,
    from_server: |_| false,
    dissector: |_| Box::new(Proxy::default()),
};

/// What a header of version 1 begins with; then the protocol comes.
const TEXT: &[u8] = b"PROXY ";
/// Protocols of version 1.
const TEXT_PROTOCOLS: [&[u8]; 3] = [b"TCP4 ", b"TCP6 ", b"UNKNOWN"];
/// The longest header of version 1, with its line end.
const TEXT_BYTES: usize = 107;
/// What a header of version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of a header of version 2 before the addresses: signature, version and command, family, length.
const BINARY_BYTES: usize = 16;

#[derive(Debug, Default)]
struct Proxy {
    /// The beginning of the header.
    header: Vec<u8>,
    /// Bytes of addresses that are to come, once their number is known.
    left_bytes: Option<usize>,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let agree = |expected: &[u8], bytes: &[u8]| {
        let length = expected.len().min(bytes.len());
        (bytes.get(..length) == expected.get(..length)).then_some(length == expected.len())
    };
    match (agree(SIGNATURE, bytes), bytes.get(SIGNATURE.len())) {
        (Some(true), Some(0x20 | 0x21)) => return Verdict::Certain,
        (Some(true), Some(_)) => return Verdict::No,
        (Some(_), _) => return Verdict::Unsure,
        (None, _) => {}
    }
    let Some(is_whole) = agree(TEXT, bytes) else {
        return Verdict::No;
    };
    let protocol = bytes.get(TEXT.len()..).unwrap_or_default();
    let verdicts = TEXT_PROTOCOLS.map(|known| agree(known, protocol));
    match (is_whole, verdicts.contains(&Some(true)), verdicts == [None; 3]) {
        (true, true, _) => Verdict::Certain,
        (_, _, true) => Verdict::No,
        _ => Verdict::Unsure,
    }
}

impl Proxy {
    /// Takes bytes of the header; gives how many, and whether it is over. `None` if it is none.
    fn take(&mut self, bytes: &[u8]) -> Option<(usize, bool)> {
        if let Some(left) = &mut self.left_bytes {
            let taken = (*left).min(bytes.len());
            *left = left.saturating_sub(taken);
            return Some((taken, *left == 0));
        }
        for (place, byte) in bytes.iter().enumerate() {
            self.header.push(*byte);
            let taken = place.saturating_add(1);
            if self.header.first() == TEXT.first() {
                if *byte == b'\n' {
                    return Some((taken, true));
                }
                (self.header.len() < TEXT_BYTES).then_some(())?;
            } else if let Some(header) = self.header.first_chunk::<BINARY_BYTES>() {
                let [.., high, low] = header;
                self.left_bytes = Some(usize::from(u16::from_be_bytes([*high, *low])));
                let (more, is_over) = self.take(bytes.get(taken..).unwrap_or_default())?;
                return Some((taken.saturating_add(more), is_over));
            }
        }
        Some((bytes.len(), false))
    }
}

impl Dissector for Proxy {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        if half == Half::Server {
            let (protocol, reason) = (
                NAME,
                "expected nothing of the server before the header is whole, found bytes",
            );
            context
                .anomalies
                .add(chunk.packet, Anomaly::Unparsable { protocol, reason });
            return Progress::Continue;
        }
        match self.take(chunk.bytes) {
            Some((_, false)) => Progress::Continue,
            Some((taken, true)) => Progress::Restart {
                unread_bytes: chunk.bytes.len().saturating_sub(taken),
            },
            None => Progress::GiveUp(Anomaly::Unparsable {
                protocol: NAME,
                reason: "expected a line end within 107 bytes, found none",
            }),
        }
    }

    fn gap(&mut self, half: Half, _missing_bytes: u64, _context: &mut Context<'_>) -> Progress {
        if half == Half::Server {
            return Progress::Continue;
        }
        Progress::Restart { unread_bytes: 0 }
    }

    fn end(&mut self, _half: Half, _context: &mut Context<'_>) {}

    fn held_bytes(&self) -> usize {
        self.header.capacity()
    }

    fn close(&mut self, _context: &mut Context<'_>) {}
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::dissect::testing::{check as check_rows, check_any_bytes, recognise};

    #[track_caller]
    fn check(talk: &str, expect: Expect) {
        check_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:80\n{talk}"), expect);
    }

    const REQUEST: &str = "GET / HTTP/1.1\\r\\n\\r\\n\n< HTTP/1.1 204 No Content\\r\\n\\r\\n\n";

    #[test]
    fn what_follows_the_header_is_recognised() {
        check(
            &format!("> PROXY TCP4 1.2.3.4 5.6.7.8 9 10\\r\\n{REQUEST}"),
            expect![[r#"
                http id=4 index=0 elapsed_time=1000 status_code=204 method=GET summary="GET / → 204" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/1.1 request_headers_size=18 request_body_size=0 response_headers_size=27 response_body_size=0
            "#]],
        );
        check(
            &format!(
                "> \\r\\n\\r\\n\\x00\\r\\nQUIT\\n\\x21\\x11\\x00\\x0c\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x00\\x09\\x00\\x0a{REQUEST}"
            ),
            expect![[r#"
                http id=4 index=0 elapsed_time=1000 status_code=204 method=GET summary="GET / → 204" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/1.1 request_headers_size=18 request_body_size=0 response_headers_size=27 response_body_size=0
            "#]],
        );
        check(
            &format!("> \\r\\n\\r\\n\\x00\\r\\nQUIT\\n\\x20\\x00\\x00\\x00{REQUEST}"),
            expect![[r#"
                http id=4 index=0 elapsed_time=1000 status_code=204 method=GET summary="GET / → 204" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/1.1 request_headers_size=18 request_body_size=0 response_headers_size=27 response_body_size=0
            "#]],
        );
        check(
            &format!("> PROXY UNKNOWN {}\n", "x".repeat(200)),
            expect![[r#"
            anomaly unparsable_proxy 1
        "#]],
        );
    }

    #[test]
    fn recognition() {
        let found = |bytes| recognise(Transport::Tcp, [51000, 9], bytes);
        assert_eq!(found(b"PROXY TCP6 ::1 ::1 1 2\r\n"), Some(NAME));
        assert_eq!(found(b"PROXY UNKNOWN\r\n"), Some(NAME));
        assert_eq!(found(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"), Some(NAME));
        assert_eq!(found(b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c"), None);
        assert_eq!(found(b"\r\n\r\nGET / HTTP/1.1\r\n"), Some("HTTP"));
        assert_eq!(found(b"PROXY / HTTP/1.1\r\n"), Some("HTTP"));
        assert_eq!(found(b"PROXY TCP"), None);
    }

    #[test]
    fn any_bytes() {
        let talk =
            "10.0.0.1:1 > 10.0.0.2:80\n> \\r\\n\\r\\n\\x00\\r\\nQUIT\\n\\x21\\x11\\x00\\x0c\\x01\\x02\\x03\\x04\n> abc";
        check_any_bytes(&TCP, &[talk]);
    }
}
