//! A table: its level in the hierarchy, its flags, its groups of fields.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, SchemaRef};

use crate::cells::{Place, TooLong};
use crate::{FLAGS, Field};

/// What a row of a table is in the hierarchy flow ↔ connection ↔ entry ↔ packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// All traffic between two peers.
    Flow,
    /// One socket's life inside a flow.
    Connection,
    /// One application-layer transaction.
    Entry,
    /// Packets and captures: tables that SQL reads and KFL does not range over.
    Record,
}

impl Level {
    /// The word for it: "flow", "connection", "entry", "record".
    pub fn name(self) -> &'static str {
        match self {
            Level::Flow => "flow",
            Level::Connection => "connection",
            Level::Entry => "entry",
            Level::Record => "record",
        }
    }
}

/// One table.
#[derive(Debug)]
pub struct Table {
    /// The name, which is the name of its directory and of the SQL table.
    pub name: &'static str,
    /// The row's level.
    pub level: Level,
    /// What a row is.
    pub doc: &'static str,
    /// Flags that can be true on this table, with the KFL expression that says where; every other flag is false.
    pub flags: &'static [(&'static str, &'static str)],
    /// Fields, in groups that tables share.
    pub groups: &'static [&'static [Field]],
}

impl Table {
    /// All fields, virtual ones included, in column order.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// The field with this KFL name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name == name)
    }

    /// True if KFL ranges over this table's rows.
    pub fn in_kfl(&self) -> bool {
        self.level != Level::Record
    }

    /// The KFL expression of a flag on this table; `None` if the flag is false on every row.
    pub fn flag(&self, name: &str) -> Option<&'static str> {
        debug_assert!(FLAGS.iter().any(|flag| flag.name == name), "{name} is no flag");
        self.flags.iter().find(|(flag, _)| *flag == name).map(|(_, when)| *when)
    }

    /// The Arrow schema of the stored table.
    pub fn arrow(&self) -> SchemaRef {
        self.schema(|field| field.ty.arrow())
    }

    /// The Arrow schema of batches on their way to the store, see [`crate::Type::batch`].
    pub fn batch(&self) -> SchemaRef {
        self.schema(|field| field.ty.batch())
    }

    fn schema(&self, ty: impl Fn(&Field) -> DataType) -> SchemaRef {
        let fields = self.fields().filter(|field| field.is_stored());
        let fields: Vec<_> = fields.map(|field| field.arrow().with_data_type(ty(field))).collect();
        Arc::new(Schema::new(fields).with_metadata([("doc".to_owned(), self.doc.to_owned())].into()))
    }
}

/// A builder of one table's batches.
pub trait Build: Send + std::fmt::Debug {
    /// The table it builds.
    fn table(&self) -> &'static Table;
    /// Rows appended since the last batch.
    fn rows(&self) -> usize;
    /// Bytes that they take, about: what a batch is bounded by.
    fn bytes(&self) -> usize;
    /// Takes the rows appended so far as one batch.
    ///
    /// # Panics
    ///
    /// If they have more than 2 GiB of text in one column.
    fn finish(&mut self) -> RecordBatch;
    /// A batch of these rows of several builders, which keep them.
    ///
    /// # Errors
    ///
    /// [`TooLong`]: a column would hold more than 2 GiB of text.
    fn join(builders: &mut [&mut Self], places: &[Place]) -> Result<RecordBatch, TooLong>
    where
        Self: Sized;
    /// Forgets the rows appended so far.
    fn clear(&mut self);
}

/// What rows that KFL ranges over are sorted by: timestamp, id and index.
pub type Key = (i64, i64, i64);

/// A builder of rows that KFL ranges over.
pub trait InOrder: Build {
    /// What a row is sorted by.
    fn key(&self, row: usize) -> Key;
}

/// The schema of a table's batches, made once.
pub(crate) fn schema_of(table: &Table) -> SchemaRef {
    static SCHEMAS: Mutex<BTreeMap<&'static str, SchemaRef>> = Mutex::new(BTreeMap::new());
    let mut schemas = SCHEMAS.lock().expect("no holder of this lock panics");
    schemas.entry(table.name).or_insert_with(|| table.batch()).clone()
}
