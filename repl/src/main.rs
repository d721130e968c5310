//! `kfl`: the command line and the REPL.
//!
//! Comes in: arguments, keys. Goes out: data on standard output, everything said to a person on standard error, an exit
//! code ([`failure::Exit`]).
//!
//! **Architecture invariant:** this crate knows neither how tables are stored, nor sessions, nor dissectors: it speaks
//! to [`engine::Database`] and to `kfl`'s checker, and renders. Text that came from packets reaches a terminal only
//! through [`render::escape`].

mod cli;
mod failure;
mod formats;
mod names;
mod output;
mod render;
mod runtime;
mod shell;
mod source;
mod terminal;
mod verbs;
mod viewer;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come as errors too; a closed pipe is no reason to complain.
            let _ = error.print();
            return failure::Exit::of_arguments(&error).into();
        }
    };
    let terminal = terminal::Terminal::detect();
    match verbs::run(arguments, &terminal) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print(&terminal);
            failure.exit.into()
        }
    }
}
