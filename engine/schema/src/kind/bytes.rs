//! Columns of bytes. Bytes go to their column at once: bodies are too long to be copied twice.

use std::sync::Arc;

use arrow_array::builder::BinaryViewBuilder;
use arrow_array::{Array, ArrayRef, BinaryViewArray};

use super::Kind;
use crate::Type;
use crate::cells::{Cells, Place, TooLong};

/// Bytes that a view holds itself; of longer ones it says where they are (Arrow columnar format, Variable-size Binary View Layout).
const INLINE_BYTES: u32 = 12;

/// A column of type `bytes`.
#[derive(Debug)]
pub struct Bytes;

/// The bytes of a column so far.
#[derive(Debug, Default)]
pub struct BytesColumn {
    /// Made with the first that has some.
    values: Option<BinaryViewBuilder>,
    /// Rows behind them that have none.
    nulls: usize,
    /// What the rows so far were once asked for.
    made: Option<BinaryViewArray>,
}

impl BytesColumn {
    /// What is there, with the rows behind it that have none.
    fn filled(&mut self) -> &mut BinaryViewBuilder {
        let values = self.values.get_or_insert_default();
        (0..std::mem::take(&mut self.nulls)).for_each(|_| values.append_null());
        values
    }

    /// The column of the rows so far, made once.
    fn array(&mut self) -> &BinaryViewArray {
        if self.made.is_none() {
            self.made = Some(self.filled().finish());
        }
        self.made.as_ref().expect("made just now")
    }
}

impl Kind for Bytes {
    type Row<'a> = Option<&'a [u8]>;
    /// Whether the row has some.
    type Cell = bool;
    type Column = BytesColumn;
    const TYPE: Type = Type::Bytes;
    fn take(value: Self::Row<'_>, _: &mut Cells, column: &mut Self::Column) -> Self::Cell {
        match value {
            Some(bytes) => column.filled().append_value(bytes),
            None => column.nulls += 1,
        }
        value.is_some()
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        value.map_or(0, <[u8]>::len)
    }
    fn is_null(cell: &Self::Cell) -> bool {
        !cell
    }
    fn join<'a>(
        _: impl ExactSizeIterator<Item = (&'a Self::Cell, &'a Cells)> + Clone,
        columns: Vec<&mut Self::Column>,
        places: &[Place],
    ) -> Result<ArrayRef, TooLong> {
        let columns: Vec<&BinaryViewArray> = columns.into_iter().map(BytesColumn::array).collect();
        let mut joined = BinaryViewBuilder::with_capacity(places.len());
        let mut first_blocks = Vec::new();
        for column in &columns {
            let blocks = column
                .data_buffers()
                .iter()
                .map(|block| joined.append_block(block.clone()));
            first_blocks.push(blocks.reduce(|first, _| first).unwrap_or_default());
        }
        for Place { builder, row } in places {
            let (column, row) = (columns[*builder as usize], *row as usize);
            if column.is_null(row) {
                joined.append_null();
                continue;
            }
            let view = column.views()[row];
            let [length, block, offset] = [0, 64, 96].map(|bits| (view >> bits) as u32);
            if length <= INLINE_BYTES {
                joined.append_value(column.value(row));
            } else {
                let is_there = joined.try_append_view(first_blocks[*builder as usize] + block, offset, length);
                is_there.expect("the blocks are those of the columns, in their order");
            }
        }
        Ok(Arc::new(joined.finish()))
    }
}
