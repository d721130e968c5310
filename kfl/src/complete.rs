//! Completion: a text, however broken, and a cursor → what can stand there.

use std::ops::Range;

use crate::catalogue;
use crate::check::Columns;
use crate::functions::{self, MACROS};
use crate::pipe::{self, AGGREGATES, Expects, Place, STAGES, Scope};
use crate::token::{self, Spanned, Token};

/// A completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What replaces the word under the cursor.
    pub text: String,
    /// Type or signature, in a few words.
    pub detail: String,
}

/// What can stand at the cursor.
#[derive(Clone, Debug)]
pub struct Completions {
    /// The range of the text that a completion replaces.
    pub range: Range<usize>,
    /// Variables, functions, keywords that fit, best first.
    pub items: Vec<Completion>,
    /// The variable whose values are asked for, if the cursor stands in a string that is compared with one.
    pub values_of: Option<&'static schema::Field>,
}

/// Says what can stand at a byte offset of a filter.
///
/// ```
/// let completions = kfl::complete("http && status", 14);
/// assert_eq!(completions.range, 8..14);
/// assert_eq!(completions.items[0].text, "status_code");
/// ```
pub fn complete(text: &str, cursor: usize) -> Completions {
    let cursor = text.floor_char_boundary(cursor.min(text.len()));
    let tokens: Vec<_> = token::lex(&text[..cursor]);
    if let Some((Token::Comment | Token::Hash, _)) = tokens.last().filter(|(_, at)| at.end == cursor) {
        return Completions {
            range: cursor..cursor,
            items: Vec::new(),
            values_of: None,
        };
    }
    if let Some((Token::Unclosed, at)) = tokens.last() {
        let quote = text[at.clone()]
            .find(['"', '\''])
            .map_or(at.start, |quote| at.start + quote + 1);
        let values_of = compared_with(&tokens[..tokens.len() - 1]);
        // What stands after the cursor up to the closing quote is part of the value that is replaced.
        let end = cursor
            + text[cursor..]
                .find(['"', '\'', '\n', ' ', ')', ']'])
                .unwrap_or(text.len() - cursor);
        return Completions {
            range: quote..end,
            items: Vec::new(),
            values_of,
        };
    }
    let (path, range) = word(text, &tokens, cursor);
    let place = pipe::place(text, range.start);
    let items = if follows_value(&tokens, &range) {
        methods(&path)
    } else if let Some(place) = place {
        of_stage(&path, &place)
    } else {
        names(&path, &Scope::Rows)
    };
    Completions {
        range,
        items,
        values_of: None,
    }
}

/// The dotted word that ends at the cursor, and its range up to the word's end.
fn word(text: &str, tokens: &[Spanned<'_>], cursor: usize) -> (String, Range<usize>) {
    let mut start = cursor;
    for (token, at) in tokens.iter().rev() {
        match token {
            Token::Name(_) | Token::Dot | Token::In | Token::True | Token::False | Token::Null if at.end == start => {
                start = at.start;
            }
            _ => break,
        }
    }
    let rest = text[cursor..]
        .find(|next: char| !next.is_ascii_alphanumeric() && next != '_')
        .unwrap_or(text.len() - cursor);
    (text[start..cursor].to_owned(), start..cursor + rest)
}

/// True if a word begins with a dot: it is a method of the value before it, which is no name.
fn follows_value(tokens: &[Spanned<'_>], word: &Range<usize>) -> bool {
    tokens
        .iter()
        .any(|(token, at)| at.start == word.start && *token == Token::Dot)
}

/// What begins with a word at a place of a stage.
fn of_stage(word: &str, place: &Place) -> Vec<Completion> {
    let offer = |text: &str, detail: &str| Completion {
        text: text.to_owned(),
        detail: detail.to_owned(),
    };
    let aggregates = || {
        let forms = AGGREGATES.iter().filter(|(_, form, _)| form.starts_with(word));
        // The bracket stays open where a value is to come.
        forms.map(|(_, form, doc)| offer(form.trim_end_matches("x)"), doc))
    };
    match place.expects {
        Expects::Stage => {
            let fitting = STAGES.iter().filter(|stage| stage.name.starts_with(word));
            fitting.map(|stage| offer(stage.name, stage.doc)).collect()
        }
        Expects::Nothing => Vec::new(),
        Expects::Words(words) => {
            let fitting = words.iter().filter(|one| one.starts_with(word));
            fitting.map(|one| offer(one, "keyword")).collect()
        }
        Expects::Aggregate => aggregates().collect(),
        Expects::Value {
            or_aggregate,
            or_bucket,
        } => {
            let mut items: Vec<_> = aggregates().filter(|_| or_aggregate).collect();
            if or_bucket && "every".starts_with(word) {
                items.push(offer("every(", "every(1m): buckets of time"));
            }
            items.append(&mut names(word, &place.scope));
            items
        }
    }
}

/// Variables, flags, functions and keywords that begin with a word; after a variable and a dot, its methods. Where a stage
/// has made columns, these in the place of variables and flags.
fn names(word: &str, scope: &Scope) -> Vec<Completion> {
    let mut items: Vec<Completion> = Vec::new();
    let columns = match scope {
        Scope::Rows => None,
        Scope::Columns(columns) => Some(columns.types.clone()),
        Scope::Unknown => Some(Columns::new()),
    };
    if let Some(columns) = &columns {
        let fitting = columns.iter().filter(|(name, _)| name.starts_with(word));
        items.extend(fitting.map(|(name, ty)| Completion {
            text: name.to_string(),
            detail: ty.to_string(),
        }));
    }
    let variables = catalogue::variables()
        .values()
        .filter(|variable| columns.is_none() && variable.field.name.starts_with(word));
    items.extend(variables.map(|variable| Completion {
        text: variable.field.name.to_owned(),
        detail: variable.ty.to_string(),
    }));
    let flags = schema::FLAGS
        .iter()
        .filter(|flag| columns.is_none() && flag.name.starts_with(word));
    items.extend(flags.map(|flag| Completion {
        text: flag.name.to_owned(),
        detail: "flag".to_owned(),
    }));
    // What no row has a value for yet comes last; else an exact match and short names come first: what was typed so far is
    // most of them.
    let rank = |item: &Completion| (catalogue::is_unfilled(&item.text), item.text.len(), item.text.clone());
    if let Some((variable, method)) = word.rsplit_once('.') {
        let is_known = match &columns {
            Some(columns) => columns.contains_key(variable),
            None => catalogue::variable(variable).is_some(),
        };
        if is_known {
            let methods = methods(method).into_iter();
            items.extend(methods.map(|item| Completion {
                text: format!("{variable}.{}", item.text),
                ..item
            }));
        }
        items.sort_by_cached_key(rank);
        return items;
    }
    for entry in functions::registry().values().filter(|entry| entry.is_callable()) {
        let name = entry.function.name;
        if let Some(signature) = entry
            .signatures
            .iter()
            .find(|one| !one.method)
            .filter(|_| name.starts_with(word))
        {
            items.push(Completion {
                text: format!("{name}("),
                detail: signature.overload.signature.to_owned(),
            });
        }
    }
    let macros = MACROS
        .iter()
        .filter(|one| one.form.starts_with(one.name) && one.name.starts_with(word));
    items.extend(macros.map(|one| Completion {
        text: format!("{}(", one.name),
        detail: one.form.to_owned(),
    }));
    let words = ["true", "false", "null", "in"]
        .into_iter()
        .filter(|keyword| keyword.starts_with(word));
    items.extend(words.map(|keyword| Completion {
        text: keyword.to_owned(),
        detail: "keyword".to_owned(),
    }));
    items.sort_by_cached_key(rank);
    items
}

fn methods(prefix: &str) -> Vec<Completion> {
    let dot = prefix.starts_with('.');
    let name_of = |text: &str| if dot { format!(".{text}(") } else { format!("{text}(") };
    let prefix = prefix.trim_start_matches('.');
    let mut items = Vec::new();
    for entry in functions::registry().values().filter(|entry| entry.is_callable()) {
        let name = entry.function.name;
        if let Some(signature) = entry
            .signatures
            .iter()
            .find(|one| one.method)
            .filter(|_| name.starts_with(prefix))
        {
            items.push(Completion {
                text: name_of(name),
                detail: signature.overload.signature.to_owned(),
            });
        }
    }
    let macros = MACROS
        .iter()
        .filter(|one| !one.form.starts_with(one.name) && one.name.starts_with(prefix));
    items.extend(macros.map(|one| Completion {
        text: name_of(one.name),
        detail: one.form.to_owned(),
    }));
    items
}

/// The variable on the other side of a comparison that ends where the tokens end: `method == `, `method in [`, `"x" in `.
fn compared_with(tokens: &[Spanned<'_>]) -> Option<&'static schema::Field> {
    let mut before = tokens;
    // Inside a list the variable stands before its bracket.
    if let Some(open) = before
        .iter()
        .rposition(|(token, _)| matches!(token, Token::LeftBracket))
        && before[open..]
            .iter()
            .skip(1)
            .all(|(token, _)| matches!(token, Token::Text(_) | Token::Comma))
    {
        before = &before[..open];
    }
    let (operator, before) = match before.split_last()? {
        ((Token::LeftParen, _), before) => {
            // A method of the variable: path.startsWith("…
            let (_, before) = before
                .split_last()
                .filter(|((token, _), _)| matches!(token, Token::Name(_)))?;
            before.split_last()?
        }
        split => split,
    };
    if !matches!(
        operator.0,
        Token::Eq | Token::Ne | Token::In | Token::Dot | Token::Lt | Token::Le | Token::Gt | Token::Ge
    ) {
        return None;
    }
    let words = before
        .iter()
        .rev()
        .take(7)
        .take_while(|(token, _)| matches!(token, Token::Name(_) | Token::Dot));
    let mut words: Vec<_> = words
        .map(|(token, _)| if let Token::Name(word) = token { *word } else { "." })
        .collect();
    words.reverse();
    (0..words.len())
        .find_map(|start| catalogue::variable(&words[start..].concat()))
        .map(|variable| variable.field)
}
