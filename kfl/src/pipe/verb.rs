//! The word that a stage begins with: one of ours, or what is said about one that is not.

use super::run::Run;
use super::words::{self, Verb};
use crate::catalogue;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::parse;
use crate::token::Token;

/// The stage that a segment begins with; reports one that is none, and goes on with the stage that is meant.
pub(super) fn verb(first: &Token<'_>, run: Run<'_, '_>, text: &str, problems: &mut Vec<Diagnostic>) -> Option<Verb> {
    let word = match first {
        Token::Name(word) => *word,
        _ => "",
    };
    if let Some(stage) = words::stage(word) {
        return Some(stage.verb);
    }
    let (_, at) = &run.tokens[0];
    let foreign = words::FOREIGN_STAGES.iter().find(|(written, ..)| *written == word);
    let problem = Diagnostic::new(
        codes::STAGE,
        at.clone(),
        format!("there is no stage {}", parse::found(first)),
    );
    // An aggregate's name is a column's after `stats`, and a stage of its own nowhere.
    let (problem, meant) = if let Some((_, meant, verb)) = foreign {
        let rest = run.take(1..run.tokens.len()).span();
        let rest = text.get(rest).unwrap_or_default();
        let rest = match verb {
            Verb::Sort => rest.strip_prefix("by ").unwrap_or(rest),
            Verb::Limit | Verb::Tail => rest.trim_start_matches(['-', 'n', ' ']),
            _ => rest,
        };
        let is_ours = meant.ends_with('…') || !meant.contains(' ');
        let meant = meant.replace('…', rest);
        // What `grep` takes is no condition: it must not be checked as one.
        (
            problem.hint(format!("write {}", meant.trim_end())),
            is_ours.then_some(*verb),
        )
    } else if is_condition(word, run) {
        let written = text.get(run.span()).unwrap_or_default();
        (problem.hint(format!("for `or` write `||`: … || {written}")), None)
    } else if words::Aggregate::find(word).is_some() {
        (
            problem.hint(format!("`{word}` is an aggregate: stats {word}(…) by path")),
            None,
        )
    } else {
        let names = words::STAGES.iter().map(|stage| stage.name);
        match catalogue::closest(word, names)[..] {
            [near, ..] => {
                let verb = words::stage(near).map(|stage| stage.verb);
                (problem.hint(format!("did you mean `{near}`?")), verb)
            }
            [] => (
                problem.hint(format!("the stages are {}", words::stages_in_words())),
                None,
            ),
        }
    };
    problems.push(problem);
    meant
}

/// True if a segment reads as the right side of an `or`.
fn is_condition(word: &str, run: Run<'_, '_>) -> bool {
    let begins = |name: &&str| name.split('.').next() == Some(word);
    let is_name = catalogue::flag(word).is_some() || catalogue::variables().keys().any(begins);
    let is_operator = |token: &Token<'_>| {
        matches!(
            token,
            Token::Dot | Token::Eq | Token::Ne | Token::Lt | Token::Le | Token::Gt | Token::Ge | Token::In | Token::And
        )
    };
    word.is_empty() || is_name || run.tokens.get(1).is_some_and(|(token, _)| is_operator(token))
}
