//! How tables are written as Parquet.
//!
//! All: lz4 (bytes: zstd; packets: as the user says, see [`PacketCodec`]), page index, page statistics for numbers and times so that a
//! lookup reads a few pages, of text for a row group; none for lists and maps, which no reader prunes by; of bytes, which nobody
//! compares, whether there are any. Bytes (`bytes_column.rs`, as [`PageShape`] says) and text (`text_column.rs`) are written by ourselves.
//! Entries and connections: bloom filters on the keys by which one steps between levels, whose ranges overlap from row group
//! to row group. Packets: small pages, so that one connection's bytes are read alone.

use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::file::metadata::SortingColumn;
use datafusion::parquet::file::properties::{
    DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT, DEFAULT_PAGE_SIZE, EnabledStatistics, WriterProperties, WriterPropertiesBuilder,
};
use datafusion::parquet::schema::types::ColumnPath;
use schema::tables::{conns, flows, packets};
use schema::{Field, Table, Type};

use crate::columns;

/// Rows of one row group: large enough to compress, small enough to prune by.
pub(crate) const ROW_GROUP_ROWS: usize = 256 * 1024;
/// Bytes of one row group, which is what a writer holds in memory per table.
const ROW_GROUP_BYTES: usize = 32 << 20;
/// The share of row groups that a bloom filter lets through although they do not have a key.
const BLOOM_ERRORS: f64 = 0.01;
/// Bytes of one page: looking a row up reads one of each column.
const PAGE_BYTES: usize = 64 << 10;
/// Rows of one page of other tables than packets: a row that is looked up costs a hundred columns of so many. A fifth of what the library
/// takes; with pages of 64 KiB a store of rows is 2 % larger for it, of half as many rows and bytes 5 %.
pub(crate) const PAGE_ROWS: usize = 4096;
/// Rows of one page of packets: a lookup decodes one such page of the key columns to find its rows.
const PACKET_PAGE_ROWS: usize = 2048;

/// How the bytes of packets are compressed. Measured on the mixed capture of `tests/bench`, pages of 64 KiB, MB per CPU second and
/// share of the bytes that is left: zstd at level 1 490 and 0.53, at level -3 600 and 0.57, lz4 780 and 0.59; pages of 128 KiB: zstd at level
/// -3 620 and 0.560, at level -2 with repetitions of 6 bytes and more 630 and 0.548, of 7 670 and 0.557, lz4 740 and 0.578.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PacketCodec {
    /// Zstandard, level -2: the smallest, and what is taken if nobody says otherwise.
    #[default]
    Zstd,
    /// LZ4: a twentieth larger, a little faster.
    Lz4,
    /// Not at all.
    Uncompressed,
}

impl PacketCodec {
    pub(super) fn compression(self) -> Compression {
        match self {
            PacketCodec::Zstd => zstd(),
            PacketCodec::Lz4 => Compression::LZ4_RAW,
            PacketCodec::Uncompressed => Compression::UNCOMPRESSED,
        }
    }
}

/// The codec of exported files, as most tools expect it, and of bytes; their pages have a level of their own.
fn zstd() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(1).expect("1 is a level of zstd"))
}

/// How pages of our own making are compressed.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageCodec {
    pub(super) codec: PacketCodec,
    /// The level, for zstd,
    pub(super) level: i32,
    /// and the bytes of the shortest repetition that it looks for; 0 is what the level has.
    pub(super) least_match: u32,
}

impl PageCodec {
    /// That of rows, whoever writes their columns.
    pub(super) const ROWS: Self = Self {
        codec: PacketCodec::Lz4,
        level: 0,
        least_match: 0,
    };
}

/// How the pages of a column of bytes are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageShape {
    pub(super) codec: PageCodec,
    /// A page ends when it has so many bytes,
    pub(super) bytes: usize,
    /// or so many rows.
    pub(super) rows: usize,
}

impl PageShape {
    /// Packets: pages of some eighty full-size packets, so that one connection's bytes are read alone; half as large they would
    /// take a thirtieth more, twice as large no less. Others: as the library has it.
    pub(super) fn of(table: &Table, codec: PacketCodec) -> Self {
        if table.name == packets::TABLE.name {
            Self {
                codec: PageCodec {
                    codec,
                    level: -2,
                    least_match: 6,
                },
                bytes: 128 << 10,
                rows: PACKET_PAGE_ROWS,
            }
        } else {
            Self {
                codec: PageCodec {
                    codec: PacketCodec::Zstd,
                    level: 1,
                    least_match: 0,
                },
                bytes: DEFAULT_PAGE_SIZE,
                rows: DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT,
            }
        }
    }
}

/// How a part of the store is written. lz4: a third larger than zstd at level 1 where rows are HTTP calls, read in four fifths of the
/// time, and without a context of a megabyte for each column that is being written.
pub(crate) fn properties(table: &Table) -> WriterProperties {
    let properties = base(table)
        .set_compression(PageCodec::ROWS.codec.compression())
        .set_data_page_size_limit(PAGE_BYTES);
    if table.name == packets::TABLE.name {
        for_packets(table, properties)
    } else {
        properties.set_data_page_row_count_limit(PAGE_ROWS)
    }
    .build()
}

/// How an exported file is written: as a part, but by zstd, in row groups of the usual size, and in the order of the export.
pub(crate) fn exported(table: &Table) -> WriterProperties {
    base(table).set_compression(zstd()).build()
}

fn base(table: &Table) -> WriterPropertiesBuilder {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("kfl ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES));
    for field in table.fields().filter(|field| field.is_stored()) {
        let path = ColumnPath::from(field.column);
        properties = match field.ty {
            Type::Bytes => properties.set_column_dictionary_enabled(path, false),
            // Of a row group, above all whether there is any text: of pages the dictionary tells more.
            Type::String => properties.set_column_statistics_enabled(path, EnabledStatistics::Chunk),
            Type::Strings | Type::Ints | Type::StringMap => properties,
            Type::Bool | Type::Int | Type::Double | Type::Timestamp => {
                properties.set_column_statistics_enabled(path, EnabledStatistics::Page)
            }
        };
        // Hashes, nearly all of them different.
        if [columns::CONN_GROUP_ID, columns::FLOW_GROUP_ID].contains(&field.column) {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(field.column), false);
        }
        if grows(table, field) {
            let path = ColumnPath::from(field.column);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    if table.in_kfl() {
        for name in [columns::CONN_ID, columns::FLOW_ID] {
            // Said of the two columns alone: said of all, it would give all of them filters.
            properties = properties
                .set_column_bloom_filter_fpp(ColumnPath::from(name), BLOOM_ERRORS)
                .set_column_bloom_filter_max_ndv(ColumnPath::from(name), ROW_GROUP_ROWS as u64);
        }
    }
    properties
}

/// True of numbers and times that grow from row to row, or measure: a dictionary of them would be as long as they are, and their
/// differences are small.
fn grows(table: &Table, field: &Field) -> bool {
    let is_own_id = [(&conns::TABLE, columns::CONN_ID), (&flows::TABLE, columns::FLOW_ID)]
        .iter()
        .any(|(of, name)| of.name == table.name && *name == field.column);
    let is_key = [
        columns::ID,
        columns::PACKET,
        columns::REQUEST_PACKET,
        columns::RESPONSE_PACKET,
    ]
    .contains(&field.column);
    is_own_id || is_key || field.ty == Type::Timestamp || field.ty == Type::Int && field.unit == Some("µs")
}

fn for_packets(table: &Table, mut properties: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
    // Clustered, all numbers are nearly those of the row before. Nobody asks for a page by what lies outside the keys.
    for field in table.fields().filter(|field| field.ty == Type::Int) {
        let path = ColumnPath::from(field.column);
        if !columns::RANGED.contains(&field.column) {
            properties = properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk);
        }
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    let position = |name: &str| {
        let mut stored = table.fields().filter(|field| field.is_stored());
        stored.position(|field| field.column == name).map(|index| index as i32)
    };
    let sorting = [columns::FLOW_ID, columns::CONN_ID, columns::PACKET]
        .iter()
        .filter_map(|name| position(name));
    let sorting = sorting.map(|column_idx| SortingColumn {
        column_idx,
        descending: false,
        nulls_first: true,
    });
    properties
        .set_data_page_row_count_limit(PACKET_PAGE_ROWS)
        // A part of packets is one row group: sealed by the ingest when its data reach a bound.
        .set_max_row_group_row_count(None)
        .set_max_row_group_bytes(None)
        .set_sorting_columns(Some(sorting.collect()))
}
