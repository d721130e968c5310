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

/// Columns that a cut head of numbers keeps at least.
const HEAD: usize = 8;

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
    let is_rigid = view.least == choice::RIGID;
    let natural = title.max(widest).min(if is_rigid { usize::MAX } else { CELL }).max(1);
    // A head may be cut before a number may.
    let least = if is_rigid {
        widest.max(HEAD.min(title)).max(1)
    } else {
        natural.min(view.least)
    };
    Wish {
        natural,
        least,
        rank: view.rank,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{
        ArrayRef, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray, new_null_array,
    };
    use expect_test::{Expect, expect};
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::names;

    const PLAIN: Screen = Screen {
        is_terminal: false,
        colour: false,
    };

    /// Rows of a table that have a value in some columns alone.
    fn rows(table: &'static schema::Table, values: &[(&str, ArrayRef)]) -> RecordBatch {
        let schema = table.arrow();
        let length = values.first().map_or(0, |(_, array)| array.len());
        let column = |field: &Arc<datafusion::arrow::datatypes::Field>| {
            let given = values.iter().find(|(name, _)| name == field.name());
            given.map_or_else(|| new_null_array(field.data_type(), length), |(_, array)| array.clone())
        };
        let columns = schema.fields().iter().map(column).collect();
        RecordBatch::try_new(schema, columns).expect("the values have the types of their columns")
    }

    fn http() -> Answer {
        let texts = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let ints = |values: [Option<i64>; 2]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
        let times = TimestampNanosecondArray::from(vec![0, 3_600_000_000_123]).with_timezone("UTC");
        let batch = rows(
            &schema::tables::http::TABLE,
            &[
                (names::TIMESTAMP, Arc::new(times)),
                (names::SRC_IP, texts(["10.0.0.1", "2001:db8::1"])),
                (names::SRC_PORT, ints([Some(51000), Some(40)])),
                (names::DST_IP, texts(["10.0.0.2", "2001:db8::2"])),
                (names::DST_PORT, ints([Some(80), None])),
                ("method", texts(["GET", "\u{1b}[2JPOST"])),
                (names::STATUS_CODE, ints([Some(200), None])),
                (
                    "url",
                    texts([
                        "/a/very/long/path/that/does/not/fit/anywhere?with=parameters",
                        "/日本語",
                    ]),
                ),
                (names::ELAPSED_TIME, ints([Some(1_500), None])),
            ],
        );
        let mut answer = Answer::new(batch.schema());
        answer.push(batch);
        answer
    }

    #[track_caller]
    fn check(room: usize, expect: Expect) {
        let drawn = draw(&http(), room, PLAIN);
        expect.assert_eq(&format!("{}no room for: {}\n", drawn.text, drawn.hidden.join(", ")));
    }

    #[test]
    fn all_columns_where_there_is_room() {
        check(
            200,
            expect![[r#"
            #  1970-01-01 UTC      src               dst          method       status  url                                                           elapsed
            ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.000000     10.0.0.1:51000    10.0.0.2:80  GET             200  /a/very/long/path/that/does/not/fit/anywhere?with=parameters  1.50 ms
            2  01:00:00.000000123  [2001:db8::1]:40  2001:db8::2  \x1b[2JPOST          /日本語
            no room for: 
        "#]],
        );
    }

    #[test]
    fn long_values_give_way_first() {
        check(
            100,
            expect![[r#"
            #  1970-01-01 UTC      src               dst          method       status  url               elapsed
            ────────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.000000     10.0.0.1:51000    10.0.0.2:80  GET             200  /a/very/long/pa…  1.50 ms
            2  01:00:00.000000123  [2001:db8::1]:40  2001:db8::2  \x1b[2JPOST          /日本語
            no room for: 
        "#]],
        );
    }

    #[test]
    fn then_columns_that_matter_less() {
        check(
            60,
            expect![[r#"
            #  dst          method       status  url             elapsed
            ────────────────────────────────────────────────────────────
            1  10.0.0.2:80  GET             200  /a/very/long/…  1.50 ms
            2  2001:db8::2  \x1b[2JPOST          /日本語
            no room for: 1970-01-01 UTC, src
        "#]],
        );
    }

    #[test]
    fn every_width_is_kept() {
        for colour in [false, true] {
            for room in 0..200 {
                let drawn = draw(
                    &http(),
                    room,
                    Screen {
                        is_terminal: true,
                        colour,
                    },
                );
                for line in drawn.text.lines().filter(|_| !colour) {
                    assert!(line.width() <= room.max(1), "{room}: {line}");
                }
            }
        }
    }

    #[test]
    fn an_answer_without_rows_is_nothing() {
        let answer = Answer::new(schema::tables::http::TABLE.arrow());
        assert_eq!(draw(&answer, 80, PLAIN).text, "");
    }
}
