//! The results of a macro's elements, folded by row.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, ListArray, MapArray, StructArray, UInt64Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::filter;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::Result;

use super::Macro;
use crate::eval;
use crate::types::Type;
use crate::value::{self, Value};

/// How elements belong to rows, and which of them count.
pub(super) struct Results<'a> {
    /// Elements of each row.
    pub lengths: Vec<usize>,
    /// Rows that have no list are null.
    pub nulls: Option<&'a NullBuffer>,
    /// What the macro's own condition says of each element.
    pub condition: Option<&'a BooleanArray>,
}

impl Results<'_> {
    fn rows(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let mut at = 0;
        self.lengths.iter().enumerate().map(move |(row, length)| {
            let elements = at..at + length;
            at = elements.end;
            (row, elements)
        })
    }

    fn is_row(&self, row: usize) -> bool {
        self.nulls.is_none_or(|nulls| nulls.is_valid(row))
    }

    /// Whether an element counts; `None` where that is an error.
    fn counts(&self, element: usize) -> Option<bool> {
        match self.condition {
            None => Some(true),
            Some(condition) => condition.is_valid(element).then(|| condition.value(element)),
        }
    }

    /// `exists`, `all` and `exists_one`.
    pub(super) fn tests(&self, form: Macro, body: &BooleanArray) -> BooleanArray {
        self.rows()
            .map(|(row, elements)| {
                if self.is_row(row) {
                    test(form, body, elements)
                } else {
                    None
                }
            })
            .collect()
    }

    /// The first element of each row that is not null.
    pub(super) fn first(&self, body: &UInt64Array) -> UInt64Array {
        self.rows()
            .map(|(row, mut elements)| {
                let found = elements.find(|element| body.is_valid(*element));
                found.filter(|_| self.is_row(row)).map(|element| body.value(element))
            })
            .collect()
    }

    /// `filter`: the elements of which the body is true.
    pub(super) fn kept(&self, elements: &ArrayRef, body: &BooleanArray) -> Result<ArrayRef> {
        let values = filter(elements, body)?;
        let (mut kept, mut nulls) = (Vec::new(), Vec::new());
        for (row, mut elements) in self.rows() {
            let is_kept = |element: &usize| body.is_valid(*element) && body.value(*element);
            kept.push(elements.clone().filter(is_kept).count());
            nulls.push(self.is_row(row) && elements.all(|element| body.is_valid(element)));
        }
        Ok(list(values, kept, nulls))
    }

    /// Which elements have a place in the result, how many of each row, and which rows have a result.
    fn chosen(&self, values: &dyn Array) -> (BooleanArray, Vec<usize>, Vec<bool>) {
        let (mut chosen, mut kept, mut nulls) = (Vec::with_capacity(values.len()), Vec::new(), Vec::new());
        for (row, elements) in self.rows() {
            let (mut count, mut has_result) = (0, self.is_row(row));
            for element in elements {
                let counts = self.counts(element);
                has_result &= counts.is_some_and(|counts| !counts || values.is_valid(element));
                chosen.push(counts == Some(true));
                count += usize::from(counts == Some(true));
            }
            kept.push(count);
            nulls.push(has_result);
        }
        (BooleanArray::from(chosen), kept, nulls)
    }

    /// `map`: the body of each element.
    pub(super) fn list(&self, values: &ArrayRef) -> Result<ArrayRef> {
        let (chosen, kept, nulls) = self.chosen(values);
        Ok(list(filter(values, &chosen)?, kept, nulls))
    }

    /// `transformMap`: the body of each key.
    pub(super) fn map(&self, ty: &Type, keys: &ArrayRef, values: &ArrayRef) -> Result<ArrayRef> {
        let (chosen, kept, nulls) = self.chosen(values);
        let DataType::Map(field, sorted) = ty.arrow() else {
            unreachable!("a map type maps to a map")
        };
        let DataType::Struct(fields) = field.data_type().clone() else {
            unreachable!("a map holds structs")
        };
        let entries = StructArray::try_new(fields, vec![filter(keys, &chosen)?, filter(values, &chosen)?], None)?;
        let offsets = OffsetBuffer::from_lengths(kept);
        Ok(Arc::new(MapArray::try_new(
            field,
            offsets,
            entries,
            Some(nulls.into()),
            sorted,
        )?))
    }

    /// `transformMapEntry`: the entries that the body makes of each element.
    pub(super) fn merged(&self, ty: &Type, maps: &ArrayRef) -> ArrayRef {
        let merge = |(row, elements): (usize, Range<usize>)| {
            if !self.is_row(row) {
                return None;
            }
            let mut merged = Vec::new();
            for element in elements {
                if !self.counts(element)? {
                    continue;
                }
                let Value::Map(entries) = value::read(maps, element, ty)? else {
                    return None;
                };
                for (key, value) in entries.iter() {
                    eval::insert(&mut merged, key.clone(), value.clone()).ok()?;
                }
            }
            Some(Value::Map(merged.into()))
        };
        let merged: Vec<_> = self.rows().map(merge).collect();
        value::array(&merged.iter().map(Option::as_ref).collect::<Vec<_>>(), ty)
    }
}

fn test(form: Macro, body: &BooleanArray, mut elements: Range<usize>) -> Option<bool> {
    if body.null_count() == 0 {
        let is_true = |element| body.values().value(element);
        return Some(match form {
            Macro::Exists => elements.any(is_true),
            Macro::All => elements.all(is_true),
            _ => elements.filter(|element| is_true(*element)).count() == 1,
        });
    }
    let (mut trues, mut falses, mut errors) = (0, 0, 0);
    for element in elements {
        match (body.is_valid(element), body.value(element)) {
            (false, _) => errors += 1,
            (true, true) => trues += 1,
            (true, false) => falses += 1,
        }
    }
    match form {
        Macro::Exists if trues > 0 => Some(true),
        Macro::All if falses > 0 => Some(false),
        _ if errors > 0 => None,
        Macro::Exists => Some(false),
        Macro::All => Some(true),
        _ => Some(trues == 1),
    }
}

fn list(values: ArrayRef, lengths: Vec<usize>, nulls: Vec<bool>) -> ArrayRef {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Arc::new(ListArray::new(
        field,
        OffsetBuffer::from_lengths(lengths),
        values,
        Some(NullBuffer::from(nulls)),
    ))
}
