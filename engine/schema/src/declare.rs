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
            /// The columns of this group, in column order, of these rows of several builders.
            pub(crate) fn join(
                builders: Vec<&mut Self>,
                _places: &[$crate::cells::Place],
                _nulls: &mut $crate::cells::NullColumns,
                _joined: &mut Vec<arrow_array::ArrayRef>,
            ) -> Result<(), $crate::cells::TooLong> {
                let (_kept, mut _columns): (Vec<_>, Vec<_>) = builders
                    .into_iter()
                    .map(|builder| ((builder.rows.as_slice(), &builder.cells), &mut builder.columns))
                    .unzip();
                $($crate::declare::join_column!(_kept _columns _places _nulls _joined $field $kind ($($source $($value)?)?));)*
                Ok(())
            }

            /// Forgets the rows.
            pub(crate) fn clear(&mut self) {
                self.bytes = 0;
                self.cells.clear();
                $crate::cells::clear(&mut self.rows);
                self.columns = Default::default();
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
                let rows = u32::try_from(self.rows).expect("a batch is smaller than 4 GiB");
                let places: Vec<_> = (0..rows).map(|row| $crate::Place { builder: 0, row }).collect();
                let batch = Self::join(&mut [self], &places).expect("whoever appends keeps batches small");
                self.clear();
                batch
            }

            fn join(builders: &mut [&mut Self], places: &[$crate::Place]) -> Result<arrow_array::RecordBatch, $crate::TooLong> {
                let mut nulls = $crate::cells::NullColumns::of(places.len());
                let mut columns = Vec::new();
                $(
                    let group = builders.iter_mut().map(|builder| &mut builder.$group).collect();
                    $group_builder::join(group, places, &mut nulls, &mut columns)?;
                )*
                let own = builders.iter_mut().map(|builder| &mut builder.own).collect();
                $own_builder::join(own, places, &mut nulls, &mut columns)?;
                Ok(arrow_array::RecordBatch::try_new($crate::table::schema_of(&TABLE), columns)
                    .expect("every builder makes the type its field declares"))
            }

            fn clear(&mut self) {
                self.rows = 0;
                $(self.$group.clear();)*
                self.own.clear();
            }
        }

        $crate::declare::in_order!($builder $($group)*);
    };
}

/// Says how rows are sorted, of a table whose rows have what all have that KFL ranges over.
macro_rules! in_order {
    ($builder:ident common $($group:ident)*) => {
        impl $crate::table::InOrder for $builder {
            fn key(&self, row: usize) -> $crate::table::Key {
                self.common.key(row)
            }
        }
    };
    ($builder:ident) => {};
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

macro_rules! join_column {
    ($kept:ident $columns:ident $places:ident $nulls:ident $joined:ident $field:ident $kind:ident ()) => {
        let is_null = |row| <$crate::$kind as $crate::Kind>::is_null(row);
        // Most columns have no value in any row.
        let column = if $kept.iter().all(|(rows, _)| rows.iter().all(|row| is_null(&row.$field))) {
            $nulls.column(<$crate::$kind as $crate::Kind>::TYPE)
        } else {
            let rows = $places.iter().map(|place| {
                let (rows, cells) = $kept[place.builder as usize];
                (&rows[place.row as usize].$field, cells)
            });
            let columns = $columns.iter_mut().map(|columns| &mut columns.$field).collect();
            <$crate::$kind as $crate::Kind>::join(rows, columns, $places)?
        };
        $joined.push(column);
    };
    ($kept:ident $columns:ident $places:ident $nulls:ident $joined:ident $field:ident $kind:ident (default $value:literal)) => {
        $crate::declare::join_column!($kept $columns $places $nulls $joined $field $kind ());
    };
    ($kept:ident $columns:ident $places:ident $nulls:ident $joined:ident $field:ident $kind:ident (absent)) => {
        $joined.push($nulls.column(<$crate::$kind as $crate::Kind>::TYPE));
    };
    ($kept:ident $columns:ident $places:ident $nulls:ident $joined:ident $field:ident $kind:ident (constant $value:literal)) => {
        $joined.push(std::sync::Arc::new(arrow_array::StringArray::from_iter_values(
            std::iter::repeat_n($value, $places.len()),
        )));
    };
    ($kept:ident $columns:ident $places:ident $nulls:ident $joined:ident $field:ident $kind:ident (kfl $value:literal)) => {};
}

pub(crate) use {builder_struct, default, field_list, fields, in_order, join_column, row_struct, source, table, unit};
