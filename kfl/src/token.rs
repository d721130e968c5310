//! Lexer: text → tokens with their byte ranges. Any text lexes; what is no KFL becomes a token that says so.
//!
//! Specification: CEL language definition, "Syntax", with the tokens other languages would use recognised, so that the
//! diagnostics can name them.

use std::ops::Range;

use logos::{Lexer, Logos};

/// One token; the text of those that vary comes along.
#[derive(Logos, Clone, Copy, Debug, PartialEq)]
#[logos(skip r"[ \t\r\n\x0C]+")]
pub(crate) enum Token<'t> {
    #[regex(r"//[^\n]*", allow_greedy = true)]
    Comment,
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*", priority = 2)]
    Name(&'t str),
    /// A field in backquotes: one whose letters are no name's.
    #[regex(r"`[A-Za-z0-9_./ -]+`", inner)]
    Quoted(&'t str),
    #[regex(r"[0-9]+", priority = 5)]
    #[regex(r"0[xX][0-9a-fA-F]+", priority = 5)]
    Int(&'t str),
    #[regex(r"[0-9]+[uU]", priority = 5)]
    #[regex(r"0[xX][0-9a-fA-F]+[uU]", priority = 5)]
    Uint(&'t str),
    #[regex(r"[0-9]*\.[0-9]+([eE][+-]?[0-9]+)?", priority = 5)]
    #[regex(r"[0-9]+[eE][+-]?[0-9]+", priority = 5)]
    Double(&'t str),
    /// A string or bytes literal with its quotes and prefix.
    #[regex(r#"([rR][bB]?|[bB][rR]?)?["']"#, quoted)]
    Text(&'t str),
    #[token("true")]
    True,
    #[token("false")]
    False,
    #[token("null")]
    Null,
    #[token("in")]
    In,
    #[token("==")]
    Eq,
    #[token("!=")]
    Ne,
    #[token("<")]
    Lt,
    #[token("<=")]
    Le,
    #[token(">")]
    Gt,
    #[token(">=")]
    Ge,
    #[token("&&")]
    And,
    #[token("||")]
    Or,
    #[token("!")]
    Not,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("?")]
    Question,
    #[token(":")]
    Colon,
    #[token(",")]
    Comma,
    #[token(".")]
    Dot,
    #[token("(")]
    LeftParen,
    #[token(")")]
    RightParen,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    /// Stands for a part of the text that was refused already.
    Broken,
    /// A string without its closing quote.
    Unclosed,
    /// A comment as shells write it.
    #[regex(r"#[^\n]*", allow_greedy = true)]
    Hash,
    /// An operator of other languages.
    #[regex(r"=|===|!==|<>|&|\||=~|!~|~")]
    Foreign(&'t str),
    /// Digits with letters after them that make no number.
    #[regex(r"[0-9][0-9A-Za-z_]*", priority = 1)]
    BadNumber(&'t str),
    /// An address without quotes.
    #[regex(r"[0-9]+(\.[0-9]+){2,}(/[0-9]+)?", priority = 6)]
    Address(&'t str),
    Unknown,
}

/// Takes the quotes off.
fn inner<'t>(lexer: &mut Lexer<'t, Token<'t>>) -> &'t str {
    let quoted = lexer.slice();
    &quoted[1..quoted.len() - 1]
}

/// Takes the rest of a literal whose prefix and first quote are lexed.
fn quoted<'t>(lexer: &mut Lexer<'t, Token<'t>>) -> Option<&'t str> {
    let prefix = lexer.slice();
    let quote = prefix.as_bytes()[prefix.len() - 1];
    let raw = prefix.contains(['r', 'R']);
    let rest = lexer.remainder().as_bytes();
    let triple = rest.starts_with(&[quote, quote]);
    let close: &[u8] = if triple { &[quote, quote, quote] } else { &[quote] };
    let mut at = if triple { 2 } else { 0 };
    while let Some(&byte) = rest.get(at) {
        if rest[at..].starts_with(close) {
            lexer.bump(at + close.len());
            return Some(lexer.slice());
        }
        match byte {
            b'\n' | b'\r' if !triple => break,
            // In a raw string a backslash is a character, yet CEL lets it guard no quote.
            b'\\'
                if !raw
                    && rest
                        .get(at + 1)
                        .is_some_and(|next| triple || !matches!(next, b'\n' | b'\r')) =>
            {
                at += 2
            }
            _ => at += 1,
        }
    }
    let end = lexer.remainder().floor_char_boundary(at.min(rest.len()));
    lexer.bump(end);
    None
}

/// A token and its place.
pub(crate) type Spanned<'t> = (Token<'t>, Range<usize>);

/// All tokens of a text, comments included.
pub(crate) fn lex(text: &str) -> Vec<Spanned<'_>> {
    let mut lexer = Token::lexer(text);
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        let span = lexer.span();
        tokens.push((token.unwrap_or_else(|()| broken(&text[span.clone()])), span));
    }
    tokens
}

/// What a piece is that the lexer could not take.
fn broken(piece: &str) -> Token<'_> {
    if piece.contains(['"', '\'']) {
        Token::Unclosed
    } else {
        Token::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, tokens: &[Token<'_>]) {
        assert_eq!(
            lex(text).into_iter().map(|(token, _)| token).collect::<Vec<_>>(),
            tokens
        );
    }

    #[test]
    fn every_kind_of_token() {
        check("a.b", &[Token::Name("a"), Token::Dot, Token::Name("b")]);
        check(
            "123 0x1F 7u .5e3 1.5",
            &[
                Token::Int("123"),
                Token::Int("0x1F"),
                Token::Uint("7u"),
                Token::Double(".5e3"),
                Token::Double("1.5"),
            ],
        );
        check(
            r#"'a\'b' """x "y" z""" r"\" b'z'"#,
            &[
                Token::Text(r"'a\'b'"),
                Token::Text(r#""""x "y" z""""#),
                Token::Text(r#"r"\""#),
                Token::Text("b'z'"),
            ],
        );
        check("'a\n1", &[Token::Unclosed, Token::Int("1")]);
        check(
            "a // b\n!= c",
            &[Token::Name("a"), Token::Comment, Token::Ne, Token::Name("c")],
        );
        check(
            "a = 10.0.0.1 5m",
            &[
                Token::Name("a"),
                Token::Foreign("="),
                Token::Address("10.0.0.1"),
                Token::BadNumber("5m"),
            ],
        );
        check(
            "[1, 2]",
            &[
                Token::LeftBracket,
                Token::Int("1"),
                Token::Comma,
                Token::Int("2"),
                Token::RightBracket,
            ],
        );
    }

    #[test]
    fn ranges_are_byte_ranges() {
        assert_eq!(
            lex("'é' §").into_iter().map(|(_, at)| at).collect::<Vec<_>>(),
            [0..4, 5..7]
        );
    }
}
