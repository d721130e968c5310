//! Splitting: tokens → the filter's and each stage's. A `|` outside all brackets leads to a stage; brackets that are never
//! closed count as none, so that a mistake in one stage leaves the others as they are.

use std::ops::Range;

use super::words;
use crate::catalogue;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::limits;
use crate::repair;
use crate::token::{Spanned, Token};

/// The tokens between two pipes, each with the number of brackets around it.
#[derive(Clone, Debug)]
pub(crate) struct Segment<'t> {
    pub tokens: Vec<Spanned<'t>>,
    pub depths: Vec<usize>,
    /// The place between the pipes.
    pub range: Range<usize>,
}

/// Splits a text's tokens at its pipes; the first segment is the filter.
pub(crate) fn split<'t>(
    tokens: Vec<Spanned<'t>>,
    end: usize,
    problems: &mut Vec<Diagnostic>,
) -> (Segment<'t>, Vec<Segment<'t>>) {
    let tokens: Vec<_> = tokens
        .into_iter()
        .filter(|(token, _)| *token != Token::Comment)
        .collect();
    let depths = depths(&tokens);
    let mut segments = vec![Segment {
        tokens: Vec::new(),
        depths: Vec::new(),
        range: 0..end,
    }];
    // Inside brackets a stage is passed over up to their end.
    let mut passed_over: Option<usize> = None;
    for (place, (token, span)) in tokens.iter().enumerate() {
        if passed_over.is_some_and(|depth| depths[place] >= depth) {
            continue;
        }
        passed_over = None;
        let is_pipe = *token == Token::Foreign("|");
        let is_written_double = *token == Token::Or && depths[place] == 0 && begins_stage(&tokens[place + 1..]);
        if depths[place] == 0 && (is_pipe || is_written_double) {
            if is_written_double {
                let word = &tokens[place + 1].0;
                let message = format!(
                    "`||` joins two conditions, {} begins a stage",
                    crate::parse::found(word)
                );
                problems.push(Diagnostic::new(codes::PIPE, span.clone(), message).hint("one `|` leads to a stage"));
            }
            let last = segments.last_mut().expect("the filter's segment is always there");
            last.range.end = span.start;
            segments.push(Segment {
                tokens: Vec::new(),
                depths: Vec::new(),
                range: span.end..end,
            });
            continue;
        }
        let mut token = *token;
        if is_pipe {
            let problem = Diagnostic::new(codes::PIPE, span.clone(), "a pipe stands outside all brackets");
            problems.push(problem.hint("for `or` write `||`; a stage follows the whole filter: http && … | count"));
            token = Token::Or;
            if begins_stage(&tokens[place + 1..]) {
                passed_over = Some(depths[place]);
                continue;
            }
        }
        let last = segments.last_mut().expect("the filter's segment is always there");
        last.tokens.push((token, span.clone()));
        last.depths.push(depths[place]);
    }
    let mut stages = segments.split_off(1);
    if let Some(beyond) = stages.get(limits::STAGES) {
        let message = format!(
            "a filter may have {} stages, this one has {}",
            limits::STAGES,
            stages.len()
        );
        problems.push(Diagnostic::new(
            codes::TOO_MANY_STAGES,
            beyond.range.start..end,
            message,
        ));
        stages.truncate(limits::STAGES);
    }
    (segments.remove(0), stages)
}

/// The tokens of a filter that must stand alone: stages after it are refused.
pub(crate) fn without_stages<'t>(
    mut tokens: Vec<Spanned<'t>>,
    end: usize,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Spanned<'t>> {
    if !tokens.iter().any(|(token, _)| *token == Token::Foreign("|")) {
        return tokens;
    }
    let depths = depths(&tokens);
    let pipe = (0..tokens.len()).find(|place| {
        let next = tokens[place + 1..].iter().find(|(token, _)| *token != Token::Comment);
        tokens[*place].0 == Token::Foreign("|")
            && depths[*place] == 0
            && next.is_some_and(|(token, _)| matches!(token, Token::Name(word) if words::stage(word).is_some()))
    });
    if let Some(pipe) = pipe {
        let message = "here a filter stands alone, without stages after it";
        let problem = Diagnostic::new(codes::PIPE, tokens[pipe].1.start..end, message);
        problems.push(problem.hint("leave out what follows the `|`; for `or` write `||`"));
        tokens.truncate(pipe);
    }
    tokens
}

/// True if what follows `||` is plainly a stage and no condition.
fn begins_stage(rest: &[Spanned<'_>]) -> bool {
    let Some((Token::Name(word), _)) = rest.first() else {
        return false;
    };
    let is_name = catalogue::variable(word).is_some() || catalogue::flag(word).is_some();
    let ends = rest.get(1).is_none_or(|(next, _)| {
        matches!(
            next,
            Token::Name(_) | Token::Int(_) | Token::Foreign("|") | Token::RightParen
        )
    });
    words::stage(word).is_some() && !is_name && ends
}

/// How many brackets stand around each token, those that are never closed left out.
pub(super) fn depths(tokens: &[Spanned<'_>]) -> Vec<usize> {
    let mut open = Vec::new();
    let mut is_closed = vec![false; tokens.len()];
    for (place, (token, _)) in tokens.iter().enumerate() {
        if repair::opens(token) {
            open.push(place);
        } else if repair::closes(token)
            && let Some(opener) = open.pop()
        {
            (is_closed[opener], is_closed[place]) = (true, true);
        }
    }
    let mut depth = 0;
    let mut depths = Vec::with_capacity(tokens.len());
    for (place, (token, _)) in tokens.iter().enumerate() {
        if is_closed[place] && repair::closes(token) {
            depth -= 1;
        }
        depths.push(depth);
        if is_closed[place] && repair::opens(token) {
            depth += 1;
        }
    }
    depths
}
