//! One frame as lines: a head, then sixteen bytes a row.

use std::fmt::Write;
use std::ops::Range;

use super::Sequence;
use crate::render::{escape, units};
use crate::terminal::{Paint, Screen};

/// Bytes of a row.
pub(super) const ROW: usize = 16;

/// What stands between the pieces of a head.
pub(super) const BETWEEN: &str = " · ";

/// The head: which frame of how many, which packet, when, how long, from where to where.
pub(super) fn head(sequence: &Sequence, at: usize) -> String {
    let Some(packet) = sequence.packets.get(at) else {
        return String::new();
    };
    let time = units::instant(packet.timestamp_ns);
    let mut head = format!(
        "frame {} of {} · packet {} · {} {} · {}/{} bytes",
        at + 1,
        sequence.packets.len(),
        packet.number,
        time.date,
        time.time,
        packet.data.len(),
        packet.original_length,
    );
    if let Some(ends) = &sequence.ends {
        let _ = write!(head, " · {}", ends.direction(packet));
    }
    if let Some(comment) = &packet.comment {
        let _ = write!(head, " · {}", escape::line(comment));
    }
    head
}

/// Rows that a packet's bytes take.
pub(super) fn rows(data: &[u8]) -> usize {
    data.len().div_ceil(ROW)
}

/// One row: offset, hex, ASCII; bytes inside the found range stand out.
pub(super) fn row(data: &[u8], row: usize, found: &Range<usize>, screen: Screen) -> String {
    let start = row.saturating_mul(ROW);
    let bytes = data.get(start..).unwrap_or_default();
    let bytes = &bytes[..bytes.len().min(ROW)];
    let paint = |at: usize, text: &str| match found.contains(&(start + at)) {
        true => screen.paint(Paint::Found, text),
        false => text.to_owned(),
    };
    let mut line = screen.paint(Paint::Faint, &format!("{start:04x}"));
    line.push(' ');
    for at in 0..ROW {
        line.push_str(if at == ROW / 2 { "  " } else { " " });
        match bytes.get(at) {
            Some(byte) => line.push_str(&paint(at, &format!("{byte:02x}"))),
            None => line.push_str("  "),
        }
    }
    line.push_str("  ");
    for (at, byte) in bytes.iter().enumerate() {
        let letter = if (0x20..0x7f).contains(byte) {
            char::from(*byte)
        } else {
            '.'
        };
        line.push_str(&paint(at, &letter.to_string()));
    }
    line
}

/// A whole frame without colours.
pub(super) fn text(sequence: &Sequence, at: usize) -> String {
    let plain = Screen {
        is_terminal: false,
        colour: false,
    };
    let mut text = head(sequence, at);
    text.push('\n');
    let data = sequence.packets.get(at).map_or(&[][..], |packet| &packet.data);
    for index in 0..rows(data) {
        text.push_str(&row(data, index, &(0..0), plain));
        text.push('\n');
    }
    text
}
