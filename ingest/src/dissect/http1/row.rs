//! An HTTP exchange to its row.
//!
//! Specification: RFC 9110, RFC 6265 §4 (cookies), URL Standard §5.1 (query parameters).

use std::borrow::Cow;
use std::collections::BTreeMap;

use schema::tables::http::{Http, HttpOwn};

use super::coding;
use super::exchange::{Exchange, Message};
use super::head::StartLine;
use crate::dissect::{Context, Entry, Half, elapsed_us, number, shorten};

/// Bytes of a URL that a summary shows.
const SUMMARY_URL_BYTES: usize = 200;

/// Appends the row of an exchange; nothing if it is empty.
pub(super) fn append(exchange: Exchange, context: &mut Context<'_>) {
    let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
    let Some(start) = request.or(response).map(|message| message.start) else {
        return;
    };
    let [method, url, version] = request.map_or([None; 3], request_line);
    let (response_version, code) = response.map_or((None, None), status_line);
    let parts = Target::of(url.unwrap_or_default());
    let value =
        |message: Option<&'_ Message>, name| message.and_then(|message| message.head.value(name)).map(str::to_owned);
    let host = parts.host.map(str::to_owned).or_else(|| value(request, "host"));
    let user_agent = value(request, "user-agent");
    let content_type = value(response, "content-type").or_else(|| value(request, "content-type"));
    let query = query(parts.query);
    let (request_headers, response_headers) = (headers(request), headers(response));
    let request_cookies = cookies(request, "cookie");
    let response_cookies = cookies(response, "set-cookie");
    let (request_body, response_body) = (body(request, context), body(response, context));
    let summary = summary(method, url, code);
    let (common, identity) = context.common(Entry {
        protocol: super::NAME,
        start,
        client: Half::Client,
        elapsed_time_us: request
            .zip(response)
            .map(|(request, response)| elapsed_us(request.end_ns, response.start.timestamp_ns)),
        status_code: code.map(i64::from),
        summary: &summary,
        request_packet: request.map(|message| message.start.packet),
        response_packet: response.map(|message| message.start.packet),
    });
    context.tables.http.append(Http {
        common,
        identity,
        own: HttpOwn {
            method,
            url,
            path: parts.path,
            http_version: version.filter(|version| !version.is_empty()).or(response_version),
            query_string: &query.borrowed(),
            request_headers: &request_headers.borrowed(),
            response_headers: &response_headers.borrowed(),
            request_cookies: &request_cookies.borrowed(),
            response_cookies: &response_cookies.borrowed(),
            request_headers_size: request.map(|message| number(message.head.size_bytes as u64)),
            request_body_size: request.map(|message| number(message.content.size_bytes)),
            response_headers_size: response.map(|message| number(message.head.size_bytes as u64)),
            response_body_size: response.map(|message| number(message.content.size_bytes)),
            request_body: request_body.as_deref(),
            response_body: response_body.as_deref(),
            host: host.as_deref(),
            user_agent: user_agent.as_deref(),
            content_type: content_type.as_deref(),
        },
    });
}

fn request_line(message: &Message) -> [Option<&str>; 3] {
    match &message.head.line {
        StartLine::Request(line) => {
            [&line.method, &line.target, &line.version].map(|place| Some(message.head.part(place)))
        }
        StartLine::Status(_) => [None; 3],
    }
}

fn status_line(message: &Message) -> (Option<&str>, Option<u16>) {
    match &message.head.line {
        StartLine::Status(line) => (Some(message.head.part(&line.version)), Some(line.code)),
        StartLine::Request(_) => (None, None),
    }
}

fn summary(method: Option<&str>, url: Option<&str>, code: Option<u16>) -> String {
    let asked = method
        .zip(url)
        .map(|(method, url)| format!("{method} {}", shorten(url, SUMMARY_URL_BYTES)));
    match (asked, code) {
        (Some(asked), Some(code)) => format!("{asked} → {code}"),
        (Some(asked), None) => asked,
        (None, Some(code)) => format!("→ {code}"),
        (None, None) => String::new(),
    }
}

/// The parts of a request target (RFC 9112 §3.2).
#[derive(Debug, Default, PartialEq, Eq)]
struct Target<'a> {
    /// Of the absolute form and the authority form alone.
    host: Option<&'a str>,
    path: Option<&'a str>,
    query: &'a str,
}

impl<'a> Target<'a> {
    fn of(target: &'a str) -> Self {
        let (authority, rest) = match target.split_once("://") {
            Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !scheme.is_empty() => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (authority, rest) = rest.split_at_checked(end).unwrap_or_default();
                (Some(authority), if rest.is_empty() { "/" } else { rest })
            }
            _ if target.starts_with(['/', '*', '?']) => (None, target),
            _ if target.is_empty() => return Self::default(),
            _ => {
                return Self {
                    host: Some(target),
                    ..Self::default()
                };
            }
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self {
            host: authority,
            path: Some(path),
            query,
        }
    }
}

/// Names with values, in the order in which the names came; values of a repeated name are joined with ", ".
#[derive(Debug, Default)]
struct Pairs<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    places: BTreeMap<Cow<'a, str>, usize>,
}

impl<'a> Pairs<'a> {
    fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        let next = self.pairs.len();
        let place = *self.places.entry(name.clone()).or_insert(next);
        match self.pairs.get_mut(place) {
            Some((_, known)) => {
                let known = known.to_mut();
                known.push_str(", ");
                known.push_str(&value);
            }
            None => self.pairs.push((name, value)),
        }
    }

    fn borrowed(&self) -> Vec<(&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .collect()
    }
}

fn headers(message: Option<&Message>) -> Pairs<'_> {
    let mut pairs = Pairs::default();
    for (name, value) in message.into_iter().flat_map(|message| message.head.fields()) {
        pairs.add(name.into(), value.into());
    }
    pairs
}

/// The cookies of a `Cookie` field, or of each `Set-Cookie` field without its attributes.
fn cookies<'a>(message: Option<&'a Message>, field: &'static str) -> Pairs<'a> {
    let most_per_field = if field == "cookie" { usize::MAX } else { 1 };
    let mut pairs = Pairs::default();
    for value in message.into_iter().flat_map(|message| message.head.values(field)) {
        for cookie in value.split(';').take(most_per_field) {
            let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
            if !name.trim().is_empty() {
                pairs.add(name.trim().into(), value.trim().into());
            }
        }
    }
    pairs
}

fn query(query: &str) -> Pairs<'_> {
    let mut pairs = Pairs::default();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        pairs.add(percent_decode(name), percent_decode(value));
    }
    pairs
}

/// Removes the escapes of a form: `%41` is A, `+` a blank; a broken escape stays as it is.
fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return text.into();
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let digit = |place: usize| after.get(place).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(0).zip(digit(1))) {
            (b'%', Some((high, low))) => {
                decoded.push(u8::try_from(high << 4 | low).unwrap_or(b'%'));
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned().into()
}

fn body<'a>(message: Option<&'a Message>, context: &Context<'_>) -> Option<Cow<'a, [u8]>> {
    let message = message?;
    let kept = message.content.kept.as_slice();
    (!kept.is_empty()).then(|| coding::decode(&message.head, kept, context.limits.body_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let of = |target| {
            let parts = Target::of(target);
            (parts.host, parts.path, parts.query)
        };
        assert_eq!(of("/a/b?c=d#e"), (None, Some("/a/b"), "c=d"));
        assert_eq!(of("http://a:80/b?c"), (Some("a:80"), Some("/b"), "c"));
        assert_eq!(of("HTTP://a"), (Some("a"), Some("/"), ""));
        assert_eq!(of("a:443"), (Some("a:443"), None, ""));
        assert_eq!(of("*"), (None, Some("*"), ""));
        assert_eq!(of("/redirect?to=http://b/"), (None, Some("/redirect"), "to=http://b/"));
        assert_eq!(of(""), (None, None, ""));
    }

    #[test]
    fn queries_are_decoded_and_repeated_names_joined() {
        let pairs = query("a=1&b=%C3%BC+x&a=2&c&%zz=%4&=");
        assert_eq!(
            pairs.borrowed(),
            [("a", "1, 2"), ("b", "ü x"), ("c", ""), ("%zz", "%4"), ("", "")]
        );
    }
}
