//! Request targets and their parts.

/// The parts of a request target (RFC 9112 §3.2).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// Of the absolute form and the authority form alone.
    pub host: Option<&'a str>,
    pub path: Option<&'a str>,
    /// Empty if there is none.
    pub query: &'a str,
}

impl<'a> Target<'a> {
    /// Takes a target apart.
    pub fn of(target: &'a str) -> Self {
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
}
