//! The `fields!` and `table!` macros. They declare; what they declare is used by functions elsewhere.

/// Declares a group of fields that tables share: a row struct, its builder, and the list of [`crate::Field`]s.
///
/// A line reads `ident "kfl.name" [unit]: Kind = source;` where unit and source may be left out:
///
/// - nothing: each row gives a value, and the struct has the field;
/// - `= absent`: a null column;
/// - `= constant "text"`: the same text in each row;
/// - `= kfl "expression"`: no column, an expression over other fields of the table;
/// - `= default -1`: each row gives a value, and KFL reads −1 where it does not.
macro_rules! fields {
    (
        $(#[$doc:meta])*
        $fields:ident => struct $row:ident, $builder:ident {
            $($(#[doc = $field_doc:literal])+ $field:ident $name:literal $([$unit:literal])?: $kind:ident $(= $source:ident $($value:literal)?)?;)*
        }
    ) => {
        /// The fields of this group, in column order.
        pub const $fields: &[$crate::Field] = $crate::declare::field_list! {
            $($(#[doc = $field_doc])+ $field $name $([$unit])?: $kind $(= $source $($value)?)?;)*
        };

        $crate::declare::row_struct!([$(#[$doc])*] $row [] $([$(#[doc = $field_doc])+ $field $kind ($($source)?)])*);
        $crate::declare::builder_struct!($row $builder [] $([$field $kind ($($source)?)])*);

        impl $builder {
            /// Takes the columns of this group, in column order, and leaves the builder empty.
            pub(crate) fn finish_columns(&mut self, _nulls: &mut $crate::cells::NullColumns, columns: &mut Vec<arrow_array::ArrayRef>) {
                let _rows = self.rows.len();
                $($crate::declare::finish_column!(self columns _nulls _rows $field $kind ($($source $($value)?)?));)*
                self.bytes = 0;
                self.cells.clear();
                $crate::cells::clear(&mut self.rows);
            }
        }
    };
}

/// Declares a table over shared groups and fields of its own.
macro_rules! table {
    (
        $(#[doc = $doc:literal])+
        $name:literal: $level:ident, flags { $($flag:ident: $when:literal),* $(,)? },
        groups { $($group:ident: $group_row:ident / $group_builder:ident = $group_fields:expr),* $(,)? },
        $fields:ident => struct $row:ident, $own_row:ident, $builder:ident, $own_builder:ident {
            $($body:tt)*
        }
    ) => {
        $crate::declare::fields! {
            /// What the table adds to its groups.
            $fields => struct $own_row, $own_builder { $($body)* }
        }

        /// The table.
        pub const TABLE: $crate::Table = $crate::Table {
            name: $name,
            level: $crate::Level::$level,
            doc: concat!($($doc),+).trim_ascii(),
            flags: &[$((stringify!($flag), $when)),*],
            groups: &[$($group_fields,)* $fields],
        };

        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        pub struct $row<'a> {
            $(/// The fields shared with other tables.
            pub $group: $group_row<'a>,)*
            /// The fields of this table alone.
            pub own: $own_row<'a>,
        }

        /// Collects rows and makes record batches of them.
        #[derive(Debug, Default)]
        pub struct $builder {
            $($group: $group_builder,)*
            own: $own_builder,
            rows: usize,
        }

        impl $builder {
            /// Appends one row.
            pub fn append(&mut self, row: $row<'_>) {
                $(self.$group.append(row.$group);)*
                self.own.append(row.own);
                self.rows += 1;
            }
        }

        impl $crate::table::Build for $builder {
            fn table(&self) -> &'static $crate::Table {
                const { &TABLE }
            }

            fn bytes(&self) -> usize {
                $(self.$group.bytes() +)* self.own.bytes()
            }

            fn rows(&self) -> usize {
                self.rows
            }

            fn finish(&mut self) -> arrow_array::RecordBatch {
                let mut nulls = $crate::cells::NullColumns::of(std::mem::take(&mut self.rows));
                let mut columns = Vec::new();
                $(self.$group.finish_columns(&mut nulls, &mut columns);)*
                self.own.finish_columns(&mut nulls, &mut columns);
                arrow_array::RecordBatch::try_new($crate::table::schema_of(&TABLE), columns)
                    .expect("every builder makes the type its field declares")
            }
        }
    };
}

/// The list of [`crate::Field`]s that lines of a declaration are.
macro_rules! field_list {
    ($($(#[doc = $doc:literal])+ $field:ident $name:literal $([$unit:literal])?: $kind:ident $(= $source:ident $($value:literal)?)?;)*) => {
        &[
            $($crate::Field {
                name: $name,
                column: stringify!($field),
                ty: <$crate::$kind as $crate::Kind>::TYPE,
                unit: $crate::declare::unit!($($unit)?),
                doc: concat!($($doc),+).trim_ascii(),
                source: $crate::declare::source!($($source $($value)?)?),
                default: $crate::declare::default!($($source $($value)?)?),
            }),*
        ]
    };
}

macro_rules! unit {
    () => {
        None
    };
    ($unit:literal) => {
        Some($unit)
    };
}

macro_rules! source {
    () => {
        $crate::Source::Row
    };
    (default $value:literal) => {
        $crate::Source::Row
    };
    (absent) => {
        $crate::Source::Absent
    };
    (constant $value:literal) => {
        $crate::Source::Constant($value)
    };
    (kfl $value:literal) => {
        $crate::Source::Virtual($value)
    };
}

macro_rules! default {
    (default $value:literal) => {
        $crate::Default::Int($value)
    };
    ($($source:ident $($value:literal)?)?) => {
        $crate::Default::Zero
    };
}

/// Builds the row struct field by field, leaving out the fields that no row gives.
macro_rules! row_struct {
    ([$(#[$doc:meta])*] $row:ident [$($done:tt)*]) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $row<'a> {
            $($done)*
        }
    };
    ($docs:tt $row:ident [$($done:tt)*] [$(#[$doc:meta])+ $field:ident $kind:ident ()] $($rest:tt)*) => {
        $crate::declare::row_struct!($docs $row [$($done)* $(#[$doc])+ pub $field: <$crate::$kind as $crate::Kind>::Row<'a>,] $($rest)*);
    };
    ($docs:tt $row:ident [$($done:tt)*] [$(#[$doc:meta])+ $field:ident $kind:ident (default)] $($rest:tt)*) => {
        $crate::declare::row_struct!($docs $row [$($done)* $(#[$doc])+ pub $field: <$crate::$kind as $crate::Kind>::Row<'a>,] $($rest)*);
    };
    ($docs:tt $row:ident [$($done:tt)*] [$(#[$doc:meta])+ $field:ident $kind:ident ($source:ident)] $($rest:tt)*) => {
        $crate::declare::row_struct!($docs $row [$($done)*] $($rest)*);
    };
}

/// Builds the builder struct field by field, leaving out the fields that no row gives.
macro_rules! builder_struct {
    ($row:ident $builder:ident [$([$field:ident $kind:ident])*]) => {
        const _: () = {
            /// What is kept of a row until its batch is made.
            pub struct Kept {
                $($field: <$crate::$kind as $crate::Kind>::Cell,)*
            }

            /// What columns keep besides.
            #[derive(std::default::Default)]
            pub struct Columns {
                $($field: <$crate::$kind as $crate::Kind>::Column,)*
            }

            impl $crate::cells::Group for $row<'static> {
                type Kept = Kept;
                type Columns = Columns;
            }

            impl $builder {
                /// Appends the values of one row.
                pub(crate) fn append(&mut self, row: $row<'_>) {
                    self.bytes += size_of::<Kept>();
                    $(self.bytes += <$crate::$kind as $crate::Kind>::weight(&row.$field);)*
                    self.rows.push(Kept {
                        $($field: <$crate::$kind as $crate::Kind>::take(row.$field, &mut self.cells, &mut self.columns.$field),)*
                    });
                }
            }
        };

        /// Collects the rows of this group.
        #[derive(std::default::Default)]
        pub struct $builder {
            rows: Vec<<$row<'static> as $crate::cells::Group>::Kept>,
            cells: $crate::cells::Cells,
            columns: <$row<'static> as $crate::cells::Group>::Columns,
            bytes: usize,
        }

        impl std::fmt::Debug for $builder {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($builder)).field("rows", &self.rows.len()).finish_non_exhaustive()
            }
        }

        impl $builder {
            /// Bytes that the rows appended so far take, about.
            pub(crate) fn bytes(&self) -> usize {
                self.bytes
            }
        }
    };
    ($row:ident $builder:ident [$($done:tt)*] [$field:ident $kind:ident ()] $($rest:tt)*) => {
        $crate::declare::builder_struct!($row $builder [$($done)* [$field $kind]] $($rest)*);
    };
    ($row:ident $builder:ident [$($done:tt)*] [$field:ident $kind:ident (default)] $($rest:tt)*) => {
        $crate::declare::builder_struct!($row $builder [$($done)* [$field $kind]] $($rest)*);
    };
    ($row:ident $builder:ident [$($done:tt)*] [$field:ident $kind:ident ($source:ident)] $($rest:tt)*) => {
        $crate::declare::builder_struct!($row $builder [$($done)*] $($rest)*);
    };
}

macro_rules! finish_column {
    ($self:ident $columns:ident $nulls:ident $rows:ident $field:ident $kind:ident ()) => {
        let rows = $self.rows.iter().map(|row| &row.$field);
        let column = <$crate::$kind as $crate::Kind>::finish(rows, &$self.cells, &mut $self.columns.$field);
        $columns.push(column.unwrap_or_else(|| $nulls.column(<$crate::$kind as $crate::Kind>::TYPE)));
    };
    ($self:ident $columns:ident $nulls:ident $rows:ident $field:ident $kind:ident (default $value:literal)) => {
        $crate::declare::finish_column!($self $columns $nulls $rows $field $kind ());
    };
    ($self:ident $columns:ident $nulls:ident $rows:ident $field:ident $kind:ident (absent)) => {
        $columns.push($nulls.column(<$crate::$kind as $crate::Kind>::TYPE));
    };
    ($self:ident $columns:ident $nulls:ident $rows:ident $field:ident $kind:ident (constant $value:literal)) => {
        $columns.push(std::sync::Arc::new(arrow_array::StringArray::from_iter_values(
            std::iter::repeat_n($value, $rows),
        )));
    };
    ($self:ident $columns:ident $nulls:ident $rows:ident $field:ident $kind:ident (kfl $value:literal)) => {};
}

pub(crate) use {builder_struct, default, field_list, fields, finish_column, row_struct, source, table, unit};
