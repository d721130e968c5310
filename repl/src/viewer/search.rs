//! Searching packets for text or bytes.

use std::ops::Range;

use engine::Packet;

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<u8>);

impl Pattern {
    /// Reads what was typed after `/`: `x 0d 0a` means bytes, all else text. `None` if there is nothing to search for.
    pub(super) fn parse(typed: &str) -> Option<Self> {
        let bytes = typed
            .strip_prefix("x ")
            .and_then(hex)
            .unwrap_or_else(|| typed.as_bytes().to_vec());
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// The next place after a place, through all packets and round to the start.
    pub(super) fn next(&self, packets: &[Packet], frame: usize, offset: usize) -> Option<(usize, Range<usize>)> {
        let here = (frame, offset);
        let later = (frame.saturating_add(1)..packets.len()).map(|frame| (frame, 0));
        let earlier = (0..=frame).map(|frame| (frame, 0));
        std::iter::once(here)
            .chain(later)
            .chain(earlier)
            .find_map(|(frame, offset)| {
                let at = find(&packets.get(frame)?.data, &self.0, offset)?;
                Some((frame, at..at + self.0.len()))
            })
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|letter| *letter != ' ')
        .map(|letter| letter.to_digit(16))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| (high << 4 | low) as u8).collect())
}

/// The first place of the pattern at or after an offset.
pub(super) fn find(data: &[u8], pattern: &[u8], offset: usize) -> Option<usize> {
    let found = data
        .get(offset..)?
        .windows(pattern.len().max(1))
        .position(|window| window == pattern)?;
    Some(offset + found)
}
