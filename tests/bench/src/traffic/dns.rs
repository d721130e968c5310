//! DNS queries over UDP, with their answers.

use std::net::Ipv4Addr;

use super::chance::Chance;
use super::frame::{Endpoint, Frames};
use super::names;

/// Queries of one socket.
const QUERIES: u64 = 30;
/// Median time of an answer.
const LATENCY_NS: u64 = 400_000;
const SERVER: Endpoint = (Ipv4Addr::new(10, 96, 0, 10), 53);
/// Header flags: recursion desired; of an answer, also that it is one and that recursion is available.
const QUERY: u16 = 0x0100;
const ANSWER: u16 = 0x8180;
const NO_SUCH_NAME: u16 = 3;
const A: u16 = 1;
const AAAA: u16 = 28;

/// A stub resolver with one socket after the other.
pub(crate) struct Resolver {
    pause_ns: u64,
    client: Endpoint,
    queries: u64,
    /// The question that waits for its answer.
    asked: Option<Question>,
}

struct Question {
    id: u16,
    name: Vec<u8>,
    kind: u16,
    exists: bool,
    number: usize,
}

impl Resolver {
    /// A resolver that pauses so long between queries, in the mean.
    pub(crate) fn new(chance: &mut Chance, pause_ns: u64) -> Self {
        Self {
            pause_ns,
            client: (names::client(chance), 0),
            queries: 0,
            asked: None,
        }
    }

    /// Sends the next packet; gives the time of the one after it.
    pub(crate) fn turn(&mut self, now: u64, left: &mut u64, chance: &mut Chance, frames: &mut Frames) -> Option<u64> {
        if let Some(question) = self.asked.take() {
            frames.udp(now, SERVER, self.client, &answer(&question, chance));
            return Some(now + chance.pause(self.pause_ns));
        }
        *left = left.checked_sub(1)?;
        if self.queries == 0 {
            self.client = (self.client.0, (32_768 + chance.below(28_000)) as u16);
            self.queries = 1 + chance.below(2 * QUERIES - 1);
        }
        self.queries -= 1;
        let (name, exists, number) = names::question(chance);
        let question = Question {
            id: chance.below(1 << 16) as u16,
            name: labels(&name),
            kind: if chance.once_in(3) { AAAA } else { A },
            exists,
            number,
        };
        frames.udp(now, self.client, SERVER, &message(&question, QUERY, 0));
        if chance.once_in(200) {
            return Some(now + chance.pause(self.pause_ns));
        }
        self.asked = Some(question);
        Some(now + chance.latency(LATENCY_NS))
    }
}

fn labels(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

/// Header and question.
fn message(question: &Question, flags: u16, answers: u16) -> Vec<u8> {
    let mut out = Vec::new();
    for field in [question.id, flags, 1, answers, 0, 0] {
        out.extend_from_slice(&field.to_be_bytes());
    }
    out.extend_from_slice(&question.name);
    for field in [question.kind, 1] {
        out.extend_from_slice(&field.to_be_bytes());
    }
    out
}

fn answer(question: &Question, chance: &mut Chance) -> Vec<u8> {
    if !question.exists {
        return message(question, ANSWER | NO_SUCH_NAME, 0);
    }
    let answers = 1 + chance.below(2) as u16;
    let mut out = message(question, ANSWER, answers);
    for nth in 0..answers {
        // The name is the question's, at byte 12 of the message.
        out.extend_from_slice(&[0xc0, 12]);
        for field in [question.kind, 1, 0, 60] {
            out.extend_from_slice(&field.to_be_bytes());
        }
        let address =
            Ipv4Addr::from_bits(Ipv4Addr::new(203, 0, 100, 0).to_bits() + question.number as u32 * 2 + u32::from(nth));
        let data = match question.kind {
            A => address.octets().to_vec(),
            _ => address.to_ipv6_mapped().octets().to_vec(),
        };
        out.extend_from_slice(&(data.len() as u16).to_be_bytes());
        out.extend_from_slice(&data);
    }
    out
}
