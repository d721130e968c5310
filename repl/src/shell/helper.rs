//! What happens while a line is typed: completion, colours, mistakes marked, brackets waited for.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use kfl::{Diagnostic, Token};
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Context};

use super::commands::{self, Completes};
use super::input::{self, Input};
use super::sql_words;
use super::values::Values;
use crate::render::escape;
use crate::runtime::Runtime;
use crate::terminal::{Paint, Screen, Terminal};
use crate::verbs::Opened;

/// Columns of a mistake's sentence at most while a line is typed.
const SENTENCE: usize = 72;

/// Helps rustyline.
#[derive(rustyline::Helper)]
pub(super) struct Helper {
    values: Values,
    runtime: Rc<Runtime>,
    screen: Screen,
    /// The filter checked last, and its mistakes: colours and the sentence both need them at each key.
    checked: RefCell<(String, Vec<Diagnostic>)>,
}

/// A sentence behind the cursor that no key inserts.
pub(super) struct Sentence(String);

impl Hint for Sentence {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

/// The part of a line that is KFL, and where it begins.
fn kfl_of(line: &str) -> Option<(usize, &str)> {
    let text = match Input::of(line) {
        Input::Kfl(text) => text,
        Input::Command { name, arguments } => {
            commands::find(name)
                .ok()
                .filter(|command| command.completes == Completes::Kfl)?;
            arguments
        }
        Input::Nothing | Input::Sql(_) => return None,
    };
    let start = text.as_ptr() as usize - line.as_ptr() as usize;
    Some((start, text))
}

impl Helper {
    pub(super) fn new(opened: &Opened, terminal: &Terminal) -> Self {
        let values = Values::new(opened.database.clone());
        Self {
            values,
            runtime: opened.runtime.clone(),
            screen: terminal.stdout,
            checked: RefCell::default(),
        }
    }

    /// The mistakes of a filter that stand before the cursor: what is being typed there is not yet wrong.
    fn mistakes(&self, text: &str, cursor: usize) -> Vec<(Range<usize>, String)> {
        // A call whose arguments are still to come is not wrong either.
        if text.get(..cursor).is_some_and(input::is_open) {
            return Vec::new();
        }
        let mut checked = self.checked.borrow_mut();
        if checked.0 != text {
            let mistakes = kfl::compile_query(text, &kfl::Environment::now())
                .err()
                .unwrap_or_default();
            *checked = (text.to_owned(), mistakes);
        }
        let place = |mistake: &Diagnostic| {
            let range = mistake.labels.first()?.0.clone();
            (range.end < cursor || cursor < range.start).then(|| (range, mistake.message.clone()))
        };
        checked.1.iter().filter_map(place).collect()
    }
}

impl Completer for Helper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..pos];
        let word = before
            .rfind(|letter: char| !(letter.is_alphanumeric() || "_.".contains(letter)))
            .map_or(0, |at| at + 1);
        let word = (word..=pos).find(|at| line.is_char_boundary(*at)).unwrap_or(pos);
        let typed = &line[word..pos];
        let of_words = |words: Vec<String>| Ok((word, words.into_iter().map(plain).collect()));
        if let Some(name) = before.trim_start().strip_prefix('\\')
            && !name.contains(char::is_whitespace)
        {
            let start = pos - name.len() - 1;
            let fitting = commands::ALL.iter().filter(|command| command.name.starts_with(name));
            let pairs = fitting.map(|command| Pair {
                display: format!("\\{} {}", command.name, command.arguments),
                replacement: format!("\\{} ", command.name),
            });
            return Ok((start, pairs.collect()));
        }
        match Input::of(before) {
            Input::Command { name, .. } => {
                match commands::find(name).map_or(Completes::Nothing, |command| command.completes) {
                    Completes::Nothing => of_words(Vec::new()),
                    Completes::Table => of_words(tables(typed)),
                    Completes::Topic => of_words(topics(typed)),
                    Completes::Kfl => self.complete_kfl(line, pos),
                }
            }
            Input::Sql(_) => of_words(sql_words::beginning(typed)),
            Input::Nothing | Input::Kfl(_) => self.complete_kfl(line, pos),
        }
    }
}

fn plain(word: String) -> Pair {
    Pair {
        display: word.clone(),
        replacement: word,
    }
}

fn tables(typed: &str) -> Vec<String> {
    let names = schema::tables::ALL.iter().map(|table| table.name);
    names
        .filter(|name| name.starts_with(typed))
        .map(str::to_owned)
        .collect()
}

/// The names that help knows.
fn topics(typed: &str) -> Vec<String> {
    let mut names: Vec<&'static str> = commands::ALL.iter().map(|command| command.name).collect();
    names.extend(kfl::variables().iter().map(|variable| variable.name));
    names.extend(kfl::flags().iter().map(|flag| flag.name));
    names.extend(kfl::help().iter().map(|help| help.name));
    names.extend(kfl::CODES.iter().map(|code| code.code));
    names.retain(|name| name.starts_with(typed));
    // A name may be of a variable and of a function.
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

impl Helper {
    fn complete_kfl(&self, line: &str, pos: usize) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, text) = kfl_of(line).unwrap_or((pos, ""));
        // The cursor may stand in the blanks around the text.
        let cursor = pos.saturating_sub(start).min(text.len());
        let completions = kfl::complete(text, cursor);
        let begin = start + completions.range.start;
        if begin > pos {
            return Ok((pos, Vec::new()));
        }
        let typed = line.get(begin..pos).unwrap_or_default();
        let mut pairs: Vec<Pair> = Vec::new();
        if let Some(field) = completions.values_of {
            pairs.extend(
                self.values
                    .of(field, &self.runtime)
                    .into_iter()
                    .filter(|value| value.starts_with(typed))
                    .map(plain),
            );
        }
        pairs.extend(completions.items.into_iter().map(|item| Pair {
            display: if item.detail.is_empty() {
                item.text.clone()
            } else {
                format!("{}  {}", item.text, item.detail)
            },
            replacement: item.text,
        }));
        Ok((begin, pairs))
    }
}

impl Hinter for Helper {
    type Hint = Sentence;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Sentence> {
        if pos < line.len() || line.contains('\n') {
            return None;
        }
        let (start, text) = kfl_of(line)?;
        let (_, message) = self.mistakes(text, pos.saturating_sub(start)).into_iter().next()?;
        let message = escape::line(&message).into_owned();
        Some(Sentence(format!("   ← {}", escape::cut(&message, SENTENCE))))
    }
}

impl Validator for Helper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        if input::is_open(context.input()) {
            return Ok(ValidationResult::Incomplete);
        }
        Ok(ValidationResult::Valid(None))
    }
}

fn paint_of(token: Token) -> Paint {
    match token {
        Token::Flag => Paint::Flag,
        Token::Variable => Paint::Variable,
        Token::Function => Paint::Function,
        Token::String => Paint::String,
        Token::Literal => Paint::Literal,
        Token::Operator => Paint::Plain,
        Token::Stage => Paint::Strong,
        Token::Comment => Paint::Comment,
        Token::Error => Paint::Mistake,
    }
}

impl Highlighter for Helper {
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        if !self.screen.colour {
            return Cow::Borrowed(line);
        }
        let mut paints = vec![Paint::Plain; line.len()];
        match (Input::of(line), kfl_of(line)) {
            (_, Some((start, text))) => {
                for (range, token) in kfl::highlight(text) {
                    fill(&mut paints, start, range, paint_of(token));
                }
                // A mistake without extent marks the letter before it.
                for (range, _) in self.mistakes(text, pos.saturating_sub(start)) {
                    let range = if range.is_empty() {
                        range.start.saturating_sub(1)..range.end
                    } else {
                        range
                    };
                    fill(&mut paints, start, range, Paint::Mistake);
                }
            }
            (Input::Sql(text), None) => {
                let start = text.as_ptr() as usize - line.as_ptr() as usize;
                let word = text
                    .find(|letter: char| !letter.is_ascii_alphabetic())
                    .unwrap_or(text.len());
                fill(&mut paints, start, 0..word, Paint::Strong);
            }
            (Input::Command { name, .. }, None) => {
                let start = line.find('\\').unwrap_or(0);
                let is_known = commands::ALL.iter().any(|command| command.name.starts_with(name));
                let paint = if is_known { Paint::Strong } else { Paint::Mistake };
                fill(&mut paints, start, 0..name.len() + 1, paint);
            }
            (Input::Nothing | Input::Kfl(_), None) => {}
        }
        Cow::Owned(painted(line, &paints, self.screen))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(self.screen.paint(Paint::Prompt, prompt))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(self.screen.paint(Paint::Error, hint))
    }

    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        match candidate.split_once("  ") {
            Some((text, detail)) => Cow::Owned(format!("{text}  {}", self.screen.paint(Paint::Faint, detail))),
            None => Cow::Borrowed(candidate),
        }
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.screen.colour
    }
}

fn fill(paints: &mut [Paint], start: usize, range: Range<usize>, paint: Paint) {
    if let Some(places) = paints.get_mut(start + range.start..start + range.end) {
        places.fill(paint);
    }
}

/// The line with each run of one paint in its colour.
fn painted(line: &str, paints: &[Paint], screen: Screen) -> String {
    let mut text = String::with_capacity(line.len() * 2);
    let mut start = 0;
    for (at, _) in line.char_indices().chain([(line.len(), ' ')]).skip(1) {
        if paints.get(at) != paints.get(start) {
            text.push_str(&screen.paint(paints[start], &line[start..at]));
            start = at;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn painting_keeps_the_text() {
        let colour = Screen {
            is_terminal: true,
            colour: true,
        };
        let line = "größe && x";
        let mut paints = vec![Paint::Plain; line.len()];
        fill(&mut paints, 0, 0..7, Paint::Flag);
        assert_eq!(painted(line, &paints, colour), "\u{1b}[1;35mgröße\u{1b}[0m && x");
        assert_eq!(painted("", &[], colour), "");
    }

    #[test]
    fn help_completes_every_kind_of_name() {
        assert_eq!(topics("redis_t"), ["redis_total_size", "redis_type"]);
        assert_eq!(topics("timestamp"), ["timestamp"]);
        assert_eq!(topics("startsW"), ["startsWith"]);
        assert_eq!(topics("K0104"), ["K0104"]);
        assert_eq!(topics("explai"), ["explain"]);
    }

    #[test]
    fn the_filter_of_a_line_is_found() {
        assert_eq!(kfl_of("  http && dns "), Some((2, "http && dns")));
        assert_eq!(kfl_of(r"\explain  dns"), Some((10, "dns")));
        assert_eq!(kfl_of(r"\d http"), None);
        assert_eq!(kfl_of("select 1"), None);
    }
}
