//! The program, run as a user runs it.

mod cli;
mod place;
mod session;
