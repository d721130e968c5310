//! Documents: whether a text begins like one, and the name of its first operation.
//!
//! Specification: GraphQL §2.1 (ignored tokens), §2.2 (documents), §2.3 (operations), §2.8 (fragments).

/// Says that a text begins like a document.
pub(super) fn begins(text: &str) -> bool {
    let mut rest = ignored(text);
    // A query without a name.
    if let Some(selection) = rest.strip_prefix('{') {
        let first = ignored(selection).chars().next();
        return first.is_some_and(|letter| is_name(letter) || letter == '.');
    }
    let keyword = take_name(&mut rest);
    if !is_operation(keyword) && keyword != "fragment" {
        return false;
    }
    rest = ignored(rest);
    let name = take_name(&mut rest);
    rest = ignored(rest);
    if keyword == "fragment" {
        return !name.is_empty() && rest.starts_with("on ");
    }
    rest.starts_with(['{', '(', '@'])
}

/// The name of a document's first operation, if it has one.
pub(super) fn name(text: &str) -> Option<&str> {
    operation(text, None)
        .map(|(_, name)| name)
        .filter(|name| !name.is_empty())
}

/// The kind of a document's operation of this name, or of its first: "query", "mutation", "subscription".
pub(super) fn kind(text: &str, name: Option<&str>) -> Option<&'static str> {
    let named = name.and_then(|_| operation(text, name));
    let (kind, _) = named.or_else(|| operation(text, None))?;
    KINDS.into_iter().find(|known| *known == kind)
}

/// Kind and name of a document's operation of this name, or of its first if none is wanted.
fn operation<'a>(text: &'a str, wanted: Option<&str>) -> Option<(&'a str, &'a str)> {
    if wanted.is_none() && ignored(text).starts_with('{') {
        return Some(("query", ""));
    }
    let mut rest = text;
    let mut depth = 0_u32;
    loop {
        rest = ignored(rest);
        let first = rest.chars().next()?;
        if is_name(first) {
            let word = take_name(&mut rest);
            if depth == 0 && is_operation(word) {
                rest = ignored(rest);
                let name = take_name(&mut rest);
                if wanted.is_none_or(|wanted| wanted == name) {
                    return Some((word, name));
                }
            }
            continue;
        }
        match first {
            '{' | '(' => depth = depth.saturating_add(1),
            '}' | ')' => depth = depth.saturating_sub(1),
            '"' => {
                rest = after_string(rest);
                continue;
            }
            _ => {}
        }
        rest = rest.get(first.len_utf8()..)?;
    }
}

/// Kinds of operations (GraphQL §2.3).
const KINDS: [&str; 3] = ["query", "mutation", "subscription"];

fn is_operation(word: &str) -> bool {
    KINDS.contains(&word)
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// What follows white space, commas and comments.
fn ignored(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches([' ', '\t', '\r', '\n', ',', '\u{feff}']);
        let Some(comment) = text.strip_prefix('#') else {
            return text;
        };
        text = comment
            .find('\n')
            .and_then(|end| comment.get(end..))
            .unwrap_or_default();
    }
}

/// Takes a name from the front; empty if there is none.
fn take_name<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
    let (name, after) = rest.split_at_checked(end).unwrap_or_default();
    *rest = after;
    name
}

/// What follows the string that a text begins with.
fn after_string(text: &str) -> &str {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        return block.split_once("\"\"\"").map_or("", |(_, after)| after);
    }
    let mut escaped = true;
    let mut letters = text.char_indices();
    // The first letter is the quote that begins it.
    letters.find(|(_, letter)| {
        let ends = *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    });
    letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings() {
        for document in [
            "{a}",
            " #c {\n,{ ...F }",
            "query{a}",
            "query Q{a}",
            "mutation ($a: Int) {a}",
            "subscription S @live {a}",
            "fragment F on T{a} query{...F}",
        ] {
            assert!(begins(document), "{document}");
        }
        for other in [
            "",
            "{",
            "{}",
            "{\"a\":1}",
            "query",
            "query Q",
            "querying {a}",
            "fragment {a}",
            "type A {a: B}",
        ] {
            assert!(!begins(other), "{other}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(name("query Q{a}"), Some("Q"));
        assert_eq!(
            name("fragment F on T @d(a: \"}\\\"\") {query} mutation\nM($a: Int){a}"),
            Some("M")
        );
        assert_eq!(name("fragment F on T {a(b: \"\"\"}\"\"\")} query Q{a}"), Some("Q"));
        assert_eq!(name("{query Q}"), None);
        assert_eq!(name("query{a}"), None);
        assert_eq!(name("fragment F on T {a(b: \""), None);
        assert_eq!(name(""), None);
    }
}
