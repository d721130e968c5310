//! `\limit N`: rows that an answer shows.

use super::{Command, Completes};
use crate::failure::Failure;
use crate::render::escape;
use crate::shell::Go;
use crate::verbs;

/// Rows that an answer may hold in memory at most.
const MOST: usize = 100_000;

pub(super) const COMMAND: Command = Command {
    name: "limit",
    arguments: "[N]",
    doc: "shows, or sets, how many rows an answer shows",
    completes: Completes::Nothing,
    run: |shell, typed| {
        match typed.parse::<usize>() {
            Ok(rows) if (1..=MOST).contains(&rows) => shell.limit = rows,
            _ if typed.is_empty() => {}
            _ => {
                return Err(Failure::input(format!(
                    "expected a number of rows, 1 to {MOST}, found {}",
                    escape::line(typed)
                ))
                .hint("bigger answers go to a file: kfl query 'KFL' -f parquet -o FILE"));
            }
        }
        verbs::say(format!("an answer shows {} rows at most", shell.limit));
        Ok(Go::On)
    },
};
