//! Colouring: a text, however broken → its pieces with what they are.

use std::ops::Range;

use crate::catalogue;
use crate::functions::{self, MACROS};
use crate::pipe;
use crate::token::{self, Spanned, Token as Lexed};

/// What a piece of a filter is, for colouring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A flag (`http`).
    Flag,
    /// A variable.
    Variable,
    /// A function or macro.
    Function,
    /// A string or bytes literal.
    String,
    /// A number, `true`, `false`, `null`.
    Literal,
    /// An operator or keyword.
    Operator,
    /// The word of a stage.
    Stage,
    /// A comment.
    Comment,
    /// What is no KFL.
    Error,
}

/// The pieces of a filter with their ranges, in order; blanks belong to none.
///
/// ```
/// use kfl::Token;
///
/// let pieces = kfl::highlight("http && src.ip == 'a");
/// let kinds: Vec<_> = pieces.iter().map(|(_, kind)| *kind).collect();
/// assert_eq!(kinds, [Token::Flag, Token::Operator, Token::Variable, Token::Operator, Token::Error]);
/// ```
pub fn highlight(text: &str) -> Vec<(Range<usize>, Token)> {
    let tokens = token::lex(text);
    let bound = bound_names(&tokens);
    let of_stages = pipe::words_of_stages(text, &tokens);
    let mut pieces = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some((token, span)) = tokens.get(at) {
        if let Some((end, kind)) = of_stages.get(&span.start) {
            pieces.push((span.start..*end, *kind));
            at += tokens[at..].iter().take_while(|(_, token)| token.start < *end).count();
            continue;
        }
        let (used, kind) = match token {
            Lexed::Name(_) => name(&tokens[at..], at > 0 && tokens[at - 1].0 == Lexed::Dot, &bound),
            Lexed::Text(_) => (1, Token::String),
            Lexed::Int(_) | Lexed::Uint(_) | Lexed::Double(_) | Lexed::True | Lexed::False | Lexed::Null => {
                (1, Token::Literal)
            }
            Lexed::Comment => (1, Token::Comment),
            Lexed::Unclosed
            | Lexed::Hash
            | Lexed::Foreign(_)
            | Lexed::BadNumber(_)
            | Lexed::Address(_)
            | Lexed::Unknown => (1, Token::Error),
            _ => (1, Token::Operator),
        };
        let end = tokens[at + used - 1].1.end;
        pieces.push((span.start..end, kind));
        at += used;
    }
    pieces
}

/// Names that macros bind anywhere in the text: `list.exists(x, …)` binds `x`.
fn bound_names<'t>(tokens: &[Spanned<'t>]) -> Vec<&'t str> {
    let binding = |window: &[Spanned<'t>]| match window {
        [
            (Lexed::Dot, _),
            (Lexed::Name(form), _),
            (Lexed::LeftParen, _),
            (Lexed::Name(name), _),
            (Lexed::Comma, _),
        ] if functions::comprehension::Macro::find(form).is_some() => Some(*name),
        _ => None,
    };
    let mut names: Vec<_> = tokens.windows(5).filter_map(binding).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What the name at the front is, and how many tokens belong to it.
fn name(tokens: &[Spanned<'_>], after_dot: bool, bound: &[&str]) -> (usize, Token) {
    let Lexed::Name(text) = tokens[0].0 else {
        return (1, Token::Error);
    };
    let is_call = tokens.get(1).is_some_and(|(next, _)| *next == Lexed::LeftParen);
    if is_call {
        let known = MACROS.iter().any(|form| form.name == text)
            || functions::registry()
                .get(text)
                .is_some_and(functions::Entry::is_callable);
        return (1, if known { Token::Function } else { Token::Error });
    }
    if after_dot {
        // A key of a map, or a field that the checker will speak of.
        return (1, Token::Variable);
    }
    if let Some(words) = longest_variable(tokens) {
        return (2 * words - 1, Token::Variable);
    }
    match text {
        _ if catalogue::flag(text).is_some() => (1, Token::Flag),
        _ if bound.binary_search(&text).is_ok() || catalogue::PREFIXES.contains(&text) => (1, Token::Variable),
        _ => (1, Token::Error),
    }
}

fn longest_variable(tokens: &[Spanned<'_>]) -> Option<usize> {
    let mut name = String::new();
    let mut longest = None;
    for (place, (token, _)) in tokens.iter().take(7).enumerate() {
        match (place % 2, token) {
            (0, Lexed::Name(word)) => name.push_str(word),
            (1, Lexed::Dot) => name.push('.'),
            _ => break,
        }
        if place % 2 == 0 && catalogue::variable(&name).is_some() {
            longest = Some(place / 2 + 1);
        }
    }
    longest
}
