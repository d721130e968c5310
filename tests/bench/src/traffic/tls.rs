//! TLS handshakes: both hellos, and nothing after them. One client in a hundred is old and offers what is weak.

use super::chance::Chance;
use super::frame::{ACK, FIN, Frames, PSH, SYN, Tcp};
use super::names;

/// Time between the packets of a handshake.
const STEP_NS: u64 = 300_000;
const TLS_1_0: u16 = 0x0301;
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;
const SUITES: [u16; 6] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc030];
/// RC4 and 3DES among them.
const OLD_SUITES: [u16; 4] = [0x0004, 0x0005, 0x000a, 0x002f];

/// A client with one handshake after the other.
pub(crate) struct Greeter {
    pause_ns: u64,
    open: Option<Open>,
}

struct Open {
    tcp: Tcp,
    service: usize,
    is_old: bool,
    step: usize,
}

impl Greeter {
    /// A client that pauses so long between handshakes, in the mean.
    pub(crate) fn new(_: &mut Chance, pause_ns: u64) -> Self {
        Self { pause_ns, open: None }
    }

    /// Sends the next packet; gives the time of the one after it.
    pub(crate) fn turn(&mut self, now: u64, left: &mut u64, chance: &mut Chance, frames: &mut Frames) -> Option<u64> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => {
                *left = left.checked_sub(1)?;
                connect(chance)
            }
        };
        let Open {
            tcp,
            service,
            is_old,
            step,
        } = &mut open;
        match step {
            0 => tcp.ask(frames, now, SYN, b""),
            1 => tcp.answer(frames, now, SYN | ACK, b""),
            2 => tcp.ask(frames, now, ACK, b""),
            3 => tcp.ask(frames, now, PSH | ACK, &client_hello(*service, *is_old, chance)),
            4 => tcp.answer(frames, now, PSH | ACK, &server_hello(*is_old, chance)),
            5 => tcp.ask(frames, now, FIN | ACK, b""),
            6 => tcp.answer(frames, now, FIN | ACK, b""),
            _ => {
                tcp.ask(frames, now, ACK, b"");
                return Some(now + chance.pause(self.pause_ns));
            }
        }
        *step += 1;
        self.open = Some(open);
        Some(now + STEP_NS)
    }
}

fn connect(chance: &mut Chance) -> Open {
    let service = chance.skewed(names::SERVICES);
    let port = (32_768 + chance.below(28_000)) as u16;
    let numbers = (chance.below(1 << 32) as u32, chance.below(1 << 32) as u32);
    Open {
        tcp: Tcp::new((names::client(chance), port), (names::server(service), 443), numbers),
        service,
        is_old: chance.once_in(100),
        step: 0,
    }
}

fn client_hello(service: usize, is_old: bool, chance: &mut Chance) -> Vec<u8> {
    let suites: &[u16] = if is_old { &OLD_SUITES } else { &SUITES };
    let mut body = Vec::new();
    numbers(&mut body, &[if is_old { TLS_1_0 } else { TLS_1_2 }]);
    body.extend_from_slice(&chance.bytes(32));
    body.push(0);
    numbers(&mut body, &[2 * suites.len() as u16]);
    numbers(&mut body, suites);
    body.extend_from_slice(&[1, 0]);
    let host = names::host(service);
    let mut extensions = Vec::new();
    let length = host.len() as u16;
    // server_name: a list of one entry of type host_name.
    numbers(&mut extensions, &[0, length + 5, length + 3]);
    extensions.push(0);
    numbers(&mut extensions, &[length]);
    extensions.extend_from_slice(host.as_bytes());
    // supported_groups: x25519, secp256r1.
    numbers(&mut extensions, &[10, 6, 4, 29, 23]);
    if !is_old {
        // application_layer_protocol_negotiation, signature_algorithms, supported_versions.
        numbers(&mut extensions, &[16, 14, 12]);
        extensions.extend_from_slice(b"\x02h2\x08http/1.1");
        numbers(&mut extensions, &[13, 6, 4, 0x0403, 0x0804]);
        numbers(&mut extensions, &[43, 5]);
        extensions.push(4);
        numbers(&mut extensions, &[TLS_1_3, TLS_1_2]);
    }
    handshake(1, body, &extensions)
}

fn server_hello(is_old: bool, chance: &mut Chance) -> Vec<u8> {
    let mut body = Vec::new();
    numbers(&mut body, &[if is_old { TLS_1_0 } else { TLS_1_2 }]);
    body.extend_from_slice(&chance.bytes(32));
    body.push(0);
    numbers(&mut body, &[if is_old { OLD_SUITES[3] } else { SUITES[0] }]);
    body.push(0);
    let mut extensions = Vec::new();
    if !is_old {
        numbers(&mut extensions, &[43, 2, TLS_1_3]);
    }
    handshake(2, body, &extensions)
}

/// A handshake message in one record.
fn handshake(kind: u8, mut body: Vec<u8>, extensions: &[u8]) -> Vec<u8> {
    numbers(&mut body, &[extensions.len() as u16]);
    body.extend_from_slice(extensions);
    let mut out = vec![22];
    numbers(&mut out, &[TLS_1_0, body.len() as u16 + 4]);
    out.extend_from_slice(&[kind, 0]);
    numbers(&mut out, &[body.len() as u16]);
    out.extend_from_slice(&body);
    out
}

fn numbers(out: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        out.extend_from_slice(&number.to_be_bytes());
    }
}
