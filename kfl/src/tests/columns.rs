//! Random rows of a table, as record batches and as values.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use fastrand::Rng;
use schema::{Source, Table};

use super::generate::one;
use crate::types::Type;
use crate::value::{self, Value};

/// Whether strings and bytes are stored as views, as a scan of Parquet gives them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Layout {
    Plain,
    Views,
}

/// Rows of a table; `None` where a row has no value.
pub(super) struct Rows {
    pub batch: RecordBatch,
    columns: Vec<(&'static str, Vec<Option<Value>>)>,
}

impl Rows {
    /// The value that a row has in a field.
    pub(super) fn value(&self, name: &str, row: usize) -> Option<Value> {
        let (_, values) = self.columns.iter().find(|(column, _)| *column == name)?;
        values[row].clone()
    }
}

/// Makes random rows, a third of their values absent.
pub(super) fn rows(table: &'static Table, count: usize, layout: Layout, rng: &mut Rng) -> Rows {
    make(table, count, layout, &mut |ty| {
        (rng.u8(0..3) != 0).then(|| random(ty, rng))
    })
}

/// Makes one row without values.
pub(super) fn nulls(table: &'static Table) -> Rows {
    make(table, 1, Layout::Views, &mut |_| None)
}

fn make(table: &'static Table, count: usize, layout: Layout, draw: &mut dyn FnMut(&Type) -> Option<Value>) -> Rows {
    let (mut fields, mut arrays, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    for field in table.fields().filter(|field| field.is_stored()) {
        let ty = Type::from(field.ty);
        let cell = |_| match field.source {
            Source::Constant(text) => Some(Value::string(text)),
            Source::Absent => None,
            _ => draw(&ty),
        };
        let values: Vec<_> = (0..count).map(cell).collect();
        let array = value::array(&values.iter().map(Option::as_ref).collect::<Vec<_>>(), &ty);
        let stored = match layout {
            Layout::Plain => field.ty.arrow(),
            Layout::Views => views(field.ty.arrow()),
        };
        fields.push(Field::new(field.column, stored.clone(), true));
        let array = match ty {
            // Times are stored in 64 bits.
            Type::Timestamp => cast(&array, &DataType::Int64).unwrap(),
            _ => array,
        };
        arrays.push(cast(&array, &stored).unwrap());
        columns.push((field.name, values));
    }
    Rows {
        batch: RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap(),
        columns,
    }
}

/// The type that a Parquet scan gives for a stored type: views at the top, plain inside lists and maps.
fn views(stored: DataType) -> DataType {
    match stored {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        stored => stored,
    }
}

fn random(ty: &Type, rng: &mut Rng) -> Value {
    match ty {
        Type::Bool => Value::Bool(rng.bool()),
        Type::Int => Value::Int([-1, 0, 1, 2, 3, 200, 404, i64::MAX, i64::MIN][rng.usize(..9)]),
        Type::Double => Value::Double([-1.5, 0.0, -0.0, 0.5, f64::NAN][rng.usize(..5)]),
        Type::String => Value::string(one(rng, &["", "a", "b", "7", "GET", "/a", "/api/é"])),
        Type::Bytes => Value::Bytes((0..rng.u8(0..4)).map(|_| rng.u8(..)).collect()),
        Type::Timestamp => Value::Timestamp(i128::from(rng.i64(-3..4)) * 1_000_000_000),
        Type::List(element) => Value::List((0..rng.u8(1..4)).map(|_| random(element, rng)).collect()),
        Type::Map(key, value) => {
            let mut entries = vec![(Value::string("k"), random(value, rng))];
            if rng.bool() {
                entries.push((Value::string("host"), random(value, rng)));
            }
            assert_eq!(**key, Type::String);
            Value::Map(entries.into())
        }
        ty => panic!("no column has the type {ty}"),
    }
}
