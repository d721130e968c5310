//! What happened on a connection, a letter an event, as Zeek writes it in its conn.log.
//!
//! Upper case: by the client. A letter stands once for each side, where it happened first; but gaps, retransmissions and zero windows
//! stand again at the 10th, 100th, 1000th … time.
//!
//! Specification: Zeek, `Conn::Info$history`: `s` SYN, `h` SYN with ACK, `a` ACK alone, `d` payload, `f` FIN, `r` RST, `g` gap,
//! `t` payload sent again, `w` zero window, `i` FIN with RST, `q` SYN with FIN or RST, `^` the sender of the first packet is not the client.
//!
//! Absent on purpose: `c` (checksums are not verified: captures of senders that leave them to the hardware are full of wrong ones), `x`.

use super::index;
use crate::dissect::Half;

/// Something that a history tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Syn,
    SynAck,
    Ack,
    Payload,
    Fin,
    Reset,
    FinWithReset,
    SynWithEnd,
    Gap,
    Repeated,
    ZeroWindow,
}

impl Event {
    fn letter(self) -> u8 {
        match self {
            Event::Syn => b's',
            Event::SynAck => b'h',
            Event::Ack => b'a',
            Event::Payload => b'd',
            Event::Fin => b'f',
            Event::Reset => b'r',
            Event::FinWithReset => b'i',
            Event::SynWithEnd => b'q',
            Event::Gap => b'g',
            Event::Repeated => b't',
            Event::ZeroWindow => b'w',
        }
    }

    /// Which of the counters counts it, if it stands again at powers of ten.
    fn counter(self) -> Option<usize> {
        match self {
            Event::Gap => Some(0),
            Event::Repeated => Some(1),
            Event::ZeroWindow => Some(2),
            _ => None,
        }
    }
}

/// Longer histories end here: eight events once for each side, three up to seven times, and `^`.
const LETTERS: usize = 60;

/// The history of a connection.
#[derive(Clone, Debug)]
pub(crate) struct History {
    letters: [u8; LETTERS],
    length: u8,
    /// Events seen of each half, a bit each.
    seen: [u16; 2],
    /// How often the counted events happened.
    counts: [[u32; 3]; 2],
}

impl Default for History {
    fn default() -> Self {
        Self {
            letters: [0; LETTERS],
            length: 0,
            seen: [0; 2],
            counts: [[0; 3]; 2],
        }
    }
}

impl History {
    /// Notes that the sender of the first packet is not the client.
    pub(crate) fn turned(&mut self) {
        self.push(b'^');
    }

    /// Notes an event.
    pub(crate) fn note(&mut self, half: Half, event: Event) {
        let side = index(half);
        match event.counter().and_then(|counter| self.counts[side].get_mut(counter)) {
            Some(count) => {
                *count = count.saturating_add(1);
                if !is_power_of_ten(*count) {
                    return;
                }
            }
            None => {
                let bit = 1 << event as u16;
                if self.seen[side] & bit != 0 {
                    return;
                }
                self.seen[side] |= bit;
            }
        }
        let letter = event.letter();
        self.push(match half {
            Half::Client => letter.to_ascii_uppercase(),
            Half::Server => letter,
        });
    }

    fn push(&mut self, letter: u8) {
        if let Some(slot) = self.letters.get_mut(usize::from(self.length)) {
            *slot = letter;
            self.length = self.length.saturating_add(1);
        }
    }

    /// The letters.
    pub(crate) fn text(&self) -> &str {
        let letters = self.letters.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(letters).unwrap_or_default()
    }
}

fn is_power_of_ten(count: u32) -> bool {
    10_u32.checked_pow(count.max(1).ilog10()) == Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(events: &[(Half, Event)], expect: &str) {
        let mut history = History::default();
        for (half, event) in events {
            history.note(*half, *event);
        }
        assert_eq!(history.text(), expect);
    }

    #[test]
    fn letters() {
        use Event::{Ack, Fin, Payload, Syn, SynAck};
        use Half::{Client, Server};
        check(&[], "");
        check(
            &[
                (Client, Syn),
                (Client, Syn),
                (Server, SynAck),
                (Client, Ack),
                (Client, Payload),
                (Server, Ack),
                (Server, Payload),
                (Client, Payload),
                (Client, Fin),
                (Server, Fin),
            ],
            "ShADadFf",
        );
        check(&[(Server, Event::Repeated); 1000], "tttt");
        check(&[(Client, Event::Gap); 9], "G");
    }
}
