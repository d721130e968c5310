//! A field: one column and one KFL variable.

use std::collections::HashMap;

use arrow_schema::Field as ArrowField;

use crate::Type;

/// One field of a table: a KFL variable and, unless it is virtual, a column.
#[derive(Debug)]
pub struct Field {
    /// The KFL name, with dots: `src.ip`.
    pub name: &'static str,
    /// The SQL and Parquet column: the KFL name with `.` as `_`.
    pub column: &'static str,
    /// The type.
    pub ty: Type,
    /// Unit of a number: "µs", "bytes"; of a string, [`ADDRESS`].
    pub unit: Option<&'static str>,
    /// What it says, when it is null, where that is defined.
    pub doc: &'static str,
    /// Where its values come from.
    pub source: Source,
    /// What KFL reads where a row has no value.
    pub default: Default,
}

/// What stands for a unit where strings are IP addresses, each written in one way (RFC 5952).
pub const ADDRESS: &str = "address";

/// Where the values of a field come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Each row gives one.
    Row,
    /// The same string in each row.
    Constant(&'static str),
    /// No source feeds it yet (Kubernetes metadata, live capture): the column is there and null.
    Absent,
    /// No column: a KFL expression over other fields of the same table.
    Virtual(&'static str),
}

/// What KFL reads where a row has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// The zero of the type: `""`, `0`, `false`, `[]`, `{}`, 1970-01-01T00:00:00Z.
    Zero,
    /// This number.
    Int(i64),
}

impl Field {
    /// True if the field is a column of the stored table.
    pub fn is_stored(&self) -> bool {
        !matches!(self.source, Source::Virtual(_))
    }

    /// The Arrow field, its documentation, unit and KFL name as metadata.
    pub fn arrow(&self) -> ArrowField {
        let mut metadata = HashMap::from([
            ("doc".to_owned(), self.doc.to_owned()),
            ("kfl".to_owned(), self.name.to_owned()),
        ]);
        if let Some(unit) = self.unit {
            metadata.insert("unit".to_owned(), unit.to_owned());
        }
        ArrowField::new(self.column, self.ty.arrow(), true).with_metadata(metadata)
    }
}
