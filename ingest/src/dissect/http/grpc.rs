//! gRPC: which exchanges are calls, of what, and how they ended.
//!
//! Specification: gRPC over HTTP/2 (PROTOCOL-HTTP2.md), gRPC-Web (PROTOCOL-WEB.md). Absent on purpose: the status of a
//! gRPC-Web call, which travels inside the content, and the messages themselves.

use super::Exchange;

/// A call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Call<'a> {
    /// The service with its package: "greet.Greeter".
    pub service: Option<&'a str>,
    /// The method's name alone.
    pub method: Option<&'a str>,
    /// The status, from the trailers or, if the response has nothing else, from the header.
    pub status: Option<i64>,
}

impl<'a> Call<'a> {
    /// Reads the call out of an exchange; empty if it is none.
    pub fn of(exchange: &Exchange<'a>, path: Option<&'a str>) -> Self {
        let request = exchange.request.as_ref().map(|request| &request.message);
        let response = exchange.response.as_ref().map(|response| &response.message);
        let mut messages = request.into_iter().chain(response);
        let status = response.and_then(|message| message.value("grpc-status"));
        let is_call =
            status.is_some() || messages.any(|message| message.value("content-type").is_some_and(is_grpc_content_type));
        if !is_call {
            return Self::default();
        }
        let (service, method) = path.and_then(split_path).unzip();
        Self {
            service,
            method,
            status: status
                .and_then(|status| status.trim().parse::<u32>().ok())
                .map(i64::from),
        }
    }
}

/// `application/grpc`, alone or with a suffix, and the variants for browsers.
fn is_grpc_content_type(content_type: &str) -> bool {
    let subtype = content_type.trim_start().strip_prefix("application/grpc");
    subtype.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';', '-', ' ']))
}

/// The service and the method of a path; a proxy may have put something before them.
fn split_path(path: &str) -> Option<(&str, &str)> {
    let (before, method) = path.rsplit_once('/')?;
    let service = before.rsplit('/').next()?;
    (!service.is_empty() && !method.is_empty()).then_some((service, method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(
            split_path("/greet.Greeter/SayHello"),
            Some(("greet.Greeter", "SayHello"))
        );
        assert_eq!(split_path("/proxy/a.B/C"), Some(("a.B", "C")));
        assert_eq!(split_path("/a"), None);
        assert_eq!(split_path("/a/"), None);
        assert_eq!(split_path(""), None);
    }

    #[test]
    fn content_types() {
        for grpc in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc-web-text",
            "application/grpc; a=b",
        ] {
            assert!(is_grpc_content_type(grpc), "{grpc}");
        }
        for other in ["", "application/grpcish", "text/plain", "application/json"] {
            assert!(!is_grpc_content_type(other), "{other}");
        }
    }
}
