//! What is known of the terminal: which streams are one, its width, whether colours are welcome.
//!
//! Colours go to terminals alone, and not there if `NO_COLOR` is set (no-color.org) or the terminal is dumb.

use std::io::{self, IsTerminal};

/// What is known of the terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// True if a person types.
    pub(crate) stdin_is_terminal: bool,
    /// Where data goes.
    pub(crate) stdout: Screen,
    /// Where everything else goes.
    pub(crate) stderr: Screen,
}

/// One output stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// True if a person reads it.
    pub(crate) is_terminal: bool,
    /// True if it takes colours.
    pub(crate) colour: bool,
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Heads of columns, names.
    Strong,
    /// Row numbers, frames, footers.
    Faint,
    /// "error:".
    Error,
    /// "hint:".
    Hint,
    /// The prompt.
    Prompt,
    /// A found place.
    Found,
    /// A KFL flag.
    Flag,
    /// A KFL variable.
    Variable,
    /// A KFL function.
    Function,
    /// A string.
    String,
    /// A number.
    Literal,
    /// A comment.
    Comment,
    /// A mistake in what is being typed.
    Mistake,
    /// Nothing special.
    Plain,
}

impl Paint {
    /// Parameters of the SGR control sequence (ECMA-48 §8.3.117).
    fn code(self) -> &'static str {
        match self {
            Paint::Strong => "1",
            Paint::Faint => "2",
            Paint::Error => "1;31",
            Paint::Hint => "1;36",
            Paint::Prompt => "1;32",
            Paint::Found => "7",
            Paint::Flag => "1;35",
            Paint::Variable => "36",
            Paint::Function => "34",
            Paint::String => "32",
            Paint::Literal => "33",
            Paint::Comment => "2;3",
            Paint::Mistake => "4;31",
            Paint::Plain => "",
        }
    }
}

impl Screen {
    /// The text in the colour of its meaning, or as it is.
    pub(crate) fn paint(self, paint: Paint, text: &str) -> String {
        if self.colour && paint != Paint::Plain && !text.is_empty() {
            format!("\x1b[{}m{text}\x1b[0m", paint.code())
        } else {
            text.to_owned()
        }
    }
}

/// Columns of a table on something that is no terminal: nothing is fitted there.
const UNBOUNDED: usize = 4096;

/// Columns where a terminal does not say how many it has.
const USUAL: usize = 80;

impl Terminal {
    /// Looks at the streams and the environment.
    pub(crate) fn detect() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let colours = !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let screen = |is_terminal| Screen {
            is_terminal,
            colour: is_terminal && colours,
        };
        Self {
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout: screen(io::stdout().is_terminal()),
            stderr: screen(io::stderr().is_terminal()),
        }
    }

    /// Streams that are files or pipes.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        let screen = Screen {
            is_terminal: false,
            colour: false,
        };
        Self {
            stdin_is_terminal: false,
            stdout: screen,
            stderr: screen,
        }
    }

    /// Columns that a table may take; asked anew each time, for windows are resized.
    pub(crate) fn width(&self) -> usize {
        if !self.stdout.is_terminal {
            return UNBOUNDED;
        }
        match crossterm::terminal::size() {
            Ok((columns, _)) if columns > 0 => usize::from(columns),
            _ => USUAL,
        }
    }
}
