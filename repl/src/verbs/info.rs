//! `info` and `verify`: what is stored, and whether it is whole.

use std::fmt::Write as _;

use engine::{Info, Notes};

use super::{Opened, put, say};
use crate::failure::{Exit, Failure};
use crate::render::grid::{self, Align};
use crate::render::{escape, units};
use crate::source::Source;
use crate::terminal::Terminal;

/// Lists the tables with their rows, parts and bytes, and what the captures tell of themselves.
pub(super) fn run(source: &Source, terminal: &Terminal) -> Result<Exit, Failure> {
    let opened = Opened::of(source, terminal)?;
    put(&draw(&opened.database.info(), terminal))?;
    let database = opened.database.clone();
    let notes = opened.runtime.wait(async move { Ok(database.notes().await?) })?;
    put(&draw_notes(&notes))?;
    Ok(Exit::Done)
}

/// Captures whose notes are listed; the table has all.
const CAPTURES_LISTED: usize = 50;

/// Comments, losses and secrets of the captures that have some, a line each.
fn draw_notes(notes: &[Notes]) -> String {
    let mut text = String::new();
    for capture in notes.iter().take(CAPTURES_LISTED) {
        let _ = writeln!(text, "\n{}", escape::line(&capture.name));
        for comment in &capture.comments {
            let _ = writeln!(text, "  comment: {}", escape::line(comment));
        }
        if capture.dropped > 0 {
            let _ = writeln!(
                text,
                "  the capture dropped {}",
                units::counted(capture.dropped, "packet")
            );
            for interface in &capture.interfaces {
                let _ = writeln!(text, "  interface: {}", escape::line(interface));
            }
        }
        if capture.has_secrets {
            let _ = writeln!(text, "  with decryption secrets");
        }
    }
    if let Some(more) = notes.len().checked_sub(CAPTURES_LISTED).filter(|more| *more > 0) {
        let _ = writeln!(
            text,
            "\nand {} more with such notes: the table {} has them",
            units::counted(more as u64, "capture"),
            schema::tables::captures::TABLE.name
        );
    }
    text
}

/// The database and its tables.
pub(crate) fn draw(info: &Info, terminal: &Terminal) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut total_rows, mut total_parts, mut total_bytes) = (0, 0, 0);
    for table in &info.tables {
        rows.push(vec![
            table.name.to_owned(),
            units::count(table.rows),
            units::count(table.parts as u64),
            units::size(table.bytes),
        ]);
        total_rows += table.rows;
        total_parts += table.parts as u64;
        total_bytes += table.bytes;
    }
    rows.push(vec![
        "total".into(),
        units::count(total_rows),
        units::count(total_parts),
        units::size(total_bytes),
    ]);
    let heads = [
        ("table", Align::Left),
        ("rows", Align::Right),
        ("parts", Align::Right),
        ("size", Align::Right),
    ];
    let table = grid::draw_list(&heads, &rows, terminal.width(), terminal.stdout);
    format!("{}\n\n{table}", escape::line(&info.path.display().to_string()))
}

/// Reads every part and compares it with the manifest; says all that is wrong.
pub(super) fn verify(source: &Source, terminal: &Terminal) -> Result<Exit, Failure> {
    let opened = Opened::of(source, terminal)?;
    let database = opened.database.clone();
    let found = opened.runtime.wait(async move { Ok(database.verify().await?) })?;
    let parts = units::counted(found.parts as u64, "part");
    if found.damage.is_empty() {
        say(format!("{parts} read, all are as the manifest says"));
        return Ok(Exit::Done);
    }
    let damaged = found.damage.len() + found.more_damage;
    for error in found.damage {
        Failure::from(error).without_hint().print(terminal);
    }
    if found.more_damage > 0 {
        say(format!("and {} more", units::count(found.more_damage as u64)));
    }
    let files = units::counted(damaged as u64, "damaged file");
    Err(Failure::world(format!("{parts} read, found {files}")).hint("the captures can be ingested again"))
}
