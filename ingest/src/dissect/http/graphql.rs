//! GraphQL: which requests carry an operation, and which one.
//!
//! In: the parameters and the kept content of a request. Out: the operation's name and document. Specification: GraphQL over
//! HTTP (§5 and §6), GraphQL §2 (October 2021), the multipart request convention, automatic persisted queries. What counts is
//! what is said, not where: a text under `query` is an operation if it begins like a document. Content that was cut gives what
//! can be read.
//!
//! Absent on purpose: operations over WebSocket, whose messages are rows of their own; names of stored documents that are
//! known by a number alone.

mod document;
mod json;

use std::borrow::Cow;

use memchr::memmem;

/// Operations of one request that are looked at.
const BATCH: usize = 64;

/// An operation, or several that came in one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Operation {
    /// Its name; of several joined with ", ".
    pub name: Option<String>,
    /// Its document; of several joined with line ends.
    pub document: Option<String>,
    /// "query", "mutation", "subscription"; of several, that of the first.
    pub kind: Option<&'static str>,
}

/// The message of the first error that a response tells of.
pub(super) fn error(body: Option<&[u8]>) -> Option<String> {
    json::first_error(body?).map(Cow::into_owned)
}

/// What a request may carry an operation in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carrier<'a> {
    /// The parameters of the target.
    pub parameters: &'a [(&'a str, &'a str)],
    pub content_type: Option<&'a str>,
    /// The kept content, its coding removed.
    pub body: Option<&'a [u8]>,
}

/// The parts of a request that names them (GraphQL over HTTP §5.1).
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts<'a> {
    query: Option<Cow<'a, str>>,
    operation_name: Option<Cow<'a, str>>,
    /// The document is one that the server keeps.
    is_persisted: bool,
}

impl Operation {
    /// What a summary says of it: "mutation Pay".
    pub fn title(&self) -> Option<String> {
        let parts = [self.kind, self.name.as_deref()];
        let title = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!title.is_empty()).then_some(title)
    }

    /// Reads the operation out of a request; empty if there is none.
    pub fn of(carrier: Carrier<'_>) -> Self {
        let found = Self::in_body(&carrier);
        if found != Self::default() {
            return found;
        }
        let value = |wanted| {
            let mut parameters = carrier.parameters.iter();
            parameters.find(|(name, _)| *name == wanted).map(|(_, value)| *value)
        };
        let parts = Parts {
            query: value("query").map(Cow::Borrowed),
            operation_name: value("operationName").map(Cow::Borrowed),
            is_persisted: value("extensions").is_some_and(|text| text.contains(json::PERSISTED)),
        };
        Self::join([parts])
    }

    fn in_body(carrier: &Carrier<'_>) -> Self {
        let body = carrier.body.unwrap_or_default();
        let media_type = carrier.content_type.unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/graphql") {
            return Self::join([Parts {
                query: Some(String::from_utf8_lossy(body)),
                ..Parts::default()
            }]);
        }
        let json = match body.trim_ascii_start().first() {
            Some(b'{' | b'[') => body,
            Some(b'-') => multipart(body).unwrap_or_default(),
            _ => return Self::default(),
        };
        Self::join(json::requests(json, BATCH))
    }

    fn join<'a>(requests: impl IntoIterator<Item = Parts<'a>>) -> Self {
        let (mut names, mut documents, mut kind) = (Vec::new(), Vec::new(), None);
        for parts in requests {
            let query = parts.query.filter(|query| document::begins(query));
            if query.is_none() && !parts.is_persisted {
                continue;
            }
            let name = parts.operation_name.filter(|name| !name.is_empty());
            let name = name.map(Cow::into_owned);
            kind = kind.or_else(|| document::kind(query.as_deref()?, name.as_deref()));
            names.extend(name.or_else(|| document::name(query.as_deref()?).map(str::to_owned)));
            documents.extend(query.map(Cow::into_owned));
        }
        Self {
            name: (!names.is_empty()).then(|| names.join(", ")),
            document: (!documents.is_empty()).then(|| documents.join("\n")),
            kind,
        }
    }
}

/// The part of a form that holds the operations, when files are sent with them.
fn multipart(body: &[u8]) -> Option<&[u8]> {
    let name = memmem::find(body, b"name=\"operations\"")?;
    let part = body.get(name..)?;
    let head = memmem::find(part, b"\r\n\r\n")?;
    part.get(head..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content_type: &str, body: &str, expect: Option<(&str, &str)>) {
        let found = Operation::of(Carrier {
            parameters: &[],
            content_type: Some(content_type),
            body: Some(body.as_bytes()),
        });
        let expect = expect.map(|(name, document)| {
            let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            Operation {
                kind: found.kind,
                name: text(name),
                document: text(document),
            }
        });
        assert_eq!(found, expect.unwrap_or_default());
    }

    const JSON: &str = "application/json";

    #[test]
    fn operations_in_content() {
        check(JSON, r#"{"query":"{ hero }"}"#, Some(("", "{ hero }")));
        check(
            JSON,
            r#" {"variables":{"a":["}",{}]},"operationName":"B","query":"query A{a}\n query B{\u00fc}"} "#,
            Some(("B", "query A{a}\n query B{ü}")),
        );
        check(
            "application/graphql-response+json",
            r#"{"query":"mutation M($a: Int){m}","operationName":null}"#,
            Some(("M", "mutation M($a: Int){m}")),
        );
        check("application/graphql", "query Q { q }", Some(("Q", "query Q { q }")));
        check(
            JSON,
            r#"[{"query":"query A{a}"},{"query":"query B{b}"}]"#,
            Some(("A, B", "query A{a}\nquery B{b}")),
        );
        check(
            JSON,
            r#"{"operationName":"P","extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}"#,
            Some(("P", "")),
        );
        check(
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"mutation U{u}\"}\r\n--x",
            Some(("U", "mutation U{u}")),
        );
        // Cut.
        check(
            JSON,
            r#"{"query":"query Long { a { b"#,
            Some(("Long", "query Long { a { b")),
        );
        check(
            JSON,
            r#"{"operationName":"Q","query":"query Q{a}","vari"#,
            Some(("Q", "query Q{a}")),
        );
    }

    #[test]
    fn what_only_looks_like_one() {
        for other in [
            r#"{"query":"query optimization"}"#,
            r#"{"query":"select 1"}"#,
            r#"{"query":{"match_all":{}}}"#,
            r#"{"query":"{\"a\":1}"}"#,
            r#"{"operationName":"A"}"#,
            r#"{"a":{"query":"{ hero }"}}"#,
            "[1,2]",
            "{",
            "",
        ] {
            check(JSON, other, None);
        }
        check("application/graphql", "nothing", None);
    }

    #[test]
    fn operations_in_parameters() {
        let of = |parameters: &[(&str, &str)]| {
            Operation::of(Carrier {
                parameters,
                content_type: None,
                body: None,
            })
        };
        let found = of(&[("query", "query Q{a}"), ("variables", "{}")]);
        assert_eq!(
            (found.name.as_deref(), found.document.as_deref()),
            (Some("Q"), Some("query Q{a}"))
        );
        let found = of(&[
            ("operationName", "P"),
            ("extensions", r#"{"persistedQuery":{"version":1}}"#),
        ]);
        assert_eq!((found.name.as_deref(), found.document), (Some("P"), None));
        assert_eq!(of(&[("query", "cats")]), Operation::default());
    }
}
