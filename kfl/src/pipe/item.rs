//! Items: `value`, `value as name` and `every(1m)`, as `select`, `by`, `stats` and `top` list them.

use super::parse::Parser;
use super::run::Run;
use super::tree::{Item, Value};
use super::words::{AS, BY, EVERY};
use crate::ast::Word;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::functions::time::parse_duration;
use crate::literal;
use crate::parse;
use crate::token::Token;

impl Parser<'_> {
    pub(super) fn item(&mut self, run: Run<'_, '_>) -> Item {
        let (value, name) = run.halves(AS);
        let name = name.and_then(|name| self.column_name(name));
        let expr = match self.every(value) {
            Some(every) => Value::Every(every),
            None => Value::Expr(self.expr(value)),
        };
        Item {
            value: expr,
            name,
            span: run.span(),
        }
    }

    /// The name after `as`.
    fn column_name(&mut self, run: Run<'_, '_>) -> Option<Word> {
        let is_name = |place: usize, token: &Token<'_>| match place % 2 {
            0 => matches!(token, Token::Name(word) if ![AS, BY].contains(word)),
            _ => *token == Token::Dot,
        };
        let fits = run
            .tokens
            .iter()
            .enumerate()
            .all(|(place, (token, _))| is_name(place, token));
        let span = run.span();
        if !fits || run.tokens.len().is_multiple_of(2) {
            let message = match run.tokens.first() {
                None => "expected a name after `as`".to_owned(),
                Some((token, _)) => format!("expected a name after `as`, found {}", parse::found(token)),
            };
            self.refuse(span, message, "a name is letters, digits and `_`: as slow_calls");
            return None;
        }
        let words = run.tokens.iter().map(|(token, _)| match token {
            Token::Name(word) => *word,
            _ => ".",
        });
        Some(Word {
            text: words.collect(),
            span,
        })
    }

    /// The bucket of `every(1m)`; `None` if the run is something else.
    fn every(&mut self, run: Run<'_, '_>) -> Option<Option<i64>> {
        let [
            (Token::Name(EVERY), _),
            (Token::LeftParen, _),
            ..,
            (Token::RightParen, _),
        ] = run.tokens
        else {
            return None;
        };
        let inside = run.take(2..run.tokens.len() - 1);
        let literal = match inside.tokens {
            [(Token::BadNumber(text), _)] => Some((*text).to_owned()),
            [(Token::Text(text), at)] => string(text, at.start, self.problems),
            [
                (Token::Name("duration"), _),
                (Token::LeftParen, _),
                (Token::Text(text), at),
                (Token::RightParen, _),
            ] => string(text, at.start, self.problems),
            _ => None,
        };
        let length = literal.as_deref().and_then(parse_duration).filter(|ns| *ns > 0);
        if length.is_none() {
            let at = inside.span();
            let written = self.text.get(at.clone()).unwrap_or_default();
            let problem = Diagnostic::new(codes::STAGE_FORM, at, "`every` takes a length of time above zero");
            let days = written.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
            self.problems.push(problem.hint(match (inside.tokens, days) {
                ([(Token::Int(digits), _)], _) => format!("say of what: every({digits}s)"),
                (_, Some(days)) => format!("the longest unit is the hour: every({}h)", u64::from(days) * 24),
                _ => "for example: every(1m), every(\"90s\"), every(duration(\"1h\"))".to_owned(),
            }));
        }
        Some(length)
    }
}

/// The text of a plain string literal.
fn string(text: &str, start: usize, problems: &mut Vec<Diagnostic>) -> Option<String> {
    match literal::quoted(text, start, problems) {
        literal::Quoted::String { value, .. } => Some(value),
        literal::Quoted::Bytes(_) => None,
    }
}
