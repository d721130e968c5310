//! `compact`: small parts of the tables joined into larger ones, and what that gained.

use engine::{Compaction, TableInfo};

use super::{Opened, put, say};
use crate::failure::{Exit, Failure};
use crate::render::grid::{self, Align};
use crate::render::units;
use crate::source::Source;
use crate::terminal::Terminal;

/// Joins them, on a thread of its own, so that Ctrl-C is heard: then the last commit stands.
pub(super) fn run(source: &Source, terminal: &Terminal) -> Result<Exit, Failure> {
    let opened = Opened::of(source, terminal)?;
    let database = opened.database.clone();
    let compaction = opened.runtime.wait_blocking(move || Ok(database.compact()?))?;
    if compaction.is_empty() {
        say("no table has small parts that are worth joining");
    } else {
        put(&draw(&compaction, terminal))?;
    }
    Ok(Exit::Done)
}

/// The parts that tables had and have now, with their sizes.
fn draw(compaction: &Compaction, terminal: &Terminal) -> String {
    let row = |name: &str, [parts_before, parts, bytes_before, bytes]: [u64; 4]| {
        vec![
            name.to_owned(),
            units::count(parts_before),
            units::count(parts),
            units::size(bytes_before),
            units::size(bytes),
        ]
    };
    let (mut rows, mut total) = (Vec::new(), [0; 4]);
    for (before, after) in compaction.before.iter().zip(&compaction.after) {
        let (TableInfo { name, parts, bytes, .. }, now) = (before, after);
        let numbers = [*parts as u64, now.parts as u64, *bytes, now.bytes];
        rows.push(row(name, numbers));
        total.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
    }
    rows.push(row("total", total));
    let heads = [
        ("table", Align::Left),
        ("parts before", Align::Right),
        ("parts", Align::Right),
        ("size before", Align::Right),
        ("size", Align::Right),
    ];
    grid::draw_list(&heads, &rows, terminal.width(), terminal.stdout)
}
