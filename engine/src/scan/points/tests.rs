//! Rows that are read one by one are those that Parquet's own reader reads, of all columns of all tables.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, MapArray, RecordBatch,
    StringArray, StructArray, TimestampNanosecondArray, UInt64Array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, Int64Type, SchemaRef};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use datafusion::parquet::file::properties::{WriterProperties, WriterVersion};
use datafusion::parquet::schema::types::ColumnPath;
use fastrand::Rng;
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::BoxFuture;
use schema::Table;

use super::{Points, bloom, read, rows_with};
use crate::columns::{CONN_ID, ID};
use crate::provider::scanned;
use crate::scan::group::{Group, Reader};
use crate::scan::wanted::Wanted;
use crate::store::{properties, written};

/// Rows of a part, of one of its pages, and bytes of a dictionary: some columns have more texts than it takes.
const ROWS: usize = 1000;
const PAGE_ROWS: usize = 90;
const DICTIONARY_BYTES: usize = 2048;

/// A part in memory.
struct Memory(Bytes);

impl AsyncFileReader for Memory {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        let is_within = range.start <= range.end && range.end <= self.0.len() as u64;
        let bytes = is_within.then(|| self.0.slice(range.start as usize..range.end as usize));
        async move { bytes.ok_or(ParquetError::EOF("outside".to_owned())) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        unreachable!("a row group knows it")
    }
}

/// Values of a column: of few kinds or of many, all there, some missing or all.
fn column(data_type: &DataType, rows: usize, random: &mut Rng) -> ArrayRef {
    let kinds = [1, 5, 100_000][random.usize(..3)];
    let missing = [0, 0, 3, 9, 10][random.usize(..5)];
    let mut is_there = {
        let mut random = random.fork();
        move || random.u8(..10) >= missing
    };
    let mut number = || is_there().then(|| random.i64(..kinds));
    match data_type {
        DataType::Int64 => Arc::new((0..rows).map(|_| number()).collect::<Int64Array>()),
        DataType::Timestamp(_, zone) => {
            let times: TimestampNanosecondArray = (0..rows).map(|_| number()).collect();
            Arc::new(times.with_timezone_opt(zone.clone()))
        }
        DataType::Float64 => {
            let fractions = (0..rows).map(|_| number().map(|number| number as f64 / 7.0));
            Arc::new(fractions.collect::<Float64Array>())
        }
        DataType::Boolean => {
            let flags = (0..rows).map(|_| number().map(|number| number % 2 == 1));
            Arc::new(flags.collect::<BooleanArray>())
        }
        DataType::Utf8 => {
            let texts =
                (0..rows).map(|_| number().map(|number| "ä".repeat(number as usize % 30) + &number.to_string()));
            Arc::new(texts.collect::<StringArray>())
        }
        DataType::Binary => {
            let bytes = (0..rows).map(|_| number().map(|number| number.to_le_bytes()[..number as usize % 9].to_vec()));
            Arc::new(bytes.collect::<BinaryArray>())
        }
        DataType::List(item) => {
            let (offsets, nulls) = shape(rows, random);
            let items = column(item.data_type(), offsets.last().map_or(0, |end| *end as usize), random);
            Arc::new(ListArray::new(item.clone(), offsets, items, nulls))
        }
        DataType::Map(entries, is_sorted) => {
            let DataType::Struct(fields) = entries.data_type() else {
                panic!("a map has entries");
            };
            let (offsets, nulls) = shape(rows, random);
            let length = offsets.last().map_or(0, |end| *end as usize);
            let keys = (0..length).map(|_| Some(format!("key {}", random.u8(..20))));
            let keys: ArrayRef = Arc::new(keys.collect::<StringArray>());
            let values = column(fields[1].data_type(), length, random);
            let rows = StructArray::new(fields.clone(), vec![keys, values], None);
            Arc::new(MapArray::new(entries.clone(), offsets, rows, nulls, *is_sorted))
        }
        other => panic!("no table has a column of {other}"),
    }
}

/// How long each row's list is, and which rows have one.
fn shape(rows: usize, random: &mut Rng) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
    let most = [1, 4, 12][random.usize(..3)];
    let missing = [0, 3, 10][random.usize(..3)];
    let nulls: Vec<_> = (0..rows).map(|_| random.u8(..10) >= missing).collect();
    let lengths = nulls
        .iter()
        .map(|is_there| if *is_there { random.usize(..most) } else { 0 });
    (OffsetBuffer::from_lengths(lengths), Some(NullBuffer::from(nulls)))
}

/// A part of a table with random rows.
struct Written {
    table: SchemaRef,
    rows: RecordBatch,
    bytes: Bytes,
}

/// Random rows of a table.
fn rows_of(table: &Table, count: usize, random: &mut Rng) -> RecordBatch {
    let stored = table.arrow();
    let columns = stored.fields().iter().map(|field| {
        loop {
            let column = column(field.data_type(), count, random);
            // What must be there is.
            if field.is_nullable() || column.null_count() == 0 {
                break column;
            }
        }
    });
    let columns = columns.collect();
    RecordBatch::try_new(stored, columns).unwrap()
}

impl Written {
    /// Writes short pages and dictionaries by the library.
    fn new(table: &Table, version: WriterVersion, random: &mut Rng) -> Self {
        Self::of(table, version, rows_of(table, ROWS, random))
    }

    fn of(table: &Table, version: WriterVersion, rows: RecordBatch) -> Self {
        let properties = properties(table).into_builder();
        let properties = properties
            .set_writer_version(version)
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_write_batch_size(PAGE_ROWS / 3)
            .set_dictionary_page_size_limit(DICTIONARY_BYTES)
            .build();
        Self::with(table, properties, rows)
    }

    fn with(table: &Table, properties: WriterProperties, rows: RecordBatch) -> Self {
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, table.arrow(), Some(properties)).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        Self {
            table: scanned(table),
            rows,
            bytes: bytes.into(),
        }
    }

    fn group(&self, index: PageIndexPolicy) -> Group {
        let metadata = ParquetMetaDataReader::new().with_page_index_policy(index);
        Group {
            file: PartitionedFile::new("part", self.bytes.len() as u64),
            metadata: Arc::new(metadata.parse_and_finish(&self.bytes).unwrap()),
            number: 0,
            first_place: None,
        }
    }

    /// Reads some rows one by one.
    fn read(&self, group: &Group, rows: &[usize], bytes: &Bytes) -> Option<Vec<ArrayRef>> {
        let columns: Vec<_> = (0..self.table.fields().len()).collect();
        let mut reader: Reader = Box::new(Memory(bytes.clone()));
        block_on(read(group, &self.table, &columns, rows, &mut reader, || Ok(None))).unwrap()
    }
}

fn some_rows(random: &mut Rng) -> Vec<usize> {
    let share = [1, 20, 500][random.usize(..3)];
    let mut rows: Vec<_> = (0..ROWS).filter(|_| random.usize(..share) == 0).collect();
    if rows.is_empty() {
        rows.push(random.usize(..ROWS));
    }
    rows
}

#[test]
fn all_tables_columns_are_read_as_they_were_written() {
    let mut random = Rng::with_seed(1);
    let (mut columns, mut others) = (0, 0);
    for table in schema::tables::ALL {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let written = Written::new(table, version, &mut random);
            for index in [PageIndexPolicy::Required, PageIndexPolicy::Skip] {
                let group = written.group(index);
                let rows = some_rows(&mut random);
                let places = UInt64Array::from_iter_values(rows.iter().map(|row| *row as u64));
                for (place, field) in written.table.fields().iter().enumerate() {
                    columns += 1;
                    let mut reader: Reader = Box::new(Memory(written.bytes.clone()));
                    let found =
                        block_on(read(&group, &written.table, &[place], &rows, &mut reader, || Ok(None))).unwrap();
                    // The second version has encodings that tables have not.
                    if version == WriterVersion::PARQUET_2_0 && found.is_none() {
                        others += 1;
                        continue;
                    }
                    let expected = take(written.rows.column(place), &places, None).unwrap();
                    let expected = cast(&expected, field.data_type()).unwrap();
                    let found = found.unwrap_or_else(|| panic!("{} {field} {version:?} {index:?}", table.name));
                    assert_eq!(
                        found[0].as_ref(),
                        expected.as_ref(),
                        "{} {field} {version:?} {index:?}",
                        table.name
                    );
                }
            }
        }
    }
    assert!(others * 3 < columns, "{others} of {columns}");
}

#[test]
fn parts_of_the_store_are_read_as_they_were_written() {
    let mut random = Rng::with_seed(6);
    for (table, count) in [
        (&schema::tables::http::TABLE, 21_000),
        (&schema::tables::packets::TABLE, 5000),
    ] {
        let rows = rows_of(table, count, &mut random);
        let written = Written {
            table: scanned(table),
            bytes: written(table, &rows).into(),
            rows,
        };
        let group = written.group(PageIndexPolicy::Required);
        let wanted: Vec<_> = (0..count).filter(|_| random.usize(..200) == 0).collect();
        let places = UInt64Array::from_iter_values(wanted.iter().map(|row| *row as u64));
        let found = written.read(&group, &wanted, &written.bytes).unwrap();
        for ((found, column), field) in found.iter().zip(written.rows.columns()).zip(written.table.fields()) {
            let expected = cast(&take(column, &places, None).unwrap(), field.data_type()).unwrap();
            assert_eq!(found.as_ref(), expected.as_ref(), "{} {field}", table.name);
        }
    }
}

#[test]
fn rows_are_found_by_their_ids() {
    let mut random = Rng::with_seed(2);
    for _ in 0..20 {
        let written = Written::new(&schema::tables::http::TABLE, WriterVersion::PARQUET_1_0, &mut random);
        let group = written.group(PageIndexPolicy::Required);
        for name in [ID, CONN_ID] {
            let column = written.rows.column_by_name(name).unwrap().as_primitive::<Int64Type>();
            let mut values: Vec<_> = (0..random.usize(1..4)).map(|_| random.i64(..6)).collect();
            values.extend(column.iter().flatten().nth(random.usize(..ROWS)));
            let wanted = Wanted::new(name, values.clone());
            let is_wanted = |value: Option<i64>| value.is_some_and(|value| values.contains(&value));
            let expected: Vec<_> = (0..ROWS)
                .filter(|row| is_wanted(column.is_valid(*row).then(|| column.value(*row))))
                .collect();
            let mut reader: Reader = Box::new(Memory(written.bytes.clone()));
            let wanted = [wanted];
            let found = block_on(rows_with(&group, &wanted, &mut reader)).unwrap();
            assert_eq!(found.map(|found| found.rows), Some(expected), "{name}");
        }
    }
}

#[test]
fn bloom_filters_know_which_ids_are_not_there() {
    let mut random = Rng::with_seed(7);
    let table = &schema::tables::http::TABLE;
    let rows = rows_of(table, ROWS, &mut random);
    let ids: Vec<_> = (0..ROWS).map(|_| random.i64(..100_000)).collect();
    let mut columns = rows.columns().to_vec();
    columns[rows.schema().index_of(CONN_ID).unwrap()] = Arc::new(Int64Array::from(ids.clone()));
    let rows = RecordBatch::try_new(rows.schema(), columns).unwrap();
    let written = Written::of(table, WriterVersion::PARQUET_1_0, rows);
    let group = written.group(PageIndexPolicy::Required);
    let chunk = group.leaf(CONN_ID).unwrap();
    let may_have = |id, length| {
        let mut reader: Reader = Box::new(Memory(written.bytes.clone()));
        let wanted = Wanted::new(CONN_ID, vec![id]);
        block_on(bloom::may_have(chunk, &wanted, length, &mut reader)).unwrap()
    };
    let length = written.bytes.len() as u64;
    assert!(ids.into_iter().all(|id| may_have(id, length)));
    let others = (1..1000).filter(|other| may_have(other * 1_000_003, length)).count();
    assert!(others < 50, "{others} of 999");
    // Of a filter outside of its part nothing is known.
    assert!(may_have(-1, 100));
}

#[test]
fn damaged_pages_are_left_to_others() {
    let mut random = Rng::with_seed(3);
    let written = Written::new(&schema::tables::http::TABLE, WriterVersion::PARQUET_1_0, &mut random);
    for index in [PageIndexPolicy::Required, PageIndexPolicy::Skip] {
        let group = written.group(index);
        for _ in 0..60 {
            let mut bytes = written.bytes.to_vec();
            for _ in 0..random.usize(1..40) {
                let place = random.usize(..bytes.len());
                bytes[place] ^= 1 << random.u8(..8);
            }
            let bytes = Bytes::from(bytes);
            let rows = some_rows(&mut random);
            let columns = 0..written.table.fields().len();
            for column in columns {
                let mut reader: Reader = Box::new(Memory(bytes.clone()));
                // Whatever comes out, nothing panics, and rows are as many as were asked for.
                let found = block_on(read(&group, &written.table, &[column], &rows, &mut reader, || Ok(None))).unwrap();
                assert!(found.is_none_or(|found| found[0].len() == rows.len()));
            }
            let mut reader: Reader = Box::new(Memory(bytes));
            let wanted = [Wanted::new(ID, vec![1, 5])];
            let found = block_on(rows_with(&group, &wanted, &mut reader)).unwrap();
            assert!(found.is_none_or(|found| found.rows.iter().all(|row| *row < ROWS)));
        }
    }
}

#[test]
fn pages_with_other_rows_than_their_index_says_are_left_to_others() {
    let mut random = Rng::with_seed(7);
    let written = Written::new(&schema::tables::http::TABLE, WriterVersion::PARQUET_2_0, &mut random);
    let group = written.group(PageIndexPolicy::Required);
    let whole = written.rows.columns();
    let (mut others, mut wrong) = (0, 0);
    for shift in [-3, 3] {
        let mut index = group.metadata.offset_index().unwrap().clone();
        for column in &mut index[0] {
            column
                .page_locations
                .iter_mut()
                .skip(1)
                .for_each(|page| page.first_row_index += shift);
        }
        let metadata = ParquetMetaData::clone(&group.metadata).into_builder();
        let damaged = Group {
            metadata: Arc::new(metadata.set_offset_index(Some(index)).build()),
            ..group.clone()
        };
        let rows: Vec<_> = (PAGE_ROWS - 5..ROWS).step_by(7).collect();
        let places = UInt64Array::from_iter_values(rows.iter().map(|row| *row as u64));
        for (place, values) in whole.iter().enumerate() {
            let mut reader: Reader = Box::new(Memory(written.bytes.clone()));
            let found = block_on(read(&damaged, &written.table, &[place], &rows, &mut reader, || {
                Ok(None)
            }))
            .unwrap();
            let Some(found) = found else {
                others += 1;
                continue;
            };
            let expected = cast(&take(values, &places, None).unwrap(), found[0].data_type()).unwrap();
            wrong += usize::from(found[0] != expected);
        }
    }
    assert!(
        others > whole.len() && wrong == 0,
        "{others} left to others, {wrong} wrong"
    );
}

/// Bodies of some ten kilobytes, written as the store's writer does: in pages of several times what is decompressed at once.
#[test]
fn bodies_in_large_pages() {
    const BODY: &str = "response_body";
    let mut random = Rng::with_seed(12);
    let table = &schema::tables::http::TABLE;
    let rows = rows_of(table, 100, &mut random);
    let mut body = || {
        let length = random.usize(..40_000);
        let bytes = std::iter::repeat_with(|| random.u8(..4))
            .take(length)
            .collect::<Vec<_>>();
        (random.u8(..10) > 0).then_some(bytes)
    };
    let bodies: Vec<_> = (0..100).map(|_| body()).collect();
    let mut columns = rows.columns().to_vec();
    let place = rows.schema().index_of(BODY).unwrap();
    columns[place] = Arc::new(bodies.iter().map(Option::as_deref).collect::<BinaryArray>());
    let rows = RecordBatch::try_new(rows.schema(), columns).unwrap();
    let body = ColumnPath::from(BODY);
    let properties = properties(table).into_builder();
    let properties = properties
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_column_compression(body.clone(), Compression::ZSTD(ZstdLevel::default()))
        .set_column_encoding(body, Encoding::PLAIN)
        .set_data_page_size_limit(1 << 20)
        .build();
    let written = Written::with(table, properties, rows);
    let group = written.group(PageIndexPolicy::Required);
    let read_from = |bytes: Bytes, rows: &[usize]| {
        let mut reader: Reader = Box::new(Memory(bytes));
        block_on(read(&group, &written.table, &[place], rows, &mut reader, || Ok(None))).unwrap()
    };
    for wanted in [&[0][..], &[99], &[50], &[3, 4, 60], &(0..100).collect::<Vec<_>>()] {
        let found = read_from(written.bytes.clone(), wanted).unwrap();
        let expected = wanted.iter().map(|row| bodies[*row].as_deref());
        assert!(found[0].as_binary::<i32>().iter().eq(expected), "{wanted:?}");
    }
    let (start, length) = group.leaf(BODY).unwrap().byte_range();
    for _ in 0..200 {
        let mut bytes = written.bytes.to_vec();
        let place = random.usize(start as usize..(start + length) as usize);
        bytes[place] ^= 1 << random.u8(..8);
        let found = read_from(bytes.into(), &[3, 60, 98]);
        assert!(found.is_none_or(|found| found[0].len() == 3));
    }
}

#[test]
fn a_long_text_of_many_rows_is_left_to_others() {
    let mut random = Rng::with_seed(8);
    let table = &schema::tables::http::TABLE;
    let written = Written::new(table, WriterVersion::PARQUET_1_0, &mut random);
    let url = written.table.index_of("url").unwrap();
    let text = "x".repeat(1 << 20);
    let mut columns = written.rows.columns().to_vec();
    columns[url] = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&text, 500)));
    let others = columns.iter_mut().enumerate().filter(|(place, _)| *place != url);
    others.for_each(|(_, column)| *column = column.slice(0, 500));
    let rows = RecordBatch::try_new(written.rows.schema(), columns).unwrap();
    let written = Written::of(table, WriterVersion::PARQUET_1_0, rows);
    let group = written.group(PageIndexPolicy::Required);
    let found = |rows: &[usize]| {
        let mut reader: Reader = Box::new(Memory(written.bytes.clone()));
        block_on(read(&group, &written.table, &[url], rows, &mut reader, || Ok(None))).unwrap()
    };
    assert_eq!(found(&[0, 400]).unwrap()[0].as_string_view().value(1), text);
    assert_eq!(found(&(0..500).collect::<Vec<_>>()), None);
}

#[tokio::test]
async fn two_threads_read_what_one_does() {
    let mut random = Rng::with_seed(5);
    let written = Written::new(&schema::tables::http::TABLE, WriterVersion::PARQUET_1_0, &mut random);
    let group = written.group(PageIndexPolicy::Required);
    let columns: Vec<_> = (0..written.table.fields().len()).collect();
    let rows = some_rows(&mut random);
    let alone = written.read(&group, &rows, &written.bytes).unwrap();
    for first in [0, 1, 40, columns.len()] {
        let reader = || Box::new(Memory(written.bytes.clone())) as Reader;
        let points = Points::of(&group, &written.table, &columns, &rows).unwrap();
        let both = points.in_two(first, [reader(), reader()]).await.unwrap();
        assert_eq!(both, Some(alone.clone()));
    }
}

#[test]
fn rows_that_are_not_there_and_other_tables_are_not_read() {
    let mut random = Rng::with_seed(4);
    let written = Written::new(&schema::tables::dns::TABLE, WriterVersion::PARQUET_1_0, &mut random);
    let group = written.group(PageIndexPolicy::Required);
    assert!(written.read(&group, &[ROWS], &written.bytes).is_none());
    assert!(written.read(&group, &[0, ROWS - 1], &written.bytes).is_some());
    let other = Written::new(&schema::tables::tlsx::TABLE, WriterVersion::PARQUET_1_0, &mut random);
    assert!(other.read(&group, &[0], &written.bytes).is_none());
}

#[test]
fn pages_that_lie_nowhere_tell_nothing() {
    let mut random = Rng::with_seed(11);
    let written = Written::new(&schema::tables::conns::TABLE, WriterVersion::PARQUET_2_0, &mut random);
    let group = written.group(PageIndexPolicy::Required);
    let all = |group: &Group| group.pages_where("timestamp", |_, _| true);
    let pages = all(&group).unwrap();
    assert!(pages.len() > 2);
    assert!(pages[0].start == 0 && pages.windows(2).all(|two| two[0].end == two[1].start));
    assert_eq!(pages.last().unwrap().end, ROWS);
    let leaf = group.leaf_of("timestamp").unwrap();
    for (page, first_row) in [
        (0, 1),
        (1, 0),
        (1, -5),
        (pages.len() - 1, ROWS as i64),
        (pages.len() - 1, i64::MAX),
    ] {
        let mut index = group.metadata.offset_index().unwrap().clone();
        index[0][leaf].page_locations[page].first_row_index = first_row;
        let metadata = ParquetMetaData::clone(&group.metadata).into_builder();
        let damaged = Group {
            metadata: Arc::new(metadata.set_offset_index(Some(index)).build()),
            ..group.clone()
        };
        assert_eq!(all(&damaged), None, "page {page} at {first_row}");
    }
}
