//! The `\` commands: one file each, one registry. Help and completion loop over it.

mod conn;
mod describe;
mod entries;
mod explain;
mod export;
mod flow;
mod help;
mod hex;
mod limit;
mod packets;
mod pcap;
mod quit;
mod show;
mod timing;

use super::{Go, Shell};
use crate::failure::Failure;
use crate::render::escape;

/// One command.
#[derive(Debug)]
pub(super) struct Command {
    /// Without the backslash.
    pub(super) name: &'static str,
    /// What follows it.
    pub(super) arguments: &'static str,
    /// One line of help.
    pub(super) doc: &'static str,
    /// What completes its arguments.
    pub(super) completes: Completes,
    /// Does it.
    run: fn(&mut Shell, &str) -> Result<Go, Failure>,
}

/// What completes the arguments of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completes {
    /// Nothing.
    Nothing,
    /// Names of tables.
    Table,
    /// A filter.
    Kfl,
    /// Names that help knows.
    Topic,
}

/// Every command, in the order in which help lists them.
pub(super) const ALL: &[Command] = &[
    help::COMMAND,
    describe::COMMAND,
    show::COMMAND,
    flow::COMMAND,
    conn::COMMAND,
    entries::COMMAND,
    packets::COMMAND,
    hex::COMMAND,
    pcap::COMMAND,
    export::COMMAND,
    explain::COMMAND,
    limit::COMMAND,
    timing::COMMAND,
    quit::COMMAND,
];

impl Command {
    /// Does what the command is for.
    pub(super) fn run(&self, shell: &mut Shell, arguments: &str) -> Result<Go, Failure> {
        (self.run)(shell, arguments)
    }
}

/// The command of this name.
pub(super) fn find(name: &str) -> Result<&'static Command, Failure> {
    ALL.iter().find(|command| command.name == name).ok_or_else(|| {
        let names: Vec<String> = ALL.iter().map(|command| format!("\\{}", command.name)).collect();
        Failure::input(format!("there is no command \\{}", escape::line(name)))
            .hint(format!("the commands are {}", names.join(" ")))
    })
}

/// The first word of arguments, and what follows it.
fn first(arguments: &str) -> (&str, &str) {
    let (word, rest) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    (word, rest.trim())
}
