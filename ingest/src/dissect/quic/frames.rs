//! The frames of Initial packets, as far as they bring pieces of the handshake.
//!
//! Specification: RFC 9000 §19.

use super::packet::{take, take_number};

/// Types of frames that Initial packets may have (RFC 9000 §12.4).
mod kind {
    pub const PADDING: u64 = 0x00;
    pub const PING: u64 = 0x01;
    pub const ACK: u64 = 0x02;
    pub const ACK_WITH_ECN: u64 = 0x03;
    pub const CRYPTO: u64 = 0x06;
}

/// A piece of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub offset: u64,
    pub bytes: &'a [u8],
}

/// The pieces in frames; ends at the first frame that cannot be.
pub(super) fn crypto(frames: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = frames;
    std::iter::from_fn(move || {
        loop {
            match take_number(&mut rest)? {
                kind::PADDING | kind::PING => {}
                with @ (kind::ACK | kind::ACK_WITH_ECN) => pass_ack(&mut rest, with == kind::ACK_WITH_ECN)?,
                kind::CRYPTO => {
                    let offset = take_number(&mut rest)?;
                    let length = usize::try_from(take_number(&mut rest)?).ok()?;
                    return take(&mut rest, length).map(|bytes| Piece { offset, bytes });
                }
                // A close, or nothing that belongs here: nothing follows.
                _ => return None,
            }
        }
    })
}

/// Passes over an acknowledgment: the largest number, a delay, ranges, the first range, and two numbers for each further one.
fn pass_ack(rest: &mut &[u8], has_counts: bool) -> Option<()> {
    take_number(rest)?;
    take_number(rest)?;
    let ranges = take_number(rest)?;
    take_number(rest)?;
    for _ in 0..ranges {
        take_number(rest)?;
        take_number(rest)?;
    }
    if has_counts {
        take_number(rest)?;
        take_number(rest)?;
        take_number(rest)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_stand_between_other_frames() {
        let frames = b"\x00\x00\x01\x02\x05\x00\x01\x00\x02\x03\x06\x00\x02ab\x03\x05\x00\x00\x00\x01\x02\x03\x06\x40\x80\x01c\x1c\x00";
        let pieces: Vec<Piece<'_>> = crypto(frames).collect();
        assert_eq!(
            pieces,
            [
                Piece {
                    offset: 0,
                    bytes: b"ab"
                },
                Piece {
                    offset: 128,
                    bytes: b"c"
                }
            ]
        );
        assert_eq!(crypto(b"\x06\x00\x09short").count(), 0);
    }
}
