//! Parser: tokens → tree. It always gives a tree; what was refused stands in it as `Broken`.
//!
//! The grammar itself stops at the first mistake. To find the next ones, the smallest stretch between separators that
//! holds the mistake is replaced by a broken token and the tokens are parsed again, a bounded number of times: all in
//! linear time, and without a parser's guesses about what was meant.

use std::ops::Range;

use lalrpop_util::{ParseError, lalrpop_mod};

use crate::ast::{Expr, Kind, Literal, Operator, Text};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::hints;
use crate::limits;
use crate::literal;
use crate::pipe::split;
use crate::repair;
use crate::token::{self, Spanned, Token};

lalrpop_mod!(
    #[allow(clippy::all, missing_docs, unused_imports)]
    grammar
);

/// Parses a filter; an empty one is `true`.
pub(crate) fn parse(text: &str, problems: &mut Vec<Diagnostic>) -> Expr {
    if let Some(problem) = too_long(text) {
        problems.push(problem);
        return Expr::new(Kind::Broken, 0..text.len());
    }
    let tokens = split::without_stages(token::lex(text), text.len(), problems);
    filter(tokens, 0..text.len(), problems)
}

/// Parses the tokens of a filter; an empty one is `true`.
pub(crate) fn filter(tokens: Vec<Spanned<'_>>, range: Range<usize>, problems: &mut Vec<Diagnostic>) -> Expr {
    let tokens = repair::repair(tokens, problems);
    if tokens.is_empty() {
        return Expr::new(Kind::Literal(Literal::Bool(true)), range);
    }
    repaired(tokens, range.end, "the end of the filter", problems)
}

/// Parses the tokens of an expression, which ends at a place that has a name.
pub(crate) fn expression(tokens: Vec<Spanned<'_>>, end: usize, place: &str, problems: &mut Vec<Diagnostic>) -> Expr {
    let tokens = repair::repair(tokens, problems);
    repaired(tokens, end, place, problems)
}

/// The mistake of a text that is longer than the limit.
pub(crate) fn too_long(text: &str) -> Option<Diagnostic> {
    if text.len() <= limits::TEXT_BYTES {
        return None;
    }
    let limit = limits::TEXT_BYTES / 1024;
    let message = format!(
        "a filter may have {limit} KiB of text, this one has {} bytes",
        text.len()
    );
    Some(Diagnostic::new(
        codes::TOO_LONG,
        limits::TEXT_BYTES..text.len(),
        message,
    ))
}

fn repaired(mut tokens: Vec<Spanned<'_>>, end: usize, place: &str, problems: &mut Vec<Diagnostic>) -> Expr {
    let parser = grammar::FilterParser::new();
    for _ in 0..limits::SYNTAX_MISTAKES {
        let mut builder = Builder::default();
        let stream = tokens.iter().map(|(token, at)| Ok::<_, ()>((at.start, *token, at.end)));
        match parser.parse(&mut builder, stream) {
            Ok(tree) => {
                builder.problems.truncate(limits::SYNTAX_MISTAKES);
                problems.append(&mut builder.problems);
                return tree;
            }
            Err(error) => {
                let (at, problem) = explain(error, &tokens, end, place);
                let stretch = stretch(&tokens, at);
                // What holds a part that was refused already says nothing new.
                if !tokens[stretch.clone()].iter().any(|(token, _)| *token == Token::Broken) {
                    problems.push(problem);
                }
                cut_out(&mut tokens, stretch, end);
            }
        }
    }
    Expr::new(
        Kind::Broken,
        tokens.first().map_or(end, |(_, at)| at.start.min(end))..end,
    )
}

/// What the grammar's actions call to make nodes.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    problems: Vec<Diagnostic>,
    too_deep: bool,
}

impl Builder {
    pub(crate) fn node(&mut self, kind: Kind, span: Range<usize>) -> Expr {
        let node = Expr::new(kind, span);
        self.bounded(node)
    }

    /// Makes a node of the terms of a chain; a single term stays itself.
    pub(crate) fn chain(&mut self, mut terms: Vec<Expr>, kind: fn(Vec<Expr>) -> Kind, span: Range<usize>) -> Expr {
        match terms.len() {
            1 => terms.swap_remove(0),
            _ => self.node(kind(terms), span),
        }
    }

    pub(crate) fn binary(&mut self, operator: Operator, left: Expr, right: Expr, span: Range<usize>) -> Expr {
        self.node(
            Kind::Binary {
                operator,
                left: Box::new(left),
                right: Box::new(right),
            },
            span,
        )
    }

    /// Parentheses are depth too, though they are no node.
    pub(crate) fn group(&mut self, mut inner: Expr) -> Expr {
        inner.depth += 1;
        self.bounded(inner)
    }

    pub(crate) fn name(&mut self, name: &str, span: Range<usize>) -> Expr {
        self.node(Kind::Name(name.to_owned()), span)
    }

    pub(crate) fn int(&mut self, digits: &str, span: Range<usize>) -> Expr {
        // 2^63 is let through: `-9223372036854775808` is a negation of it. The checker refuses it where it stands alone.
        let value = literal::integer(digits).filter(|value| *value <= 1 << 63);
        self.number(
            value.map(Literal::Int),
            "an int goes from -9223372036854775808 to 9223372036854775807",
            span,
        )
    }

    pub(crate) fn uint(&mut self, digits: &str, span: Range<usize>) -> Expr {
        let value = literal::integer(&digits[..digits.len() - 1]);
        self.number(
            value.map(Literal::Uint),
            "a uint goes from 0u to 18446744073709551615u",
            span,
        )
    }

    pub(crate) fn double(&mut self, digits: &str, span: Range<usize>) -> Expr {
        let value = digits.parse().ok().filter(|value: &f64| value.is_finite());
        self.number(value.map(Literal::Double), "a double reaches about 1.8e308", span)
    }

    pub(crate) fn text(&mut self, text: &str, span: Range<usize>) -> Expr {
        let literal = match literal::quoted(text, span.start, &mut self.problems) {
            literal::Quoted::String { value, raw } => Literal::String(Text { value, raw }),
            literal::Quoted::Bytes(value) => Literal::Bytes(value),
        };
        self.node(Kind::Literal(literal), span)
    }

    fn number(&mut self, value: Option<Literal>, range: &str, span: Range<usize>) -> Expr {
        let kind = value.map_or(Kind::Broken, Kind::Literal);
        if kind == Kind::Broken {
            let problem = Diagnostic::new(codes::NUMBER, span.clone(), "this number is out of range").hint(range);
            self.problems.push(problem);
        }
        self.node(kind, span)
    }

    /// Replaces a node that is too deep, and says so once a filter: every node above it would say it again.
    fn bounded(&mut self, node: Expr) -> Expr {
        if node.depth <= limits::DEPTH {
            return node;
        }
        if !self.too_deep {
            self.too_deep = true;
            let message = format!(
                "a filter may be nested {} deep, this part is nested deeper",
                limits::DEPTH
            );
            self.problems
                .push(Diagnostic::new(codes::TOO_DEEP, node.span.clone(), message));
        }
        Expr::new(Kind::Broken, node.span)
    }
}

type Failure<'t> = ParseError<usize, Token<'t>, ()>;

/// Says in the user's words what the grammar expected, and at which token it stopped.
fn explain(error: Failure<'_>, tokens: &[Spanned<'_>], end: usize, place: &str) -> (usize, Diagnostic) {
    let (at, span, expected) = match error {
        ParseError::UnrecognizedToken {
            token: (from, _, to),
            expected,
        } => (tokens.partition_point(|(_, at)| at.start < from), from..to, expected),
        ParseError::ExtraToken { token: (from, _, to) } => {
            (tokens.partition_point(|(_, at)| at.start < from), from..to, Vec::new())
        }
        ParseError::UnrecognizedEof { expected, .. } => (tokens.len(), end..end, expected),
        ParseError::InvalidToken { location } => (tokens.len(), location..location, Vec::new()),
        ParseError::User { error: () } => (tokens.len(), end..end, Vec::new()),
    };
    let expected = in_words(&expected);
    let message = match tokens.get(at) {
        Some((token, _)) => format!("expected {expected}, found {}", found(token)),
        None => format!("expected {expected}, found {place}"),
    };
    let mut problem = Diagnostic::new(codes::SYNTAX, span, message);
    // Two values side by side: whoever forgot an operator is helped by seeing which there are.
    if expected.starts_with("an operator") && matches!(tokens.get(at), Some((Token::Name(_) | Token::Text(_), _))) {
        let infix = match tokens.get(at) {
            Some((Token::Name(name), _)) => hints::INFIX
                .iter()
                .find(|(written, _)| written.eq_ignore_ascii_case(name)),
            _ => None,
        };
        problem = problem.hint(infix.map_or("join two conditions with `&&` or `||`", |(_, hint)| hint));
    }
    (at, problem)
}

/// The grammar's list of expected tokens, in the user's words.
fn in_words(expected: &[String]) -> String {
    let has = |token: &str| expected.iter().any(|one| one.trim_matches('"') == token);
    let mut words = Vec::new();
    if has("int") {
        words.push("a value");
    } else if has("name") {
        words.push("a name");
    }
    if has("&&") || has("==") || has("+") {
        words.push("an operator");
    }
    words.extend(
        [
            ("(", "`(`"),
            (")", "`)`"),
            ("]", "`]`"),
            ("}", "`}`"),
            (",", "`,`"),
            (":", "`:`"),
        ]
        .into_iter()
        .filter_map(|(token, word)| (has(token) && !(token == "(" && (has("int") || has("&&")))).then_some(word)),
    );
    match words.split_last() {
        None => "the end of the filter".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
    }
}

/// A token in the user's words.
pub(crate) fn found(token: &Token<'_>) -> String {
    match token {
        Token::Name(text) | Token::Int(text) | Token::Uint(text) | Token::Double(text) => format!("`{text}`"),
        Token::Text(_) => "a string".to_owned(),
        Token::Broken => "a part that is wrong already".to_owned(),
        token => format!("`{}`", repair::spelling(token)),
    }
}

/// The stretch of tokens around a mistake that is cut out: what stands between the nearest separators of its bracket; if
/// that was cut out before and did not help, all of the bracket, then the bracket itself.
fn stretch(tokens: &[Spanned<'_>], at: usize) -> Range<usize> {
    let separators = |token: &Token<'_>| {
        matches!(
            token,
            Token::And | Token::Or | Token::Comma | Token::Question | Token::Colon
        )
    };
    let is_spent = |range: &Range<usize>| matches!(&tokens[range.clone()], [(Token::Broken, _)]);
    // A separator that is itself the mistake, and lacks nothing before it, is cut out too: else it would fail again.
    let is_separator = tokens.get(at).is_some_and(|(token, _)| separators(token));
    let before = at.checked_sub(1).map(|before| &tokens[before].0);
    let lacks_value = before.is_none_or(|token| separators(token) || repair::opens(token));
    let near = left_of(tokens, at, separators)
        ..right_of(
            tokens,
            if is_separator && !lacks_value { at + 1 } else { at },
            separators,
        );
    if !is_spent(&near) {
        return near;
    }
    let none = |_: &Token<'_>| false;
    let whole = left_of(tokens, at, none)..right_of(tokens, at, none);
    if !is_spent(&whole) {
        return whole;
    }
    whole.start.saturating_sub(1)..(whole.end + 1).min(tokens.len())
}

/// The place after the nearest separator, or opening bracket, to the left.
fn left_of(tokens: &[Spanned<'_>], at: usize, separates: impl Fn(&Token<'_>) -> bool) -> usize {
    let mut depth = 0usize;
    for place in (0..at.min(tokens.len())).rev() {
        let token = &tokens[place].0;
        if repair::closes(token) {
            depth += 1;
        } else if depth == 0 && (repair::opens(token) || separates(token)) {
            return place + 1;
        } else if repair::opens(token) {
            depth -= 1;
        }
    }
    0
}

/// The place of the nearest separator, or closing bracket, to the right.
fn right_of(tokens: &[Spanned<'_>], at: usize, separates: impl Fn(&Token<'_>) -> bool) -> usize {
    let mut depth = 0usize;
    for (place, (token, _)) in tokens.iter().enumerate().skip(at) {
        if repair::opens(token) {
            depth += 1;
        } else if depth == 0 && (repair::closes(token) || separates(token)) {
            return place;
        } else if repair::closes(token) {
            depth -= 1;
        }
    }
    tokens.len()
}

/// Replaces a stretch by one broken token.
fn cut_out(tokens: &mut Vec<Spanned<'_>>, stretch: Range<usize>, end: usize) {
    let last = tokens.last().map_or(end, |(_, at)| at.end);
    let start = tokens.get(stretch.start).map_or(last, |(_, at)| at.start);
    let end = stretch
        .end
        .checked_sub(1)
        .and_then(|last| tokens.get(last))
        .map_or(start, |(_, at)| at.end.max(start));
    tokens.splice(stretch, [(Token::Broken, start..end)]);
}
