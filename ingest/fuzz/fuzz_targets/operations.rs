//! What happens on a connection as the bytes of an input: who dissects it, then steps.
//!
//! Byte 0: which of `PROTOCOLS`; the two numbers after the last are TCP and UDP that are to be recognised. Byte 1: the server's port: even
//! is one that nobody has, odd one of the protocol's. Then steps, each a byte and what follows it: bit 0 is the half, bits 1 and 2 say what:
//! 0 and 1 data of the length in the next two bytes (lowest first), 2 a gap of so many bytes shifted by bits 3 to 7, 3 the half's end.

use ingest::dissect::{Half, PROTOCOLS, Protocol, Transport};
use ingest::talk::Step;

const NOBODYS_PORT: u16 = 40_000;

/// What an input says.
pub struct Operations {
    pub protocol: Option<&'static Protocol>,
    pub transport: Transport,
    pub ports: [u16; 2],
    pub steps: Vec<Step>,
}

impl Operations {
    /// Reads an input; the steps end where it does.
    pub fn read(input: &[u8]) -> Option<Self> {
        let (&[number, port], mut rest) = input.split_first_chunk()?;
        let number = usize::from(number) % (PROTOCOLS.len() + 2);
        let protocol = PROTOCOLS.get(number);
        let transport = match protocol {
            Some(protocol) => protocol.transport,
            None if number == PROTOCOLS.len() => Transport::Tcp,
            None => Transport::Udp,
        };
        let usual =
            protocol.and_then(|protocol| protocol.ports.get(usize::from(port / 2) % protocol.ports.len().max(1)));
        let server = usual.filter(|_| port % 2 == 1).copied().unwrap_or(NOBODYS_PORT);
        let mut steps = Vec::new();
        while let Some((&head, behind)) = rest.split_first() {
            let half = if head & 1 == 0 { Half::Client } else { Half::Server };
            rest = behind;
            if head >> 1 & 3 == 3 {
                steps.push(Step::End(half));
                continue;
            }
            let Some((&length, behind)) = rest.split_first_chunk() else {
                break;
            };
            let length = u16::from_le_bytes(length);
            rest = behind;
            if head >> 1 & 3 == 2 {
                steps.push(Step::Gap(half, u64::from(length) << (head >> 3)));
                continue;
            }
            let (bytes, behind) = rest.split_at(usize::from(length).min(rest.len()));
            rest = behind;
            if !bytes.is_empty() {
                steps.push(Step::Data(half, bytes.to_vec()));
            }
        }
        Some(Self {
            protocol,
            transport,
            ports: [NOBODYS_PORT + 1, server],
            steps,
        })
    }

    /// Makes the input that says so, but for the ports.
    pub fn write(protocol: Option<&Protocol>, transport: Transport, steps: &[Step]) -> Vec<u8> {
        let number = match protocol {
            Some(protocol) => PROTOCOLS.iter().position(|known| std::ptr::eq(known, protocol)),
            None => None,
        };
        let recognised = PROTOCOLS.len() + usize::from(transport != Transport::Tcp);
        let mut input = vec![number.unwrap_or(recognised) as u8, 0];
        let bit = |half: &Half| u8::from(*half == Half::Server);
        for step in steps {
            match step {
                Step::Data(half, bytes) => {
                    for piece in bytes.chunks(usize::from(u16::MAX)) {
                        input.push(bit(half));
                        input.extend((piece.len() as u16).to_le_bytes());
                        input.extend(piece);
                    }
                }
                Step::Gap(half, missing_bytes) => {
                    input.push(bit(half) | 2 << 1);
                    input.extend((*missing_bytes).min(u64::from(u16::MAX)).to_le_bytes()[..2].iter());
                }
                Step::End(half) => input.push(bit(half) | 3 << 1),
            }
        }
        input
    }
}
