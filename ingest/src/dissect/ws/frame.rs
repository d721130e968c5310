//! Frame headers (RFC 6455 §5.2).

use crate::dissect::Half;

/// What a message is, by the opcode of its first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    /// The frame continues a message.
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub opcode: Opcode,
    /// It ends its message.
    pub is_final: bool,
    /// The message is compressed (RFC 7692 §6).
    pub is_compressed: bool,
    /// Bits of extensions that nobody knows.
    has_unknown_bits: bool,
    pub mask: Option<[u8; 4]>,
    /// Bytes that follow the header.
    pub length: u64,
}

/// The largest payload of a control frame.
const CONTROL_BYTES: u64 = 125;

impl Opcode {
    /// The opcode in the first byte of a header.
    pub fn of(first: u8) -> Option<Self> {
        Some(match first & 0x0f {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            _ => return None,
        })
    }

    /// The name, as rows show it.
    pub fn name(self) -> &'static str {
        match self {
            Opcode::Continuation => "continuation",
            Opcode::Text => "text",
            Opcode::Binary => "binary",
            Opcode::Close => "close",
            Opcode::Ping => "ping",
            Opcode::Pong => "pong",
        }
    }

    /// True for messages of the protocol itself, which come in one frame and between those of others.
    pub fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

impl Header {
    /// Reads a header and its length; `None` if bytes of it are missing.
    ///
    /// # Errors
    ///
    /// What the specification forbids about it.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, &'static str> {
        let Some((first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let opcode = Opcode::of(*first).ok_or("expected an opcode of RFC 6455, found another")?;
        let Some((second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        let short = u64::from(second & 0x7f);
        let (length, rest) = match short {
            126 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            _ => (short, rest),
        };
        let (mask, rest) = match (second & 0x80 != 0, rest.split_first_chunk()) {
            (false, _) => (None, rest),
            (true, Some((mask, rest))) => (Some(*mask), rest),
            (true, None) => return Ok(None),
        };
        let header = Self {
            opcode,
            is_final: first & 0x80 != 0,
            is_compressed: first & 0x40 != 0,
            has_unknown_bits: first & 0x30 != 0,
            mask,
            length,
        };
        match header.fault() {
            Some(fault) => Err(fault),
            None => Ok(Some((header, bytes.len().saturating_sub(rest.len())))),
        }
    }

    fn fault(&self) -> Option<&'static str> {
        if self.has_unknown_bits {
            return Some("expected no bits of unknown extensions in a frame header, found some");
        }
        if self.length > u64::MAX >> 1 {
            return Some("expected a frame's length below 2^63, found a larger one");
        }
        if self.is_compressed && !matches!(self.opcode, Opcode::Text | Opcode::Binary) {
            return Some("expected the bit of compression in a message's first frame, found it in another");
        }
        let fits = !self.opcode.is_control() || (self.is_final && self.length <= CONTROL_BYTES);
        (!fits).then_some("expected a control message in one frame of 125 bytes at most, found a larger one")
    }
}

/// Says that frames begin with these bytes of a half, and end with them.
pub(super) fn begins(mut bytes: &[u8], half: Half) -> bool {
    while let Ok(Some((header, length))) = Header::parse(bytes) {
        let end = usize::try_from(header.length)
            .ok()
            .and_then(|payload| length.checked_add(payload));
        let is_masked = header.mask.is_some();
        match end.and_then(|end| bytes.get(end..)) {
            Some([]) => return is_masked == (half == Half::Client),
            Some(rest) if is_masked == (half == Half::Client) => bytes = rest,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let parse = |bytes: &[u8]| {
            Header::parse(bytes).map(|header| header.map(|(header, length)| (header.opcode, header.length, length)))
        };
        assert_eq!(parse(b"\x81\x05hello"), Ok(Some((Opcode::Text, 5, 2))));
        assert_eq!(parse(b"\x02\xfe\x01\x00mask"), Ok(Some((Opcode::Binary, 256, 8))));
        assert_eq!(
            parse(b"\x00\x7f\x00\x00\x00\x01\x00\x00\x00\x00"),
            Ok(Some((Opcode::Continuation, 1 << 32, 10)))
        );
        for cut in [
            &b""[..],
            b"\x81",
            b"\x81\xfe\x01",
            b"\x81\x7f\x00\x00\x00",
            b"\x81\x85mas",
        ] {
            assert_eq!(parse(cut), Ok(None));
        }
        for wrong in [
            &b"\x83"[..],
            b"\xa1\x00",
            b"\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00",
            b"\xc9\x00",
            b"\x09\x00",
            b"\x89\x7e\x00\x7e",
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn frames_that_fill_a_chunk() {
        assert!(begins(b"\x81\x02hi\x8a\x00", Half::Server));
        assert!(begins(b"\x81\x82mask\x05\x08", Half::Client));
        assert!(!begins(b"\x81\x02hi\x8a\x00", Half::Client));
        assert!(!begins(b"\x81\x03hi", Half::Server));
        assert!(!begins(b"\x81\x01hi", Half::Server));
        assert!(!begins(b"", Half::Server));
    }
}
