//! The program, run as a user runs it.

mod cli;
mod notes;
mod place;
mod session;
