//! What completion and colouring must know of pipes: in which stage a place is, and what its words mean there.

use std::collections::BTreeMap;
use std::ops::Range;

use super::scope::{MadeColumns, Scope};
use super::split::split;
use super::words::{self, AS, Aggregate, BY, EVERY, Verb};
use crate::highlight::Token as Hue;
use crate::token::{self, Spanned, Token};
use crate::{Environment, catalogue, repair};

/// A place in a stage.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// What names mean there.
    pub scope: Scope,
    pub expects: Expects,
}

/// What can stand at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expects {
    /// The word of a stage.
    Stage,
    /// A number, a new name, or the next pipe: nothing that could be offered.
    Nothing,
    /// One of these words, after a value.
    Words(&'static [&'static str]),
    /// An aggregate.
    Aggregate,
    /// A value.
    Value {
        /// An aggregate too.
        or_aggregate: bool,
        /// A bucket of time too.
        or_bucket: bool,
    },
}

/// The place in a stage where a word begins; `None` if it is in the filter.
pub(crate) fn place(text: &str, start: usize) -> Option<Place> {
    let before = &text[..start];
    if !before.contains('|') {
        return None;
    }
    let (_, mut segments) = split(token::lex(before), start, &mut Vec::new());
    let segment = segments.pop()?;
    let earlier = before[..segment.range.start].trim_end_matches('|');
    let scope = scopes(earlier).pop().unwrap_or_default();
    let expects = expects(&segment.tokens, &segment.depths);
    Some(Place { scope, expects })
}

/// What names mean after each stage of a text, however broken it is.
fn scopes(text: &str) -> Vec<Scope> {
    let (mut of_filter, mut of_stages) = (Vec::new(), Vec::new());
    let pipe = super::parse::parse(text, &mut of_filter, &mut of_stages);
    super::check::check(&pipe.stages, text, &Environment { now_ns: 0 }, &mut of_stages).scopes
}

fn expects(tokens: &[Spanned<'_>], depths: &[usize]) -> Expects {
    let Some((Token::Name(word), _)) = tokens.first() else {
        return if tokens.is_empty() {
            Expects::Stage
        } else {
            Expects::Nothing
        };
    };
    let Some(stage) = words::stage(word) else {
        return Expects::Nothing;
    };
    let last = &tokens[tokens.len() - 1].0;
    let opened = tokens.iter().filter(|(token, _)| repair::opens(token)).count();
    let closed = tokens.iter().filter(|(token, _)| repair::closes(token)).count();
    let is_inside = opened > closed;
    let has_by = tokens
        .iter()
        .zip(depths)
        .any(|((token, _), depth)| *token == Token::Name(BY) && *depth == 0);
    let begins = tokens.len() == 1 || !is_inside && matches!(last, Token::Comma | Token::Name(BY));
    let after_value = !begins && !is_inside && repair::ends_value(last);
    match stage.verb {
        Verb::Limit | Verb::Tail | Verb::Step(_) => Expects::Nothing,
        _ if !is_inside && *last == Token::Name(AS) => Expects::Nothing,
        Verb::Top if tokens.len() == 1 => Expects::Nothing,
        Verb::Top if tokens.len() == 2 => VALUE,
        Verb::Count if tokens.len() == 1 => Expects::Words(&[BY]),
        Verb::Stats | Verb::Top if after_value && !has_by => Expects::Words(&[BY, AS]),
        Verb::Select | Verb::Uniq | Verb::Count | Verb::Stats | Verb::Top if after_value => Expects::Words(&[AS]),
        Verb::Stats if begins && !has_by => Expects::Aggregate,
        verb => Expects::Value {
            or_aggregate: begins && has_by && verb == Verb::Top,
            or_bucket: begins && has_by && matches!(verb, Verb::Stats | Verb::Count),
        },
    }
}

const VALUE: Expects = Expects::Value {
    or_aggregate: false,
    or_bucket: false,
};

/// The pieces of stages that are coloured otherwise than in a filter, by where they begin.
pub(crate) fn words_of_stages(text: &str, tokens: &[Spanned<'_>]) -> BTreeMap<usize, (usize, Hue)> {
    let mut marks = BTreeMap::new();
    if !tokens.iter().any(|(token, _)| *token == Token::Foreign("|")) {
        return marks;
    }
    let (_, segments) = split(tokens.to_vec(), text.len(), &mut Vec::new());
    let scopes = scopes(text);
    for (place, segment) in segments.iter().enumerate() {
        let pipe = segment.range.start - 1;
        if text.as_bytes().get(pipe) == Some(&b'|') && !text[..pipe].ends_with('|') {
            marks.insert(pipe, (pipe + 1, Hue::Operator));
        }
        let scope = match place.checked_sub(1) {
            None => Some(&Scope::Rows),
            Some(before) => scopes.get(before),
        };
        let columns = match scope {
            Some(Scope::Columns(columns)) => Some(columns),
            _ => None,
        };
        mark(&segment.tokens, &segment.depths, columns, &mut |range, hue| {
            marks.insert(range.start, (range.end, hue));
        });
    }
    marks
}

fn mark(
    tokens: &[Spanned<'_>],
    depths: &[usize],
    columns: Option<&MadeColumns>,
    give: &mut dyn FnMut(Range<usize>, Hue),
) {
    let Some((Token::Name(word), at)) = tokens.first() else {
        return;
    };
    let verb = words::stage(word).map(|stage| stage.verb);
    give(at.clone(), if verb.is_some() { Hue::Stage } else { Hue::Error });
    let takes_aggregates = matches!(verb, Some(Verb::Stats | Verb::Top));
    let takes_names = matches!(
        verb,
        Some(Verb::Select | Verb::Uniq | Verb::Count | Verb::Stats | Verb::Top)
    );
    let mut is_name = false;
    let mut place = 1;
    while let Some((token, at)) = tokens.get(place) {
        let next = tokens.get(place + 1).map(|(next, _)| next);
        let after_dot = tokens[place - 1].0 == Token::Dot;
        let mut used = 1;
        match token {
            Token::Name(_) | Token::Dot if is_name => give(at.clone(), Hue::Variable),
            Token::Name(AS | BY) if depths[place] == 0 && !after_dot && takes_names => give(at.clone(), Hue::Operator),
            Token::Name(function) if next == Some(&Token::LeftParen) && !after_dot => {
                let is_aggregate = Aggregate::find(function).is_some();
                let is_written = columns.is_some() && is_aggregate;
                if is_written || takes_aggregates && is_aggregate || takes_names && *function == EVERY {
                    give(at.clone(), Hue::Function);
                }
            }
            Token::Name(name) if !after_dot => {
                if let Some(columns) = columns {
                    match longest_column(&tokens[place..], columns) {
                        Some(words) => {
                            used = 2 * words - 1;
                            give(at.start..tokens[place + used - 1].1.end, Hue::Variable);
                        }
                        None if catalogue::variable(name).is_some() || catalogue::flag(name).is_some() => {
                            give(at.clone(), Hue::Error);
                        }
                        None => {}
                    }
                }
            }
            Token::BadNumber(_) if place >= 2 && tokens[place - 2].0 == Token::Name(EVERY) => {
                give(at.clone(), Hue::Literal);
            }
            _ => {}
        }
        is_name = match token {
            Token::Name(AS) => depths[place] == 0 && !after_dot && takes_names,
            Token::Name(_) | Token::Dot => is_name,
            _ => false,
        };
        place += used;
    }
}

fn longest_column(tokens: &[Spanned<'_>], columns: &MadeColumns) -> Option<usize> {
    let mut name = String::new();
    let mut longest = None;
    for (place, (token, _)) in tokens.iter().take(7).enumerate() {
        match (place % 2, token) {
            (0, Token::Name(word)) => name.push_str(word),
            (1, Token::Dot) => name.push('.'),
            _ => break,
        }
        if place % 2 == 0 && columns.types.contains_key(name.as_str()) {
            longest = Some(place / 2 + 1);
        }
    }
    longest
}
