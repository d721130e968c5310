//! What HTTP exchanges share, whatever version carried them.
//!
//! In: a request, its response, or both, as the dissector of a version read them. Out: one `http` row. Specification:
//! RFC 9110, RFC 6265 §4 (cookies), URL Standard §5.1 (query parameters), gRPC over HTTP/2, GraphQL over
//! HTTP.
//!
//! Absent on purpose: everything about how a version delimits and pairs messages.

mod coding;
mod content;
mod graphql;
mod grpc;
mod messages;
mod pairs;
mod row;
mod target;

pub(super) use content::Content;
pub(super) use pairs::Pairs;
pub(super) use row::append;
pub(super) use target::Target;

use super::{Half, Start};

/// The protocol's name in rows, of every version.
pub(super) const NAME: &str = "HTTP";

/// A request, its response, or both.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    /// Version as sent.
    pub version: Option<&'a str>,
    /// The half that asked.
    pub client: Half,
    pub request: Option<Request<'a>>,
    pub response: Option<Response<'a>>,
    /// The error code's name, or nothing, if a side gave the exchange up before the response was over.
    pub reset: Option<&'a str>,
}

/// A request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub method: Option<&'a str>,
    /// The request target, as sent.
    pub target: Option<&'a str>,
    /// The authority, where the version sends it apart from the target.
    pub authority: Option<&'a str>,
    pub message: Message<'a>,
}

/// A response.
#[derive(Debug)]
pub(super) struct Response<'a> {
    pub code: Option<u16>,
    pub message: Message<'a>,
}

/// What requests and responses share.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub start: Start,
    /// Capture time of its last byte.
    pub end_ns: i64,
    /// The fields in order, names in lower case.
    pub fields: Vec<(&'a str, &'a str)>,
    /// Bytes in which start line and header fields travelled.
    pub head_bytes: usize,
    pub content: &'a Content,
}

impl<'a> Message<'a> {
    /// The values of a field, named in lower case.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |field| field.0 == name)
            .map(|field| field.1)
    }

    /// The first value of a field, named in lower case.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }
}
