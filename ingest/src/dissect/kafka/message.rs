//! Headers of messages, and whether bytes begin a request.

use super::layout::{End, Found, after_tags, walk};
use super::registry::{API_VERSIONS, Api, CONTROLLED_SHUTDOWN, api};
use crate::dissect::framed::Frame;

/// Bytes of the length before every message.
const LENGTH_BYTES: usize = 4;
/// Bytes of a request's length and of what all of them have behind it: operation, version, correlation.
const FIXED_BYTES: usize = 12;
/// Bytes of a request; servers take no longer ones unless they are told to.
const REQUEST_BYTES: i32 = 100 << 20;
/// Operations and versions that may be added one day, for requests among others that are known.
const LATER_APIS: i16 = 128;
const LATER_VERSIONS: i16 = 32;
/// Bytes of what a client calls itself.
const CLIENT_ID_BYTES: usize = 255;

/// The header of a request.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub api_key: i16,
    /// `None` of an operation that is not known yet.
    pub api: Option<&'static Api>,
    pub version: i16,
    pub correlation: i32,
    pub client_id: Option<&'a [u8]>,
    pub body: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads the header of a message.
    pub fn read(message: &'a [u8]) -> Result<Self, End> {
        let (fixed, rest) = message.split_at_checked(FIXED_BYTES).ok_or(End::Cut)?;
        let [_, _, _, _, k0, k1, v0, v1, c0, c1, c2, c3] = fixed else {
            return Err(End::Cut);
        };
        let (api_key, version) = (i16::from_be_bytes([*k0, *k1]), i16::from_be_bytes([*v0, *v1]));
        let mut header = Header {
            api_key,
            api: api(api_key),
            version,
            correlation: i32::from_be_bytes([*c0, *c1, *c2, *c3]),
            client_id: None,
            body: rest,
        };
        if (api_key, version) == (CONTROLLED_SHUTDOWN, 0) {
            return Ok(header);
        }
        let (length, rest) = rest.split_first_chunk().ok_or(End::Cut)?;
        let length = i16::from_be_bytes(*length);
        header.body = rest;
        if length != -1 {
            let length = usize::try_from(length).map_err(|_| End::Wrong)?;
            let so_far = rest.get(..length).unwrap_or(rest);
            if length > CLIENT_ID_BYTES || so_far.iter().any(u8::is_ascii_control) {
                return Err(End::Wrong);
            }
            let (client_id, rest) = rest.split_at_checked(length).ok_or(End::Cut)?;
            (header.client_id, header.body) = (Some(client_id), rest);
        }
        // The client identifier has the same form in all versions.
        if header.is_flexible() {
            header.body = after_tags(header.body)?;
        }
        Ok(header)
    }

    /// Walks over the body.
    pub fn body(&self, found: &mut Found) -> End {
        match self.api.filter(|api| self.version <= api.latest) {
            Some(api) => walk(self.body, self.version, self.is_flexible(), api.request, found),
            None => End::Open,
        }
    }

    fn is_flexible(&self) -> bool {
        self.api.is_some_and(|api| api.is_flexible(self.version))
    }
}

/// The correlation of a response.
pub(super) fn correlation(message: &[u8]) -> Option<i32> {
    let bytes = message.get(LENGTH_BYTES..)?.first_chunk()?;
    Some(i32::from_be_bytes(*bytes))
}

/// Walks over the body of a response to a request.
pub(super) fn response_body(message: &[u8], api_key: i16, version: i16, found: &mut Found) -> End {
    let body = message.get(LENGTH_BYTES.saturating_mul(2)..).unwrap_or_default();
    // Of a version that a server does not know it says so in its first.
    let Some(api) = api(api_key).filter(|api| version <= api.latest || api_key == API_VERSIONS) else {
        return End::Open;
    };
    let is_flexible = api.is_flexible(version);
    let body = if is_flexible && api_key != API_VERSIONS {
        after_tags(body)
    } else {
        Ok(body)
    };
    match body {
        Ok(body) => walk(body, version, is_flexible, api.response, found),
        Err(end) => end,
    }
}

/// What is expected of a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Requests,
    Responses,
    /// One of these, or what authenticates a client without a header.
    Any,
}

/// Says how long the message is that these bytes begin.
pub(super) fn frame(bytes: &[u8], expected: Expected) -> Frame {
    let Some(length) = bytes.first_chunk().map(|length| i32::from_be_bytes(*length)) else {
        return Frame::Incomplete;
    };
    let Ok(bytes_behind) = u64::try_from(length) else {
        return Frame::Nonsense("expected the length of a message, found a negative one");
    };
    let whole = Frame::Bytes(bytes_behind.saturating_add(LENGTH_BYTES as u64));
    match expected {
        Expected::Any => whole,
        Expected::Responses if bytes_behind < 4 => Frame::Nonsense("expected a response, found less than its header"),
        Expected::Responses => whole,
        Expected::Requests if !(8..=REQUEST_BYTES).contains(&length) => {
            Frame::Nonsense("expected the length of a request, found none")
        }
        Expected::Requests => match bytes.get(LENGTH_BYTES..) {
            Some([k0, k1, v0, v1, ..]) => {
                let (key, version) = (i16::from_be_bytes([*k0, *k1]), i16::from_be_bytes([*v0, *v1]));
                if (0..LATER_APIS).contains(&key) && (0..LATER_VERSIONS).contains(&version) {
                    whole
                } else {
                    Frame::Nonsense("expected a request, found an unknown operation")
                }
            }
            _ => Frame::Incomplete,
        },
    }
}

/// What bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A request; its client says what it calls itself.
    Named,
    /// A request of a client without a name.
    Nameless,
    /// It may become one.
    Begun,
    Nothing,
}

/// Says whether bytes begin a request of a known version, as far as they go.
pub(super) fn look(bytes: &[u8]) -> Look {
    let number = |place: usize| {
        let two = bytes.get(place..)?.first_chunk()?;
        Some(i16::from_be_bytes(*two))
    };
    let length = bytes.first_chunk().map(|length| i32::from_be_bytes(*length));
    let known = number(4).map(api);
    let is_possible = length.is_none_or(|length| (8..=REQUEST_BYTES).contains(&length))
        && known.is_none_or(|api| api.is_some())
        && number(6).is_none_or(|version| known.flatten().is_some_and(|api| (0..=api.latest).contains(&version)))
        && number(8).is_none_or(|correlation_high| correlation_high >= 0);
    if !is_possible {
        return Look::Nothing;
    }
    let length = length
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(usize::MAX);
    let end = length.saturating_add(LENGTH_BYTES);
    let message = bytes.get(..end).unwrap_or(bytes);
    let is_whole = message.len() == end;
    let header = match Header::read(message) {
        Ok(header) => header,
        Err(End::Cut) if !is_whole => return Look::Begun,
        Err(_) => return Look::Nothing,
    };
    let fits = match header.body(&mut Found::default()) {
        End::Whole(left) => is_whole && left == 0,
        End::Open => true,
        End::Cut => !is_whole,
        End::Wrong => false,
    };
    match header.client_id {
        _ if !fits => Look::Nothing,
        Some([_, ..]) => Look::Named,
        _ => Look::Nameless,
    }
}

/// True if bytes are one response and nothing else, as far as can be told.
pub(super) fn is_response(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk().map(|length| i32::from_be_bytes(*length));
    let is_one = length.and_then(|length| usize::try_from(length).ok()?.checked_add(LENGTH_BYTES)) == Some(bytes.len());
    // Clients count from 0.
    is_one && correlation(bytes).is_some_and(|correlation| (0..1 << 28).contains(&correlation))
}
