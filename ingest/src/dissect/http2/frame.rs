//! Frame headers.
//!
//! Specification: RFC 9113 §4.1 and §6. A frame of an unknown kind is legal (§4.1).

/// Bytes of a frame header.
pub(super) const HEADER_BYTES: usize = 9;

/// What a client sends before its first frame (RFC 9113 §3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames.
pub(super) mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// Flags of frames.
pub(super) mod flag {
    pub const ACK: u8 = 0x01;
    pub const END_STREAM: u8 = 0x01;
    pub const END_HEADERS: u8 = 0x04;
    pub const PADDED: u8 = 0x08;
    pub const PRIORITY: u8 = 0x20;
}

/// Names of error codes, from 0 (RFC 9113 §7).
const ERRORS: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// The name of an error code; empty if the code has none or was not seen.
pub(super) fn error_name(code: Option<u32>) -> &'static str {
    let place = code.and_then(|code| usize::try_from(code).ok());
    place.and_then(|place| ERRORS.get(place)).copied().unwrap_or_default()
}

/// The bit of a stream identifier that says nothing.
const RESERVED: u32 = 1 << 31;

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Bytes that follow the header.
    pub length: u32,
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
}

impl Frame {
    /// Reads a frame header; `None` if bytes are missing.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let [high, middle, low, kind, flags, stream @ ..] = header.first_chunk::<HEADER_BYTES>()?;
        Some(Self {
            length: u32::from_be_bytes([0, *high, *middle, *low]),
            kind: *kind,
            flags: *flags,
            stream: stream_id(*stream),
        })
    }

    /// True if a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// What the specification forbids about this header, if anything.
    pub fn fault(&self) -> Option<&'static str> {
        let on_stream = matches!(
            self.kind,
            kind::DATA | kind::HEADERS | kind::PRIORITY | kind::RST_STREAM | kind::PUSH_PROMISE | kind::CONTINUATION
        );
        let on_connection = matches!(self.kind, kind::SETTINGS | kind::PING | kind::GOAWAY);
        if on_stream && self.stream == 0 {
            return Some("expected a stream's number in a frame of a stream, found 0");
        }
        if on_connection && self.stream != 0 {
            return Some("expected stream 0 in a frame of the connection, found another");
        }
        let fits = match self.kind {
            kind::PRIORITY => self.length == 5,
            kind::RST_STREAM | kind::WINDOW_UPDATE => self.length == 4,
            kind::SETTINGS => self.length.is_multiple_of(6) && (self.length == 0 || !self.has(flag::ACK)),
            kind::PING => self.length == 8,
            kind::GOAWAY => self.length >= 8,
            _ => true,
        };
        (!fits).then_some("expected the length that the frame's kind has, found another")
    }
}

/// Reads a stream identifier.
pub(super) fn stream_id(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes) & !RESERVED
}
