//! A grid: heads and cells, drawn to fit a terminal.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Row, Table, TableComponent};
use unicode_width::UnicodeWidthStr;

use super::answer::Answer;
use super::choice::{self, View};
use super::escape;
use super::fit::{self, Wish};
use crate::terminal::Screen;

/// Columns of a cell at most where nothing else bounds it; longer ones are cut.
const CELL: usize = 120;

/// Columns that a cut cell keeps at least.
const LEAST: usize = 8;

/// An answer as a table of lines that are no wider than the room there is.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// The lines; empty for an answer without rows.
    pub(crate) text: String,
    /// Columns that found no room.
    pub(crate) hidden: Vec<String>,
}

/// Draws an answer.
pub(crate) fn draw(answer: &Answer, room: usize, screen: Screen) -> Drawn {
    if answer.len() == 0 {
        return Drawn {
            text: String::new(),
            hidden: Vec::new(),
        };
    }
    let views = choice::views(answer);
    let cells: Vec<Vec<String>> = answer
        .rows()
        .enumerate()
        .map(|(index, row)| views.iter().map(|view| view.cell(index + 1, &row)).collect())
        .collect();
    let (text, hidden) = lay_out(&views, &cells, room, screen);
    Drawn {
        text,
        hidden: hidden.into_iter().map(|at| views[at].title.clone()).collect(),
    }
}

/// Draws rows of text under heads: for lists that are no answers.
pub(crate) fn draw_list(heads: &[(&str, Align)], rows: &[Vec<String>], room: usize, screen: Screen) -> String {
    let views: Vec<View> = heads
        .iter()
        .enumerate()
        .map(|(rank, (title, align))| View::of_list(title, *align == Align::Right, rank))
        .collect();
    lay_out(&views, rows, room, screen).0
}

/// On which side the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

fn lay_out(views: &[View], cells: &[Vec<String>], room: usize, screen: Screen) -> (String, Vec<usize>) {
    let wishes: Vec<Wish> = views
        .iter()
        .enumerate()
        .map(|(at, view)| wish(view, at, cells))
        .collect();
    let widths = fit::fit(&wishes, room);
    let (shown, hidden): (Vec<usize>, Vec<usize>) = (0..views.len()).partition(|at| widths[*at] > 0);

    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─');
    table.set_content_arrangement(ContentArrangement::Disabled);
    if screen.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(shown.iter().map(|at| {
        let cell = Cell::new(escape::cut(&views[*at].title, widths[*at]));
        if screen.colour {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }));
    for row in cells {
        let cell = |at: &usize| Cell::new(escape::cut(&row[*at], widths[*at]));
        table.add_row(Row::from(
            shown
                .iter()
                .map(|at| match (screen.colour, *at) {
                    // The first column numbers the rows.
                    (true, 0) => cell(at).fg(Color::DarkGrey),
                    _ => cell(at),
                })
                .collect::<Vec<_>>(),
        ));
    }
    for (place, at) in shown.iter().enumerate() {
        if let Some(column) = table.column_mut(place) {
            let is_last = place + 1 == shown.len();
            // The table draws a blank of its own between columns.
            column.set_padding((0, if is_last { 0 } else { fit::GAP as u16 - 1 }));
            column.set_cell_alignment(if views[*at].is_right_aligned {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            });
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    (text, hidden)
}

fn wish(view: &View, at: usize, cells: &[Vec<String>]) -> Wish {
    let title = view.title.width();
    let widest = cells.iter().map(|row| row[at].width()).max().unwrap_or(0);
    let natural = title
        .max(widest)
        .min(if view.is_rigid { usize::MAX } else { CELL })
        .max(1);
    // A head may be cut before a number may.
    let least = if view.is_rigid {
        widest.max(LEAST.min(title)).max(1)
    } else {
        natural.min(LEAST)
    };
    Wish {
        natural,
        least,
        rank: view.rank,
    }
}
