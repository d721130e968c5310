//! A mistake in a filter, and how it is shown under the filter's text.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::codes::Code;

/// One mistake in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The code, from one registry.
    pub code: &'static str,
    /// What is wrong, in one line.
    pub message: String,
    /// Where, as byte ranges of the text, each with a word on it; the first is the mistake itself.
    pub labels: Vec<(Range<usize>, String)>,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Makes a diagnostic of the range that is wrong.
    pub(crate) fn new(code: &Code, at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            code: code.code,
            message: message.into(),
            labels: vec![(at, String::new())],
            hint: None,
        }
    }

    /// Puts a word on the range that is wrong.
    pub(crate) fn labelled(mut self, word: impl Into<String>) -> Self {
        self.labels[0].1 = word.into();
        self
    }

    /// Points at another place that explains the mistake.
    pub(crate) fn beside(mut self, at: Range<usize>, word: impl Into<String>) -> Self {
        self.labels.push((at, word.into()));
        self
    }

    /// Says what to write instead.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The place of the mistake.
    pub fn span(&self) -> Range<usize> {
        self.labels.first().map_or(0..0, |(at, _)| at.clone())
    }

    /// The diagnostic under the text it speaks of, with carets; plain text without colour, ends with a newline.
    ///
    /// ```
    /// let environment = kfl::Environment { now_ns: 0 };
    /// let text = "http && status_kode >= 500";
    /// let mistakes = kfl::compile(text, &environment).unwrap_err();
    /// assert_eq!(
    ///     mistakes[0].render(text),
    ///     "\
    /// error[K0201]: there is no variable `status_kode`
    ///   |
    /// 1 | http && status_kode >= 500
    ///   |         ^^^^^^^^^^^
    ///   |
    ///   = help: did you mean `status_code`?
    /// "
    /// );
    /// ```
    pub fn render(&self, text: &str) -> String {
        let mut snippet = Snippet::source(text).line_start(1);
        for (place, (at, word)) in self.labels.iter().enumerate() {
            let kind = if place == 0 {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let annotation = kind.span(within(text, at));
            snippet = snippet.annotation(if word.is_empty() {
                annotation
            } else {
                annotation.label(word.as_str())
            });
        }
        let mut group = Level::ERROR
            .primary_title(self.message.as_str())
            .id(self.code)
            .element(snippet);
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        let mut shown = Renderer::plain().render(&[group]);
        shown.push('\n');
        shown
    }
}

/// The range, moved to character boundaries of the text: a renderer must not fail because of a caller's other text.
fn within(text: &str, at: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(at.start.min(text.len()));
    let end = text.ceil_char_boundary(at.end.clamp(start, text.len()));
    start..end
}
