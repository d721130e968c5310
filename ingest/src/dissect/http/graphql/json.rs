//! The few members of a JSON request that tell of a GraphQL operation.
//!
//! Specification: RFC 8259. Other values are jumped over without a look at what they mean. Where the text ends early or is
//! damaged, what was read before stands.

use std::borrow::Cow;

use super::Parts;

/// The extension that stands for a document which the server keeps.
pub(super) const PERSISTED: &str = "persistedQuery";

/// Reads a request, or the first of several in a list.
pub(super) fn requests(text: &[u8], most: usize) -> Vec<Parts<'_>> {
    let mut input = Input(text);
    let mut requests = Vec::new();
    let is_list = input.take(b'[');
    while requests.len() < most {
        let mut parts = Parts::default();
        let is_whole = input.object(&mut parts).is_some();
        requests.push(parts);
        if !is_list || !is_whole || !input.take(b',') {
            break;
        }
    }
    requests
}

/// The message of the first error in a response (GraphQL §7.1.2).
pub(super) fn first_error(text: &[u8]) -> Option<Cow<'_, str>> {
    let mut input = Input(text);
    input.take(b'[');
    input.member("errors")?;
    input.take(b'[').then_some(())?;
    input.member("message")?;
    input.string()
}

/// What is left of the text.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Reads an object; `None` if it did not come whole.
    fn object(&mut self, parts: &mut Parts<'a>) -> Option<()> {
        self.take(b'{').then_some(())?;
        loop {
            if self.take(b'}') {
                return Some(());
            }
            let key = self.string()?;
            self.take(b':').then_some(())?;
            let value_begins = self.peek()?;
            match key.as_ref() {
                "query" if value_begins == b'"' => parts.query = self.string(),
                "operationName" if value_begins == b'"' => parts.operation_name = self.string(),
                "extensions" => {
                    let before = self.0;
                    let whole = self.skip_value();
                    let value = before.get(..before.len().saturating_sub(self.0.len()));
                    parts.is_persisted =
                        value.is_some_and(|value| memchr::memmem::find(value, PERSISTED.as_bytes()).is_some());
                    whole?;
                }
                _ => self.skip_value()?,
            }
            self.take(b',');
        }
    }

    /// Goes to the value of a member of the object that begins here; `None` if there is none.
    fn member(&mut self, wanted: &str) -> Option<()> {
        self.take(b'{').then_some(())?;
        loop {
            let key = self.string()?;
            self.take(b':').then_some(())?;
            if key == wanted {
                return Some(());
            }
            self.skip_value()?;
            self.take(b',').then_some(())?;
        }
    }

    /// Reads a string, or as much of it as there is.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"').then_some(())?;
        let bytes = self.0;
        let mut end = 0_usize;
        let mut is_plain = true;
        while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(end..).unwrap_or_default()) {
            end = end.checked_add(found)?;
            if bytes.get(end) == Some(&b'"') {
                self.0 = bytes.get(end.checked_add(1)?..)?;
                return Some(text(bytes.get(..end)?, is_plain));
            }
            is_plain = false;
            end = end.checked_add(2)?;
        }
        self.0 = &[];
        Some(text(bytes, is_plain))
    }

    /// Jumps over a value; `None` if it did not come whole.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth = depth.checked_add(1)?;
                    self.next();
                    continue;
                }
                b'}' | b']' if depth > 0 => {
                    depth = depth.checked_sub(1)?;
                    self.next();
                }
                b',' | b':' if depth > 0 => {
                    self.next();
                    continue;
                }
                b',' | b':' | b'}' | b']' => return Some(()),
                _ => {
                    let scalar = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
                    let length = self.0.iter().take_while(|byte| scalar(byte)).count();
                    if length == 0 {
                        return None;
                    }
                    self.0 = self.0.get(length..)?;
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// The next byte behind white space.
    fn peek(&mut self) -> Option<u8> {
        self.0 = self.0.trim_ascii_start();
        self.0.first().copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.next();
        }
        is_there
    }

    fn next(&mut self) {
        self.0 = self.0.get(1..).unwrap_or_default();
    }
}

/// The text of a string, its escapes removed.
fn text(bytes: &[u8], is_plain: bool) -> Cow<'_, str> {
    let raw = String::from_utf8_lossy(bytes);
    if is_plain {
        return raw;
    }
    let mut text = String::with_capacity(raw.len());
    let mut units: Vec<u16> = Vec::new();
    let mut letters = raw.chars();
    loop {
        let letter = letters.next();
        let escape = if letter == Some('\\') { letters.next() } else { None };
        if escape == Some('u') {
            let rest = letters.as_str();
            let digits = rest.get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
            if let Some(unit) = digits {
                units.push(unit);
                letters = rest.get(4..).unwrap_or_default().chars();
                continue;
            }
        }
        // A letter beyond 16 bits is escaped as two units.
        text.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
        match (letter, escape) {
            (None, _) => return text.into(),
            (Some('\\'), Some('n')) => text.push('\n'),
            (Some('\\'), Some('t')) => text.push('\t'),
            (Some('\\'), Some('r')) => text.push('\r'),
            (Some('\\'), Some('b')) => text.push('\u{8}'),
            (Some('\\'), Some('f')) => text.push('\u{c}'),
            (Some('\\'), None) => {}
            (Some('\\'), Some(other)) | (Some(other), _) => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(Option<&str>, Option<&str>)]) {
        let found = requests(text.as_bytes(), 3);
        let found: Vec<_> = found
            .iter()
            .map(|parts| (parts.query.as_deref(), parts.operation_name.as_deref()))
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn members_are_found_wherever_they_stand() {
        check(
            r#"{"a":[1,-2.5e3,{"query":"no"},null],"b":"\"","query":"q","operationName":"o"}"#,
            &[(Some("q"), Some("o"))],
        );
        check(
            r#"{"query":"\u00e4\ud83d\ude00\n\/\"\ud83d"}"#,
            &[(Some("ä😀\n/\"\u{fffd}"), None)],
        );
        check(
            r#"[{"query":"a"}, {"query":"b"}]"#,
            &[(Some("a"), None), (Some("b"), None)],
        );
        check("[{},{},{},{}]", &[(None, None); 3]);
    }

    #[test]
    fn the_first_error_is_found() {
        let error = |text: &'static str| first_error(text.as_bytes());
        assert_eq!(
            error(
                r#"{"data":{"errors":[{"message":"no"}]},"errors":[{"path":["a"],"message":"locked"},{"message":"b"}]}"#
            )
            .as_deref(),
            Some("locked")
        );
        assert_eq!(error(r#"[{"errors":[{"message":"a"}]}]"#).as_deref(), Some("a"));
        for none in [
            r#"{"data":{}}"#,
            r#"{"errors":[]}"#,
            r#"{"errors":null}"#,
            "",
            r#"{"data":"#,
        ] {
            assert_eq!(error(none), None);
        }
    }

    #[test]
    fn what_comes_before_damage_stands() {
        check(r#"{"query":"q","#, &[(Some("q"), None)]);
        check(r#"{"query":"q\u00"#, &[(Some("qu00"), None)]);
        check(r#"{"query":"q\"#, &[(Some("q"), None)]);
        check(r#"{"query""#, &[(None, None)]);
        check(r#"{"a":?,"query":"q"}"#, &[(None, None)]);
        check(&format!("{{\"a\":{}", "[".repeat(5000)), &[(None, None)]);
        check("[", &[(None, None)]);
    }
}
