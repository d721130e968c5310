//! What stands between the lexer and the grammar: it reports the tokens that no filter can hold, puts in their place what
//! was meant where that is plain, and pairs brackets, so that the grammar can go on to the next mistake.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::hints;
use crate::token::{Spanned, Token};

/// Names that CEL keeps for other languages; none may stand where a variable stands.
pub(crate) const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Gives the tokens that the grammar knows, in balanced brackets.
pub(crate) fn repair<'t>(tokens: Vec<Spanned<'t>>, problems: &mut Vec<Diagnostic>) -> Vec<Spanned<'t>> {
    let tokens: Vec<_> = tokens
        .into_iter()
        .filter(|(token, _)| *token != Token::Comment)
        .collect();
    let mut repaired: Vec<Spanned<'t>> = Vec::with_capacity(tokens.len());
    for (place, (token, span)) in tokens.iter().enumerate() {
        let next = tokens.get(place + 1).map(|(next, _)| next);
        let last = repaired.last().map(|(last, _)| last);
        let (token, problem) = replace(token, last, next, span);
        problems.extend(problem);
        // Two broken tokens in a row are one: side by side they would be a mistake of their own.
        match (token, repaired.last_mut()) {
            (None, _) => {}
            (Some(Token::Broken), Some((Token::Broken, before))) => before.end = span.end,
            (Some(token), _) => repaired.push((token, span.clone())),
        }
    }
    pair_brackets(repaired, problems)
}

/// The token in place of one that no filter can hold, `None` if there should be none, with what is wrong.
fn replace<'t>(
    token: &Token<'t>,
    last: Option<&Token<'t>>,
    next: Option<&Token<'t>>,
    span: &std::ops::Range<usize>,
) -> (Option<Token<'t>>, Option<Diagnostic>) {
    let after_value = last.is_some_and(ends_value);
    let before_value = next.is_some_and(starts_value);
    let broken = |problem| (Some(Token::Broken), Some(problem));
    match *token {
        Token::Unclosed => broken(
            Diagnostic::new(codes::UNCLOSED_STRING, span.clone(), "this string is not closed")
                .hint("close it with the quote that opened it; a string over several lines takes three: \"\"\"…\"\"\""),
        ),
        Token::Hash => {
            let problem = Diagnostic::new(codes::COMMENT, span.clone(), "`#` begins no comment here");
            (None, Some(problem.hint("write `//` before a comment")))
        }
        Token::Address(text) => broken(
            Diagnostic::new(
                codes::NUMBER,
                span.clone(),
                format!("an address is a string, found `{text}` without quotes"),
            )
            .hint(if text.contains('/') {
                format!("write src.ip in cidr(\"{text}\")")
            } else {
                format!("write \"{text}\"")
            }),
        ),
        Token::BadNumber(text) => {
            let problem = Diagnostic::new(codes::NUMBER, span.clone(), format!("`{text}` is no number"));
            let unit = text.trim_start_matches(|character: char| character.is_ascii_digit());
            broken(match unit {
                "ns" | "us" | "ms" | "s" | "m" | "h" => {
                    problem.hint(format!("a length of time is written duration(\"{text}\")"))
                }
                _ => problem,
            })
        }
        Token::Foreign(text) => match hints::OPERATORS.iter().find(|(written, ..)| *written == text) {
            Some((_, meant, token)) => (Some(*token), Some(foreign(text, meant, span.clone()))),
            None => broken(
                Diagnostic::new(
                    codes::UNKNOWN_CHARACTER,
                    span.clone(),
                    format!("`{text}` is no operator"),
                )
                .hint("a regular expression is tested with path.matches(r\"…\")"),
            ),
        },
        Token::Unknown => {
            let problem = Diagnostic::new(
                codes::UNKNOWN_CHARACTER,
                span.clone(),
                "this character is no part of the language",
            );
            broken(problem)
        }
        Token::Name(text @ ("and" | "or")) if after_value && before_value => {
            let (_, meant, token) = hints::WORDS
                .iter()
                .find(|(written, ..)| *written == text)
                .expect("the table has it");
            (Some(*token), Some(foreign(text, meant, span.clone())))
        }
        // `x not in list`, as Python has it: without the word it is a comparison that can be checked.
        Token::Name("not") if after_value && next == Some(&Token::In) => {
            let problem = Diagnostic::new(codes::FOREIGN_SPELLING, span.clone(), "`not in` is no operator here");
            (None, Some(problem.hint("write `!(x in list)`")))
        }
        Token::Name("not") if !after_value && last != Some(&Token::Dot) && before_value => {
            (Some(Token::Not), Some(foreign("not", "!", span.clone())))
        }
        Token::Name(text) if last != Some(&Token::Dot) && RESERVED.contains(&text) => broken(Diagnostic::new(
            codes::RESERVED_WORD,
            span.clone(),
            format!("`{text}` is a reserved word and names no variable"),
        )),
        token => (Some(token), None),
    }
}

fn foreign(written: &str, meant: &str, span: std::ops::Range<usize>) -> Diagnostic {
    Diagnostic::new(
        codes::FOREIGN_SPELLING,
        span,
        format!("`{written}` is no operator here"),
    )
    .hint(format!("write `{meant}`"))
}

/// True if the token can be the last of a value.
pub(crate) fn ends_value(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::Name(_)
            | Token::Quoted(_)
            | Token::Int(_)
            | Token::Uint(_)
            | Token::Double(_)
            | Token::Text(_)
            | Token::True
            | Token::False
            | Token::Null
            | Token::Broken
            | Token::RightParen
            | Token::RightBracket
            | Token::RightBrace
    )
}

fn starts_value(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::Name(_)
            | Token::Int(_)
            | Token::Uint(_)
            | Token::Double(_)
            | Token::Text(_)
            | Token::True
            | Token::False
            | Token::Null
            | Token::Unclosed
            | Token::Address(_)
            | Token::LeftParen
            | Token::LeftBracket
            | Token::LeftBrace
            | Token::Not
            | Token::Minus
    )
}

/// True if the token opens a bracket.
pub(crate) fn opens(token: &Token<'_>) -> bool {
    matches!(token, Token::LeftParen | Token::LeftBracket | Token::LeftBrace)
}

/// True if the token closes a bracket.
pub(crate) fn closes(token: &Token<'_>) -> bool {
    matches!(token, Token::RightParen | Token::RightBracket | Token::RightBrace)
}

fn partner(open: &Token<'_>) -> Token<'static> {
    match open {
        Token::LeftParen => Token::RightParen,
        Token::LeftBracket => Token::RightBracket,
        _ => Token::RightBrace,
    }
}

/// Drops brackets that close nothing and closes those that stay open.
fn pair_brackets<'t>(tokens: Vec<Spanned<'t>>, problems: &mut Vec<Diagnostic>) -> Vec<Spanned<'t>> {
    let mut paired = Vec::with_capacity(tokens.len());
    let mut open: Vec<Spanned<'t>> = Vec::new();
    let mut reported = 0;
    let mut report = |problem: Diagnostic| {
        if reported < crate::limits::SYNTAX_MISTAKES {
            problems.push(problem);
        }
        reported += 1;
    };
    for (token, span) in tokens {
        if opens(&token) {
            open.push((token, span.clone()));
        } else if closes(&token) {
            let Some((opener, opened)) = open.pop() else {
                report(Diagnostic::new(
                    codes::BRACKET,
                    span,
                    format!("`{}` closes no bracket", spelling(&token)),
                ));
                continue;
            };
            let expected = partner(&opener);
            if token != expected {
                let message = format!("expected `{}`, found `{}`", spelling(&expected), spelling(&token));
                report(Diagnostic::new(codes::BRACKET, span.clone(), message).beside(opened, "opened here"));
            }
            paired.push((expected, span));
            continue;
        }
        paired.push((token, span));
    }
    let end = paired.last().map_or(0, |(_, span)| span.end);
    while let Some((opener, opened)) = open.pop() {
        report(Diagnostic::new(
            codes::BRACKET,
            opened,
            format!("`{}` is never closed", spelling(&opener)),
        ));
        paired.push((partner(&opener), end..end));
    }
    paired
}

/// A token that is always spelt the same, as it is spelt.
pub(crate) fn spelling(token: &Token<'_>) -> &'static str {
    match token {
        Token::True => "true",
        Token::False => "false",
        Token::Null => "null",
        Token::In => "in",
        Token::Eq => "==",
        Token::Ne => "!=",
        Token::Lt => "<",
        Token::Le => "<=",
        Token::Gt => ">",
        Token::Ge => ">=",
        Token::And => "&&",
        Token::Or => "||",
        Token::Not => "!",
        Token::Plus => "+",
        Token::Minus => "-",
        Token::Star => "*",
        Token::Slash => "/",
        Token::Percent => "%",
        Token::Question => "?",
        Token::Colon => ":",
        Token::Comma => ",",
        Token::Dot => ".",
        Token::LeftParen => "(",
        Token::RightParen => ")",
        Token::LeftBracket => "[",
        Token::RightBracket => "]",
        Token::LeftBrace => "{",
        Token::RightBrace => "}",
        _ => "…",
    }
}
