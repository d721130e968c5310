//! Every table, column, unit and sentence of documentation of kfl, declared once.
//!
//! A line of a `table!` declaration in [`tables`] gives, at the same time, the field of the row struct that a
//! dissector fills, the column builder, the Arrow field with its documentation as metadata, the KFL variable with its
//! type and default, and a line of help. Nothing else in the workspace spells a field's name.
//!
//! **Architecture invariant:** this crate knows neither packets, nor KFL syntax, nor DataFusion, nor Parquet. It depends
//! on arrow-array and arrow-schema alone.

mod cells;
mod declare;
mod field;
mod flag;
mod kind;
mod table;
pub mod tables;
mod types;

pub use cells::{Place, TooLong};
pub use field::{ADDRESS, Default, Field, Source};
pub use flag::{FLAGS, Flag};
pub use kind::{Bool, Bytes, Double, Int, Ints, Kind, Map, Str, Strs, Time};
pub use table::{Build, InOrder, Key, Level, Table};
pub use types::Type;
