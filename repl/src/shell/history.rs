//! The history of lines, kept between sessions: `$XDG_STATE_HOME/kfl/history`, else `~/.local/state/kfl/history`.
//!
//! Specification: XDG Base Directory 0.8. Lines from a pipe and lines that begin with a blank are not kept.

use std::path::PathBuf;

use rustyline::Editor;
use rustyline::history::FileHistory;

use super::helper::Helper;
use crate::terminal::Terminal;
use crate::verbs;

/// Where lines are kept; nowhere if there is no such place.
pub(super) struct History(Option<PathBuf>);

impl History {
    /// Reads what earlier sessions kept.
    pub(super) fn load(editor: &mut Editor<Helper, FileHistory>, terminal: &Terminal) -> Self {
        let Some(path) = place().filter(|_| terminal.stdin_is_terminal) else {
            return Self(None);
        };
        // The first session finds no history, and one that cannot be read is no reason to refuse a session.
        let _ = editor.load_history(&path);
        Self(Some(path))
    }

    /// Keeps a line.
    pub(super) fn add(&mut self, editor: &mut Editor<Helper, FileHistory>, line: &str) {
        let Some(path) = &self.0 else { return };
        let added = editor.add_history_entry(line);
        if !matches!(added, Ok(true)) {
            return;
        }
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        if made.is_err() || editor.append_history(path).is_err() {
            verbs::say(format!(
                "history cannot be kept in {}: it ends with this session",
                path.display()
            ));
            self.0 = None;
        }
    }
}

fn place() -> Option<PathBuf> {
    let variable = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")))?;
    Some(state.join("kfl/history"))
}
