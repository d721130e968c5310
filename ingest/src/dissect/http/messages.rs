//! The messages in the content of a gRPC call: how many, and the trailer that the variant for browsers sends among them.
//!
//! Specification: gRPC over HTTP/2 (Length-Prefixed-Message), gRPC-Web. Messages are jumped over by their length and never
//! kept; of a trailer at most [`TRAILER_BYTES`] are. A gap outside a message ends the count.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes before a message: a flag and the length.
const PREFIX_BYTES: usize = 5;

/// The flag of a trailer (gRPC-Web).
const TRAILER: u8 = 0x80;

/// Bytes that are kept of a trailer.
const TRAILER_BYTES: usize = 4 << 10;

/// The messages of one side of a call, so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Messages {
    /// How many began.
    pub count: u64,
    /// The lines of the trailer.
    pub trailer: Vec<u8>,
    prefix: Vec<u8>,
    /// Bytes of the message that are to come.
    left_bytes: usize,
    /// The content is in Base64, in this group of four letters.
    letters: Option<Vec<u8>>,
    is_lost: bool,
}

impl Messages {
    /// Begins with the content of a message of this type; `None` if that is no gRPC.
    pub fn of(content_type: &str) -> Option<Self> {
        let rest = content_type.trim_start().strip_prefix("application/grpc")?;
        let is_text = rest.starts_with("-web-text");
        (rest.is_empty() || rest.starts_with(['+', ';', '-', ' '])).then(|| Self {
            letters: is_text.then(Vec::new),
            ..Self::default()
        })
    }

    /// Takes the next bytes of content.
    pub fn add(&mut self, bytes: &[u8]) {
        let Some(mut letters) = self.letters.take() else {
            self.walk(bytes);
            return;
        };
        for letter in bytes.iter().filter(|letter| !letter.is_ascii_whitespace()) {
            letters.push(*letter);
            if letters.len() == 4 {
                let mut plain = [0; 3];
                match STANDARD.decode_slice(&letters, &mut plain) {
                    Ok(length) => self.walk(plain.get(..length).unwrap_or_default()),
                    Err(_) => self.is_lost = true,
                }
                letters.clear();
            }
        }
        self.letters = Some(letters);
    }

    /// Learns that bytes of content will never come.
    pub fn skip(&mut self, missing_bytes: u64) {
        let missing = usize::try_from(missing_bytes).unwrap_or(usize::MAX);
        match self.left_bytes.checked_sub(missing) {
            Some(left) if self.letters.is_none() => self.left_bytes = left,
            _ => self.is_lost = true,
        }
    }

    fn walk(&mut self, mut bytes: &[u8]) {
        while !self.is_lost && !bytes.is_empty() {
            if self.left_bytes == 0 {
                let missing = PREFIX_BYTES.saturating_sub(self.prefix.len()).min(bytes.len());
                let (prefix, rest) = bytes.split_at_checked(missing).unwrap_or_default();
                self.prefix.extend_from_slice(prefix);
                bytes = rest;
                let Some((flag, length)) = self.prefix.split_first() else {
                    return;
                };
                let Ok(length) = <[u8; 4]>::try_from(length) else {
                    return;
                };
                self.left_bytes = u32::from_be_bytes(length) as usize;
                let is_trailer = flag & TRAILER != 0;
                self.count = self.count.saturating_add(u64::from(!is_trailer));
                // The prefix stays while its trailer comes.
                if !is_trailer || self.left_bytes == 0 {
                    self.prefix.clear();
                }
                continue;
            }
            let length = self.left_bytes.min(bytes.len());
            let (message, rest) = bytes.split_at_checked(length).unwrap_or_default();
            if !self.prefix.is_empty() {
                let room = TRAILER_BYTES.saturating_sub(self.trailer.len());
                self.trailer.extend_from_slice(message.get(..room).unwrap_or(message));
            }
            self.left_bytes = self.left_bytes.saturating_sub(length);
            if self.left_bytes == 0 {
                self.prefix.clear();
            }
            bytes = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content_type: &str, content: &[u8], count: u64, trailer: &str) {
        for piece_bytes in [1, 3, 1000] {
            let mut messages = Messages::of(content_type).expect("gRPC");
            content.chunks(piece_bytes).for_each(|piece| messages.add(piece));
            assert_eq!(
                (messages.count, messages.trailer.as_slice()),
                (count, trailer.as_bytes())
            );
        }
    }

    #[test]
    fn messages_are_counted_in_whatever_pieces_they_come() {
        check("application/grpc", b"", 0, "");
        check("application/grpc", b"\0\0\0\0\x03abc\x01\0\0\0\0\0\0\0\0\x02a", 3, "");
        let web = b"\0\0\0\0\x01a\x80\0\0\0\x0fgrpc-status:0\r\n";
        check("application/grpc-web+proto", web, 1, "grpc-status:0\r\n");
        let text = format!("{}{}", STANDARD.encode(&web[..6]), STANDARD.encode(&web[6..]));
        check("application/grpc-web-text", text.as_bytes(), 1, "grpc-status:0\r\n");
        check("application/grpc-web-text", b"!!!!AAAA", 0, "");
    }

    #[test]
    fn a_gap_outside_a_message_ends_the_count() {
        let mut messages = Messages::of("application/grpc").expect("gRPC");
        messages.add(b"\0\0\0\0\x05a");
        messages.skip(4);
        messages.add(b"\0\0\0\0\x02b");
        messages.skip(2);
        messages.add(b"\0\0\0\0\0");
        assert_eq!(messages.count, 2);
    }

    #[test]
    fn content_types() {
        for grpc in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc-web-text",
            "application/grpc; a=b",
        ] {
            assert!(Messages::of(grpc).is_some(), "{grpc}");
        }
        for other in ["", "application/grpcish", "text/plain", "application/json"] {
            assert!(Messages::of(other).is_none(), "{other}");
        }
    }
}
