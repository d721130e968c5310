//! Start lines of HTTP/1: what one is, and whether bytes begin with one.
//!
//! Specification: RFC 9112 §3 and §4. More is accepted than it allows, because servers accept it and a capture shows what
//! travelled: any token as method, blanks inside the target, a version that is cut short, the request line of HTTP/0.9, a
//! method alone.

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

use crate::dissect::{Half, Probe, Verdict};

/// A request line's parts, as places in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestLine {
    pub method: Range<usize>,
    pub target: Range<usize>,
    /// Empty for HTTP/0.9.
    pub version: Range<usize>,
}

/// A status line's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatusLine {
    pub version: Range<usize>,
    pub code: u16,
}

/// Longest method that is looked for; the longest registered one has 17 letters.
const METHOD_BYTES: usize = 32;

/// Methods that prove HTTP without a look at the version: the IANA registry of them, Exchange, UPnP, and what neighbours use.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"CONNECT",
    b"OPTIONS",
    b"TRACE",
    b"PATCH",
    b"QUERY",
    b"COPY",
    b"LOCK",
    b"MKCOL",
    b"MOVE",
    b"PROPFIND",
    b"PROPPATCH",
    b"REPORT",
    b"SEARCH",
    b"UNLOCK",
    b"MERGE",
    b"MKACTIVITY",
    b"CHECKOUT",
    b"CHECKIN",
    b"UNCHECKOUT",
    b"MKWORKSPACE",
    b"MKCALENDAR",
    b"VERSION-CONTROL",
    b"BASELINE-CONTROL",
    b"LABEL",
    b"ACL",
    b"BIND",
    b"REBIND",
    b"UNBIND",
    b"ORDERPATCH",
    b"BCOPY",
    b"BDELETE",
    b"BMOVE",
    b"BPROPFIND",
    b"BPROPPATCH",
    b"NOTIFY",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"POLL",
    b"PURGE",
    b"RPC_IN_DATA",
    b"RPC_OUT_DATA",
    b"BITS_POST",
    b"CCM_POST",
];

/// Ports on which a request line without version is believed.
pub(super) const PORTS: [u16; 4] = [80, 3128, 8000, 8080];

/// What a status line begins with; a digit follows.
const STATUS_PREFIX: &[u8] = b"HTTP/";
/// What the status line of a radio stream begins with, of which the rest is HTTP.
const RADIO_PREFIX: &[u8] = b"ICY ";

/// Reads a request line, without its line end.
pub(super) fn request(line: &[u8]) -> Option<RequestLine> {
    let Some(method_end) = memchr(b' ', line) else {
        let end = line.len();
        return METHODS.contains(&line).then_some(RequestLine {
            method: 0..end,
            target: end..end,
            version: end..end,
        });
    };
    let method = line.get(..method_end)?;
    if !is_method(method) {
        return None;
    }
    let after = line.get(method_end..)?;
    let target_start = method_end.checked_add(after.iter().position(|byte| *byte != b' ')?)?;
    let version = memmem::rfind(after, b" HTTP/").and_then(|at| method_end.checked_add(at));
    match version {
        Some(blank) if blank > target_start => {
            let version = blank.checked_add(1)?..line.len();
            let major = line.get(blank.checked_add(b" HTTP/".len())?..)?.first()?;
            let mut target = target_start..line.get(..blank)?.trim_ascii_end().len();
            // An authority holds no blanks.
            if method == b"CONNECT"
                && let Some(length) = memchr(b' ', line.get(target.clone())?)
            {
                target.end = target_start.checked_add(length)?;
            }
            let is_preface = method == b"PRI";
            (major.is_ascii_digit() && !is_preface).then_some(RequestLine {
                method: 0..method_end,
                target,
                version,
            })
        }
        _ => {
            let target = target_start..line.trim_ascii_end().len();
            let simple = METHODS.contains(&method) && memchr(b' ', line.get(target.clone())?).is_none();
            simple.then_some(RequestLine {
                method: 0..method_end,
                target,
                version: line.len()..line.len(),
            })
        }
    }
}

/// Reads a status line, without its line end.
pub(super) fn status(line: &[u8]) -> Option<StatusLine> {
    (begins_status(line) || line.starts_with(RADIO_PREFIX)).then_some(())?;
    let version_end = memchr(b' ', line)?;
    let code = line.get(version_end..)?.trim_ascii_start();
    let (digits, after) = code.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || after.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        return None;
    }
    let code = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(StatusLine {
        version: 0..version_end,
        code,
    })
}

/// Says whether a half that begins with these bytes can still become a message: a cheap test, so that a half in disorder
/// is not collected as a head.
pub(super) fn can_begin(bytes: &[u8], half: Half) -> bool {
    match half {
        Half::Client => {
            let method = bytes.get(..METHOD_BYTES).unwrap_or(bytes);
            let end = memchr2(b' ', b'\n', method);
            match end {
                Some(end) => method
                    .get(..end)
                    .is_some_and(|method| is_method(method.trim_ascii_end())),
                None => bytes.len() < METHOD_BYTES && bytes.trim_ascii_end().iter().all(is_token),
            }
        }
        Half::Server => {
            let agree = |prefix: &[u8]| bytes.iter().zip(prefix).all(|(one, other)| one == other);
            agree(RADIO_PREFIX)
                || (agree(STATUS_PREFIX) && (bytes.len() <= STATUS_PREFIX.len() || begins_status(bytes)))
        }
    }
}

/// Recognises HTTP/1 by the first bytes of a half, whichever side sent them.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = skip_blank_lines(probe.bytes);
    if begins_status(bytes) {
        return Verdict::Certain;
    }
    if STATUS_PREFIX.starts_with(bytes) {
        return Verdict::Unsure;
    }
    if !can_begin(bytes, Half::Client) {
        return Verdict::No;
    }
    if let Some(line_end) = memchr(b'\n', bytes) {
        let line = bytes.get(..line_end).unwrap_or_default();
        return match request(line.trim_ascii_end()) {
            Some(line) if !line.version.is_empty() => Verdict::Certain,
            Some(_) if probe.is_hinted => Verdict::Certain,
            _ => Verdict::No,
        };
    }
    let Some(method_end) = memchr(b' ', bytes) else {
        return Verdict::Unsure;
    };
    let (method, target) = bytes.split_at_checked(method_end).unwrap_or_default();
    let target = target.trim_ascii_start();
    if METHODS.contains(&method) && (target.starts_with(b"/") || target.starts_with(b"http://")) {
        return Verdict::Certain;
    }
    Verdict::Unsure
}

/// Says that these bytes, taken from the middle of a half, begin a message beyond doubt.
pub(super) fn begins(bytes: &[u8], half: Half) -> bool {
    let certain = probe(&Probe {
        bytes,
        half,
        src_port: 0,
        dst_port: 0,
        is_hinted: false,
    }) == Verdict::Certain;
    certain && from_server(bytes) == (half == Half::Server)
}

/// Says that the sender of these bytes is the server.
pub(super) fn from_server(bytes: &[u8]) -> bool {
    begins_status(skip_blank_lines(bytes))
}

/// Says that a status line begins here, whatever the version.
fn begins_status(bytes: &[u8]) -> bool {
    let version = bytes.strip_prefix(STATUS_PREFIX);
    version.and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit)
}

/// Leaves out the empty lines that may precede a message (RFC 9112 §2.2).
pub(super) fn skip_blank_lines(bytes: &[u8]) -> &[u8] {
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes.get(blank..).unwrap_or_default()
}

fn is_method(method: &[u8]) -> bool {
    !method.is_empty() && method.len() <= METHOD_BYTES && method.iter().all(is_token)
}

/// RFC 9110 §5.6.2.
fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_request(line: &str, expect: Option<(&str, &str, &str)>) {
        let found = request(line.as_bytes()).map(|parts| {
            (
                line[parts.method].to_owned(),
                line[parts.target].to_owned(),
                line[parts.version].to_owned(),
            )
        });
        let found = found
            .as_ref()
            .map(|(method, target, version)| (method.as_str(), target.as_str(), version.as_str()));
        assert_eq!(found, expect);
    }

    #[test]
    fn request_lines() {
        check_request("GET / HTTP/1.1", Some(("GET", "/", "HTTP/1.1")));
        check_request("get /a b HTTP/1.0", Some(("get", "/a b", "HTTP/1.0")));
        check_request("M-SEARCH  *  HTTP/1.1", Some(("M-SEARCH", "*", "HTTP/1.1")));
        check_request("CONNECT a:443 HTTP/1.1", Some(("CONNECT", "a:443", "HTTP/1.1")));
        check_request(
            "GET http://a/?q= HTTP/1.1 HTTP/1.1",
            Some(("GET", "http://a/?q= HTTP/1.1", "HTTP/1.1")),
        );
        check_request("GET / HTTP/1.", Some(("GET", "/", "HTTP/1.")));
        check_request("GET /", Some(("GET", "/", "")));
        check_request("GET HTTP/1.1", Some(("GET", "HTTP/1.1", "")));
        check_request("GET / HTTP/2.0", Some(("GET", "/", "HTTP/2.0")));
        check_request("PRI * HTTP/2.0", None);
        check_request("SPAM /", None);
        check_request("INVITE sip:a@b SIP/2.0", None);
        check_request("CONNECT a:25 / HTTP/1.0", Some(("CONNECT", "a:25", "HTTP/1.0")));
        check_request("OPTIONS", Some(("OPTIONS", "", "")));
        check_request("NOOP", None);
        check_request("GET ", None);
        check_request(" / HTTP/1.1", None);
        check_request("G(T / HTTP/1.1", None);
    }

    #[test]
    fn status_lines() {
        let code = |line: &str| status(line.as_bytes()).map(|line| line.code);
        assert_eq!(code("HTTP/1.1 200 OK"), Some(200));
        assert_eq!(code("HTTP/1.0  404"), Some(404));
        assert_eq!(code("HTTP/1.1 200OK"), None);
        assert_eq!(code("HTTP/1.1 20"), None);
        assert_eq!(code("HTTP/2 200"), Some(200));
        assert_eq!(code("HTTP/ 200"), None);
        assert_eq!(code("ICY 200 OK"), Some(200));
    }

    #[test]
    fn recognition_by_content() {
        let verdict = |bytes: &str, dst_port| {
            probe(&Probe {
                bytes: bytes.as_bytes(),
                half: Half::Client,
                src_port: 50000,
                dst_port,
                is_hinted: PORTS.contains(&dst_port),
            })
        };
        assert_eq!(verdict("G", 9), Verdict::Unsure);
        assert_eq!(verdict("GET /a/very/long/path", 9), Verdict::Certain);
        assert_eq!(verdict("\r\nGET / HTTP/1.1\r\n", 9), Verdict::Certain);
        assert_eq!(verdict("FROB /a HTT", 9), Verdict::Unsure);
        assert_eq!(verdict("FROB /a HTTP/1.1\n", 9), Verdict::Certain);
        assert_eq!(verdict("GET key\r\n", 6379), Verdict::No);
        assert_eq!(verdict("GET /\r\n", 80), Verdict::Certain);
        assert_eq!(verdict("OPTIONS\nHost: a\n\n", 80), Verdict::Certain);
        assert_eq!(verdict("OPTIONS\r\n", 9), Verdict::No);
        assert_eq!(verdict("OPTIONS\r", 80), Verdict::Unsure);
        assert_eq!(verdict("PRI * HTTP/2.0\r\n", 80), Verdict::No);
        assert_eq!(verdict("OPTIONS rtsp://a RTSP/1.0\r\n", 554), Verdict::No);
        assert_eq!(verdict("HTT", 9), Verdict::Unsure);
        assert_eq!(verdict("HTTP/", 9), Verdict::Unsure);
        assert_eq!(verdict("ICY 200 OK\r\n", 9), Verdict::No);
        assert_eq!(verdict("HTTP/1.1 2", 9), Verdict::Certain);
        assert_eq!(verdict("\u{16}\u{3}\u{1}", 443), Verdict::No);
    }
}
