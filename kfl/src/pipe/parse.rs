//! Parser of stages: a segment's tokens → a stage's tree. It always gives a tree; what was refused stands in it as `Broken`.
//!
//! A stage is its word and then expressions with a few words between them: `as` before a name, `by` before the keys of
//! groups. Expressions are the filter's own grammar; the words stand where that grammar has two values side by side, which
//! it never allows, so that neither has to know the other.

use std::ops::Range;

use super::run::Run;
use super::split::{Segment, split};
use super::tree::{Item, Key, Kind, Pipe, Stage};
use super::verb::verb;
use super::words::{self, BY, Verb};
use crate::ast::{self, Expr};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::literal;
use crate::parse;
use crate::token::{self, Token};

/// Parses a filter with the stages after it. The mistakes of the filter come apart from those of the stages.
pub(crate) fn parse(text: &str, of_filter: &mut Vec<Diagnostic>, of_stages: &mut Vec<Diagnostic>) -> Pipe {
    if let Some(problem) = parse::too_long(text) {
        of_filter.push(problem);
        return Pipe {
            filter: Expr::new(ast::Kind::Broken, 0..text.len()),
            stages: Vec::new(),
        };
    }
    let (filter, segments) = split(token::lex(text), text.len(), of_stages);
    let range = if segments.is_empty() {
        0..text.len()
    } else {
        filter.range.clone()
    };
    let filter = parse::filter(filter.tokens, range, of_filter);
    let stages = segments.iter().map(|segment| stage(segment, text, of_stages)).collect();
    Pipe { filter, stages }
}

fn stage(segment: &Segment<'_>, text: &str, problems: &mut Vec<Diagnostic>) -> Stage {
    let run = Run {
        tokens: &segment.tokens,
        depths: &segment.depths,
        end: segment.range.end,
    };
    let refused = |word: Range<usize>| Stage {
        kind: Kind::Broken,
        word,
    };
    let Some((first, word)) = run.tokens.first() else {
        let found = match segment.range.end == text.len() {
            true => "the end of the filter",
            false => "another `|`",
        };
        let at = segment.range.end..(segment.range.end + 1).min(text.len());
        let problem = Diagnostic::new(codes::STAGE, at, format!("expected a stage after `|`, found {found}"));
        problems.push(problem.hint(format!("the stages are {}", words::stages_in_words())));
        return refused(segment.range.clone());
    };
    let known = problems.len();
    match verb(first, run, text, problems) {
        None => refused(run.span()),
        Some(verb) if problems.len() == known => Parser { text, problems }.stage(verb, word.clone(), run),
        // The word is wrong already; what else is unlike ours in the stage of another tool is not worth a word.
        Some(verb) => {
            let mut silent = Vec::new();
            let parser = Parser {
                text,
                problems: &mut silent,
            };
            let stage = parser.stage(verb, word.clone(), run);
            match (&stage.kind, silent.is_empty()) {
                (_, true) => stage,
                (Kind::Limit(_) | Kind::Tail(_) | Kind::Sort(_) | Kind::Where(_), false) => nothing_kept(word.clone()),
                _ if matches!(verb, Verb::Limit | Verb::Tail) => nothing_kept(word.clone()),
                _ => refused(run.span()),
            }
        }
    }
}

/// A stage that was refused and leaves columns as they are.
fn nothing_kept(word: Range<usize>) -> Stage {
    Stage {
        kind: Kind::Where(Expr::new(ast::Kind::Broken, word.clone())),
        word,
    }
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) problems: &'a mut Vec<Diagnostic>,
}

impl Parser<'_> {
    pub(super) fn refuse(&mut self, at: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        let problem = Diagnostic::new(codes::STAGE_FORM, at, message);
        self.problems.push(problem.hint(hint));
    }

    fn stage(mut self, verb: Verb, word: Range<usize>, run: Run<'_, '_>) -> Stage {
        let rest = run.take(1..run.tokens.len());
        let kind = match verb {
            Verb::Select => Kind::Select(self.items(rest, "select", "select path, status_code")),
            Verb::Uniq => Kind::Uniq(self.items(rest, "uniq", "uniq src.ip, dst.ip")),
            Verb::Where => {
                if rest.tokens.is_empty() {
                    self.lacks(rest, "a condition", "where", "where status_code >= 500");
                    Kind::Where(Expr::new(ast::Kind::Broken, rest.span()))
                } else {
                    Kind::Where(self.expr(rest))
                }
            }
            Verb::Sort => Kind::Sort(self.keys(rest)),
            Verb::Limit => self.rows(rest, "limit").map_or(Kind::Broken, Kind::Limit),
            Verb::Tail => self.rows(rest, "tail").map_or(Kind::Broken, Kind::Tail),
            Verb::Count => {
                let by = self.count(rest);
                Kind::Count { by }
            }
            Verb::Stats => {
                let (aggregates, by) = rest.halves(BY);
                let aggregates = self.items(aggregates, "stats", "stats count(), avg(elapsed_time) by path");
                let by = by.map_or_else(Vec::new, |by| self.groups(by));
                Kind::Stats { aggregates, by }
            }
            Verb::Top => self.top(rest),
            Verb::Step(step) => {
                if !rest.tokens.is_empty() {
                    let message = format!(
                        "`{step}` takes nothing after it, found {}",
                        parse::found(&rest.tokens[0].0)
                    );
                    let hint = format!("the next stage follows a pipe: … | {step} | …; for `or` write `||`");
                    self.refuse(rest.span(), message, hint);
                }
                Kind::Step(step)
            }
        };
        Stage { kind, word }
    }

    fn lacks(&mut self, run: Run<'_, '_>, what: &str, word: &str, hint: &str) {
        let found = match run.end == self.text.len() {
            true => "the end of the filter",
            false => "the end of the stage",
        };
        let message = format!("expected {what} after `{word}`, found {found}");
        self.refuse(run.span(), message, format!("for example: {hint}"));
    }

    fn items(&mut self, run: Run<'_, '_>, word: &str, hint: &str) -> Vec<Item> {
        if run.tokens.is_empty() {
            self.lacks(run, "a value", word, hint);
            return Vec::new();
        }
        run.items().map(|item| self.item(item)).collect()
    }

    fn groups(&mut self, run: Run<'_, '_>) -> Vec<Item> {
        self.items(run, BY, "by path, every(1m)")
    }

    fn count(&mut self, rest: Run<'_, '_>) -> Vec<Item> {
        match rest.tokens.first() {
            None => Vec::new(),
            Some((Token::Name(BY), _)) => self.groups(rest.take(1..rest.tokens.len())),
            // `count()` as SQL has it is plain enough.
            Some((Token::LeftParen, _)) => {
                let hint = "write count, or count by path; stats count(), sum(x) computes more at once";
                self.refuse(rest.span(), "the stage `count` takes no brackets", hint);
                rest.halves(BY).1.map_or_else(Vec::new, |by| self.groups(by))
            }
            Some(_) => {
                let written = self.text.get(rest.span()).unwrap_or_default().to_owned();
                let message = format!("expected `by`, found {}", parse::found(&rest.tokens[0].0));
                self.refuse(rest.tokens[0].1.clone(), message, format!("write count by {written}"));
                self.items(rest, BY, "count by path")
            }
        }
    }

    fn top(&mut self, rest: Run<'_, '_>) -> Kind {
        let (values, by) = rest.halves(BY);
        let is_number = matches!(values.tokens.first(), Some((Token::Int(_), _)));
        let of = match (is_number, values.tokens.first()) {
            (true, _) => values.take(1..values.tokens.len()),
            (false, _) => values,
        };
        let limit = if is_number {
            self.rows(values.take(0..1), "top")
        } else {
            let at = values.tokens.first().map_or(values.span(), |(_, at)| at.clone());
            self.refuse(at, "expected how many after `top`", "for example: top 10 path");
            None
        };
        let of = match of.tokens.is_empty() && !is_number {
            true => Vec::new(),
            false => self.items(of, "top", "top 10 path"),
        };
        let by = by.and_then(|by| {
            let mut items = self.items(by, BY, "top 10 path by elapsed_time").into_iter();
            let measure = items.next();
            if let Some(more) = items.next() {
                self.refuse(
                    more.span,
                    "`top` orders by one value",
                    "stats computes several: stats … | sort -x | limit 10",
                );
            }
            measure
        });
        match limit {
            Some(limit) => Kind::Top { limit, of, by },
            None => Kind::Broken,
        }
    }

    /// The number of rows that `limit`, `tail` and `top` take.
    fn rows(&mut self, run: Run<'_, '_>, word: &str) -> Option<u64> {
        let number = match run.tokens {
            [(Token::Int(digits), _)] => literal::integer(digits).filter(|rows| *rows <= i64::MAX as u64),
            [] => {
                self.lacks(run, "a number of rows", word, &format!("{word} 10"));
                return None;
            }
            _ => None,
        };
        if number.is_none() {
            let message = format!("`{word}` takes one whole number of rows");
            self.refuse(run.span(), message, format!("for example: {word} 10"));
        }
        number
    }

    fn keys(&mut self, mut run: Run<'_, '_>) -> Vec<Key> {
        if let Some((Token::Name(BY), at)) = run.tokens.first() {
            let written = self
                .text
                .get(at.end..run.span().end)
                .unwrap_or_default()
                .trim()
                .to_owned();
            let hint = format!("write sort {written}");
            self.refuse(at.clone(), "`sort` takes its keys without `by`", hint);
            run = run.take(1..run.tokens.len());
        }
        if run.tokens.is_empty() {
            self.lacks(run, "a key", "sort", "sort -elapsed_time, path");
            return Vec::new();
        }
        run.items().map(|key| self.key(key)).collect()
    }

    fn key(&mut self, mut run: Run<'_, '_>) -> Key {
        if let Some(((Token::Name(order @ ("asc" | "desc")), at), before)) = run.tokens.split_last()
            && !before.is_empty()
            && before.last().is_none_or(|(token, _)| *token != Token::Dot)
        {
            let written = self.text.get(run.span().start..at.start).unwrap_or_default().trim();
            let sign = if *order == "desc" { "-" } else { "" };
            let hint = format!("write sort {sign}{written}");
            self.refuse(at.clone(), format!("`{order}` is no word here"), hint);
            run = run.take(0..before.len());
        }
        let descending = matches!(run.tokens.first(), Some((Token::Minus, _)));
        let value = if descending { run.take(1..run.tokens.len()) } else { run };
        Key {
            value: self.expr(value),
            descending,
        }
    }

    pub(super) fn expr(&mut self, run: Run<'_, '_>) -> Expr {
        let place = match self.text.as_bytes().get(run.end) {
            None => "the end of the filter",
            Some(b',') => "`,`",
            Some(b'|') => "`|`",
            Some(_) => "the end of the value",
        };
        // `count(*)` and `=` as people write them elsewhere: the grammar's own words would not help.
        if let [
            (Token::Name("count"), _),
            (Token::LeftParen, _),
            (Token::Star, star),
            (Token::RightParen, _),
        ] = run.tokens
        {
            let problem = Diagnostic::new(codes::AGGREGATE, star.clone(), "`count` takes nothing in its brackets");
            self.problems.push(problem.hint("write count()"));
            return Expr::new(ast::Kind::Broken, run.span());
        }
        parse::expression(run.tokens.to_vec(), run.end, place, self.problems)
    }
}
