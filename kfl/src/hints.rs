//! What people who come from elsewhere write, and what they mean: one table a kind of spelling.

use crate::token::Token;

/// Operators of other languages: written, meant, and the token that is meant.
pub(crate) const OPERATORS: &[(&str, &str, Token<'static>)] = &[
    ("=", "==", Token::Eq),
    ("===", "==", Token::Eq),
    ("!==", "!=", Token::Ne),
    ("<>", "!=", Token::Ne),
    ("&", "&&", Token::And),
    ("|", "||", Token::Or),
];

/// Operators that other languages spell as words.
pub(crate) const WORDS: &[(&str, &str, Token<'static>)] = &[
    ("and", "&&", Token::And),
    ("or", "||", Token::Or),
    ("not", "!", Token::Not),
];

/// Words that other languages put between two values, with what is written here.
pub(crate) const INFIX: &[(&str, &str)] = &[
    ("and", "write `&&`"),
    ("or", "write `||`"),
    ("not", "write `!(…)`"),
    (
        "contains",
        "a text is searched with path.contains(\"x\"), a list with \"x\" in dns_questions",
    ),
    (
        "matches",
        "a regular expression is tested with path.matches(r\"^/api\")",
    ),
    (
        "like",
        "write path.startsWith(\"/api\"), path.contains(\"x\") or path.matches(r\"…\")",
    ),
    ("startswith", "write path.startsWith(\"/api\")"),
    ("endswith", "write path.endsWith(\".html\")"),
    ("between", "write status_code >= 400 && status_code < 500"),
    ("is", "write `==`; what a row does not have reads as \"\", 0 or false"),
    ("eq", "write `==`"),
    ("ne", "write `!=`"),
    ("gt", "write `>`"),
    ("ge", "write `>=`"),
    ("lt", "write `<`"),
    ("le", "write `<=`"),
];

/// Variables as other tools, or people's memory, name them.
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("response.status", "status_code"),
    ("response.status_code", "status_code"),
    ("response.body", "response_body"),
    ("request.method", "method"),
    ("request.path", "path"),
    ("request.url", "url"),
    ("request.host", "host"),
    ("request.body", "request_body"),
    ("src.ns", "src.namespace"),
    ("dst.ns", "dst.namespace"),
    ("src.svc", "src.service.name"),
    ("dst.svc", "dst.service.name"),
    ("src.pod", "src.pod.name"),
    ("dst.pod", "dst.pod.name"),
    ("src.service", "src.service.name"),
    ("dst.service", "dst.service.name"),
    ("http.status_code", "http && status_code"),
    ("http.method", "http && method"),
    ("http.path", "http && path"),
    ("http.host", "http && host"),
    ("http.request.method", "http && method"),
    ("http.request.uri", "http && url"),
    ("http.response.code", "http && status_code"),
    ("http.user_agent", "http && user_agent"),
    ("dns.qry.name", "dns && \"example.com\" in dns_questions"),
    ("dns.flags.rcode", "dns && status_code"),
    ("tls.handshake.extensions_server_name", "tlsx && tlsx_sni"),
    ("ip.src", "src.ip"),
    ("ip.dst", "dst.ip"),
    ("ip.addr", "\"10.0.0.1\" in [src.ip, dst.ip]"),
    ("ipv6.src", "src.ip"),
    ("ipv6.dst", "dst.ip"),
    ("tcp.port", "80 in [src.port, dst.port]"),
    ("tcp.srcport", "src.port"),
    ("tcp.dstport", "dst.port"),
    ("udp.port", "53 in [src.port, dst.port]"),
    ("udp.srcport", "src.port"),
    ("udp.dstport", "dst.port"),
    ("frame.time", "timestamp"),
    ("frame.number", "id"),
];

#[cfg(test)]
mod tests {
    use super::NAMES;

    #[test]
    fn what_is_meant_compiles_and_what_is_written_does_not() {
        for (written, meant) in NAMES {
            let mut problems = Vec::new();
            crate::parse::parse(meant, &mut problems);
            assert_eq!(problems, [], "{meant}");
            let environment = crate::Environment { now_ns: 0 };
            let refused = crate::compile(&format!("{written} == 1"), &environment).unwrap_err();
            assert!(
                refused[0].hint.as_deref().is_some_and(|hint| hint.contains(meant)),
                "{written}: {refused:?}"
            );
        }
    }
}
