//! `table`: for people. Fitted to the terminal, cut, escaped; never for programs.

use std::io::Write;

use datafusion::arrow::array::RecordBatch;

use super::{Encode, Format};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::answer::Answer;
use crate::render::grid;
use crate::terminal::{Screen, Terminal};

/// Rows on screen unless the user says otherwise.
const ROWS: usize = 1_000;

pub(super) const FORMAT: Format = Format {
    name: "table",
    doc: "columns that matter, fitted to the terminal, long values cut, at most 1000 rows unless --limit says otherwise",
    is_binary: false,
    rows: Some(ROWS),
    export: None,
    open: |output, schema, terminal: &Terminal| {
        let (room, screen) = (terminal.width(), terminal.stdout);
        Ok(Box::new(Table {
            output,
            answer: Answer::new(schema.clone()),
            room,
            screen,
        }))
    },
};

struct Table {
    output: Output,
    answer: Answer,
    room: usize,
    screen: Screen,
}

impl Encode for Table {
    fn write(&mut self, batch: RecordBatch) -> Result<(), Failure> {
        self.answer.push(batch);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Output, Failure> {
        let drawn = grid::draw(&self.answer, self.room, self.screen);
        self.output
            .write_all(drawn.text.as_bytes())
            .map_err(|error| Failure::of_io("write the table", &error))?;
        Ok(self.output)
    }
}
