//! A row group in pieces, for a sort that may need the first few rows alone.

use std::ops::Range;

use datafusion::arrow::array::BooleanBufferBuilder;
use datafusion::arrow::buffer::BooleanBuffer;

use super::Order;
use crate::columns::RANGED;

/// Rows of the first piece that is read of a row group in an order; each further piece is twice as long.
const FIRST_PIECE_ROWS: usize = 8 * 1024;

/// The ranges of rows in which a row group is read for a sort. Where the order's column grows with the rows, the first few rows
/// are likely all that the sort needs.
pub(super) fn pieces(rows: usize, order: &Order) -> Vec<Range<usize>> {
    if !RANGED.contains(&order.column.as_str()) {
        return std::iter::once(0..rows).collect();
    }
    let (mut pieces, mut done, mut length) = (Vec::new(), 0, FIRST_PIECE_ROWS);
    while done < rows {
        let end = rows.min(done + length);
        pieces.push(if order.descending {
            rows - end..rows - done
        } else {
            done..end
        });
        (done, length) = (end, length * 2);
    }
    pieces
}

/// The rows that were found in a range.
pub(super) fn within(found: &BooleanBuffer, rows: &Range<usize>) -> BooleanBuffer {
    let mut within = BooleanBufferBuilder::new(found.len());
    within.append_n(rows.start, false);
    within.append_buffer(&found.slice(rows.start, rows.len()));
    within.append_n(found.len() - rows.end, false);
    within.finish()
}
