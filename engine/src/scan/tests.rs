//! Dictionaries of columns that Parquet's own writer wrote answer as the values themselves do.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListBuilder, MapBuilder, RecordBatch, StringArray,
    StringBuilder,
};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader,
};
use datafusion::parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};

use super::Order;
use super::dictionary::{Dictionary, Truth, is_whole, places};
use super::flags;
use super::integers;
use super::keyed::{Otherwise, Places};
use super::pieces::pieces;
use crate::columns::TIMESTAMP;

/// Rows of a column under test, and of one of its pages.
const ROWS: usize = 5000;
const PAGE_ROWS: usize = 300;

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn in_pages(version: WriterVersion) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_writer_version(version)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
}

fn written(column: &ArrayRef, version: WriterVersion) -> (Bytes, ParquetMetaData) {
    written_by(column, in_pages(version).build())
}

fn written_by(column: &ArrayRef, properties: WriterProperties) -> (Bytes, ParquetMetaData) {
    let batch = RecordBatch::try_from_iter_with_nullable([("column", column.clone(), true)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let bytes = Bytes::from(bytes);
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
    (bytes, metadata)
}

fn part(bytes: &Bytes, range: Range<u64>) -> Bytes {
    bytes.slice(range.start as usize..range.end as usize)
}

/// Asks whether values are among some, and compares with what is said of each row.
#[track_caller]
fn check(column: &ArrayRef, value_type: &DataType, of_null: bool, is_among: &dyn Fn(&str) -> bool, rows: &[bool]) {
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let (bytes, metadata) = written(column, version);
        let chunk = metadata.row_group(0).column(0);
        assert!(is_whole(chunk), "the column has a dictionary");
        let (dictionary, numbers) = places(chunk);
        let dictionary = Dictionary::open(chunk, part(&bytes, dictionary), value_type).unwrap();
        let text = |value: usize| match value_type {
            DataType::Int64 => dictionary.values.as_primitive::<Int64Type>().value(value).to_string(),
            DataType::Utf8View => dictionary.values.as_string_view().value(value).to_owned(),
            _ => dictionary.values.as_string::<i32>().value(value).to_owned(),
        };
        let of_value = (0..dictionary.values.len())
            .map(|value| u8::from(is_among(&text(value))))
            .collect();
        let truth = Truth { of_value, of_null };
        let found = dictionary.rows(&truth, part(&bytes, numbers), rows.len()).unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), rows);
    }
}

/// Compares the numbers of rows, and how many rows have each, with the values of a column of whole numbers.
#[track_caller]
fn check_numbers(column: &Int64Array) {
    let whole: ArrayRef = Arc::new(column.clone());
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let (bytes, metadata) = written(&whole, version);
        let chunk = metadata.row_group(0).column(0);
        let (dictionary, numbers) = places(chunk);
        let (dictionary, numbers) = (part(&bytes, dictionary), part(&bytes, numbers));
        let open = || Dictionary::open(chunk, dictionary.clone(), &DataType::Int64).unwrap();
        let values = open().values.as_primitive::<Int64Type>().values().to_vec();
        let of_value: Vec<u32> = (0..values.len() as u32).map(|number| number * 2).collect();
        for step in [1, 3, 50] {
            let rows: BooleanBuffer = (0..column.len()).map(|row| row % step == 0).collect();
            let found = open().numbers(&of_value, 1, numbers.clone(), &rows).unwrap();
            let found = found.iter().map(|number| match number {
                1 => None,
                number => Some(values[*number as usize / 2]),
            });
            let expected: Vec<_> = rows.set_indices().map(|row| column.iter().nth(row).unwrap()).collect();
            assert_eq!(found.collect::<Vec<_>>(), expected, "one row of {step}");
        }
        let (counts, nulls) = open().counts(numbers, column.len()).unwrap();
        assert_eq!(nulls as usize, column.null_count());
        for (value, count) in values.iter().zip(counts) {
            assert_eq!(
                column.iter().filter(|known| *known == Some(*value)).count() as i64,
                count
            );
        }
    }
}

#[test]
fn numbers_with_and_without_nulls() {
    let mut random = Random(5);
    for (values, nulls) in [(1, 0), (2, 5), (11, 0), (200, 3), (900, 0), (900, 2)] {
        let column: Int64Array = (0..1200)
            .map(|_| (nulls == 0 || random.below(nulls) > 0).then(|| random.below(values) as i64))
            .collect();
        check_numbers(&column);
    }
}

/// Writes a column of whole numbers as their differences.
fn differences(column: &Int64Array, version: WriterVersion) -> (Bytes, ParquetMetaData) {
    let properties = in_pages(version)
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED)
        .build();
    written_by(&(Arc::new(column.clone()) as ArrayRef), properties)
}

/// The whole numbers of a chunk; `None` if it does not hold as many as it should.
fn read_integers(chunk: &ColumnChunkMetaData, bytes: &Bytes) -> Option<ArrayRef> {
    let mut pages = Vec::new();
    let add = |page| {
        pages.push(page);
        Ok(())
    };
    integers::each_page(chunk, bytes, ROWS, &DataType::Int64, add).unwrap()?;
    let pages: Vec<_> = pages.iter().map(AsRef::as_ref).collect();
    Some(concat(&pages).unwrap())
}

#[test]
fn whole_numbers_from_differences_and_dictionaries() {
    let mut random = Random(6);
    for (bits, nulls) in [(0, 0), (1, 4), (7, 0), (17, 3), (31, 0), (60, 2), (63, 0), (64, 0)] {
        let mut value = || {
            let wide = random.below(1 << 31) << 33 | random.below(1 << 31) << 2 | random.below(4);
            let value = if bits == 0 { 7 } else { (wide >> (64 - bits)) as i64 };
            (nulls == 0 || random.below(nulls) > 0).then_some(value)
        };
        let column: Int64Array = (0..ROWS).map(|_| value()).collect();
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let whole: ArrayRef = Arc::new(column.clone());
            for (bytes, metadata) in [differences(&column, version), written(&whole, version)] {
                let chunk = metadata.row_group(0).column(0);
                assert!(integers::are_readable(chunk), "{bits} bits");
                let (start, length) = chunk.byte_range();
                let bytes = part(&bytes, start..start + length);
                let found = read_integers(chunk, &bytes);
                assert_eq!(found.as_deref(), Some(whole.as_ref()), "{bits} bits");
                for _ in 0..200 {
                    // Whatever comes out, nothing panics, and rows are as many as there are.
                    let found = read_integers(chunk, &damaged(&bytes, &mut random));
                    assert!(found.is_none_or(|found| found.len() == ROWS));
                }
            }
        }
    }
}

#[test]
fn whole_numbers_of_some_pages_are_those_of_their_rows() {
    let mut random = Random(7);
    for nulls in [0, 3] {
        let mut value = |row: usize| (nulls == 0 || random.below(nulls) > 0).then_some((row * row) as i64);
        let column: Int64Array = (0..ROWS).map(&mut value).collect();
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let (bytes, _) = differences(&column, version);
            let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
            let metadata = reader.parse_and_finish(&bytes).unwrap();
            let chunk = metadata.row_group(0).column(0);
            let pages = metadata.offset_index().unwrap()[0][0].page_locations();
            assert!(pages.len() > 10, "there are pages to choose from");
            let row = |page: usize| (pages.get(page)).map_or(ROWS, |page| page.first_row_index as usize);
            for (from, to) in [(0, 1), (0, pages.len()), (3, 4), (5, 9), (pages.len() - 1, pages.len())] {
                let start = pages[from].offset as u64;
                let end = pages[to - 1].offset as u64 + pages[to - 1].compressed_page_size as u64;
                let (some, rows) = (part(&bytes, start..end), row(from)..row(to));
                let read = |bytes: Bytes, rows: usize| {
                    let pieces = integers::of_pages(chunk, &pages[from..to], bytes, rows, &DataType::Int64)?;
                    let pieces: Vec<_> = pieces.iter().map(AsRef::as_ref).collect();
                    Some(concat(&pieces).unwrap())
                };
                let expected = column.slice(rows.start, rows.len());
                assert_eq!(read(some.clone(), rows.len()).as_deref(), Some(&expected as &dyn Array));
                assert!(
                    read(some.clone(), rows.len() + 1).is_none(),
                    "the pages have fewer rows"
                );
                assert!(read(some.clone(), rows.len() - 1).is_none(), "the pages have more rows");
                for _ in 0..50 {
                    let found = read(damaged(&some, &mut random), rows.len());
                    assert!(found.is_none_or(|found| found.len() == rows.len()));
                }
            }
        }
    }
}

#[test]
fn pieces_of_a_row_group_hold_each_row_once() {
    for descending in [false, true] {
        let order = |column: &str| Order {
            column: column.to_owned(),
            descending,
        };
        for rows in [1, 8_192, 8_193, 100_000, 262_144] {
            let mut next = if descending { rows } else { 0 };
            for piece in pieces(rows, &order(TIMESTAMP)) {
                let (first, last) = if descending {
                    (piece.end, piece.start)
                } else {
                    (piece.start, piece.end)
                };
                assert_eq!(first, next, "{rows} rows, descending {descending}");
                next = last;
            }
            assert_eq!(next, if descending { 0 } else { rows });
            let whole = 0..rows;
            assert_eq!(pieces(rows, &order("elapsed_time")), std::slice::from_ref(&whole));
        }
    }
}

#[test]
fn scalars_with_and_without_nulls() {
    let mut random = Random(1);
    for (values, nulls) in [(1, 0), (2, 5), (11, 0), (200, 3), (900, 2)] {
        let numbers: Vec<Option<i64>> = (0..ROWS)
            .map(|_| (nulls == 0 || random.below(nulls) > 0).then(|| random.below(values) as i64))
            .collect();
        let is_among = |text: &str| text.ends_with('7') || text == "0";
        for of_null in [false, true] {
            let expected: Vec<_> = numbers
                .iter()
                .map(|number| number.map_or(of_null, |number| is_among(&number.to_string())))
                .collect();
            let ints: ArrayRef = Arc::new(Int64Array::from(numbers.clone()));
            check(&ints, &DataType::Int64, of_null, &is_among, &expected);
            let texts = numbers.iter().map(|number| number.map(|number| number.to_string()));
            let texts: ArrayRef = Arc::new(StringArray::from_iter(texts));
            check(&texts, &DataType::Utf8View, of_null, &is_among, &expected);
        }
    }
}

#[test]
fn lists_with_nulls_at_every_depth() {
    let mut random = Random(2);
    let mut list = ListBuilder::new(StringBuilder::new());
    let (mut with_null, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROWS {
        let (mut has_value, mut has_null) = (false, false);
        let count = random.below(5);
        for _ in 0..count {
            let value = (random.below(6) > 0).then(|| random.below(300).to_string());
            has_value |= value.as_deref().is_some_and(|value| value.ends_with('3'));
            has_null |= value.is_none();
            list.values().append_option(value);
        }
        list.append(count > 0 || random.below(2) > 0);
        with_null.push(has_value || has_null);
        without.push(has_value);
    }
    let list: ArrayRef = Arc::new(list.finish());
    let is_among = |text: &str| text.ends_with('3');
    check(&list, &DataType::Utf8, true, &is_among, &with_null);
    check(&list, &DataType::Utf8, false, &is_among, &without);
}

#[test]
fn keys_of_maps() {
    let mut random = Random(3);
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    let mut expected = Vec::new();
    for _ in 0..ROWS {
        let count = random.below(4);
        let mut found = false;
        for nth in 0..count {
            let key = format!("{nth}-{}", random.below(20));
            found |= key.ends_with("-9");
            map.keys().append_value(key);
            map.values().append_option((random.below(2) > 0).then_some("value"));
        }
        map.append(count > 0 || random.below(2) > 0).unwrap();
        expected.push(found);
    }
    let map: ArrayRef = Arc::new(map.finish());
    check(&map, &DataType::Utf8, false, &|text| text.ends_with("-9"), &expected);
}

#[test]
fn flags_with_and_without_nulls() {
    let mut random = Random(9);
    for nulls in [0, 3] {
        let column: BooleanArray = (0..ROWS)
            .map(|_| (nulls == 0 || random.below(nulls) > 0).then(|| random.below(2) > 0))
            .collect();
        let (bytes, metadata) = written(&(Arc::new(column.clone()) as ArrayRef), WriterVersion::PARQUET_1_0);
        let chunk = metadata.row_group(0).column(0);
        assert!(flags::are_readable(chunk));
        let (start, length) = chunk.byte_range();
        let bytes = part(&bytes, start..start + length);
        for truths in 0..8_u8 {
            let of_value = vec![truths & 1, truths >> 1 & 1];
            let of_null = truths >> 2 == 1;
            let expected = column.iter().map(|value| match value {
                Some(value) => of_value[usize::from(value)] == 1,
                None => of_null,
            });
            let expected: BooleanBuffer = expected.collect();
            let truth = Truth { of_value, of_null };
            assert_eq!(
                flags::rows(chunk, bytes.clone(), &truth, ROWS),
                Some(expected),
                "{truths}"
            );
            for _ in 0..200 {
                // Whatever comes out, nothing panics, and rows are as many as there are.
                let found = flags::rows(chunk, damaged(&bytes, &mut random), &truth, ROWS);
                assert!(found.is_none_or(|found| found.len() == ROWS));
            }
        }
    }
}

/// A row of a map: none, or its entries.
type Row = Option<Vec<(&'static str, Option<String>)>>;

/// Maps with few keys, some of them twice, and with values of which some are null.
fn maps(random: &mut Random) -> (ArrayRef, Vec<Row>) {
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    let mut rows = Vec::new();
    for _ in 0..ROWS {
        let mut entries = Vec::new();
        for _ in 0..random.below(5) {
            let key = ["a", "b", "c"][random.below(3) as usize];
            let value = (random.below(5) > 0).then(|| random.below(900).to_string());
            map.keys().append_value(key);
            map.values().append_option(value.as_deref());
            entries.push((key, value));
        }
        let is_there = !entries.is_empty() || random.below(2) > 0;
        map.append(is_there).unwrap();
        rows.push(is_there.then_some(entries));
    }
    (Arc::new(map.finish()), rows)
}

/// The rows of which it is true that a key's value ends with a digit, from the bytes of both chunks of a map.
fn ends_with_7(bytes: [&Bytes; 3], metadata: &ParquetMetaData, key: &str, otherwise: Otherwise) -> Option<Vec<u8>> {
    let [keys, items] = [0, 1].map(|leaf| metadata.row_group(0).column(leaf));
    let dictionary = Dictionary::open(keys, bytes[0].clone(), &DataType::Utf8)?;
    let places = Places::of(&dictionary, key, bytes[1].clone(), ROWS)?;
    let ask = |texts: &[&str]| Ok(texts.iter().map(|text| text.ends_with('7')).collect());
    match places.are_any() {
        true => places.ask(items, bytes[2].clone(), otherwise, ask).unwrap(),
        false => Some(places.without(otherwise)),
    }
}

#[test]
fn values_of_keys() {
    let mut random = Random(8);
    let (map, rows) = maps(&mut random);
    // With a full dictionary the values that come later are written plainly.
    for dictionary_bytes in [1 << 20, 1 << 10] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let properties = in_pages(version)
                .set_dictionary_page_size_limit(dictionary_bytes)
                .set_encoding(Encoding::PLAIN);
            let (bytes, metadata) = written_by(&map, properties.build());
            let [keys, items] = [0, 1].map(|leaf| metadata.row_group(0).column(leaf));
            assert_eq!(is_whole(items), dictionary_bytes == 1 << 20);
            let (dictionary, numbers) = places(keys);
            let (start, length) = items.byte_range();
            let [dictionary, numbers, items] =
                [dictionary, numbers, start..start + length].map(|range| part(&bytes, range));
            for (key, truths) in [
                ("a", 0),
                ("b", 1),
                ("c", 2),
                ("a", 4),
                ("b", 7),
                ("none", 0),
                ("none", 6),
            ] {
                let [of_null, of_missing, of_no_map] = [0, 1, 2].map(|bit| truths >> bit & 1);
                let otherwise = Otherwise {
                    of_null,
                    of_missing,
                    of_no_map,
                };
                let found = ends_with_7([&dictionary, &numbers, &items], &metadata, key, otherwise);
                let of_row = |row: &Row| {
                    let Some(entries) = row else { return of_no_map };
                    match entries.iter().find(|(other, _)| *other == key) {
                        Some((_, Some(value))) => u8::from(value.ends_with('7')),
                        Some((_, None)) => of_null,
                        None => of_missing,
                    }
                };
                assert_eq!(found, Some(rows.iter().map(of_row).collect()), "{key} {truths}");
                for _ in 0..200 {
                    // Whatever comes out, nothing panics, and rows are as many as there are.
                    let damaged = [&dictionary, &numbers, &items].map(|bytes| damaged(bytes, &mut random));
                    let found = ends_with_7(damaged.each_ref(), &metadata, key, otherwise);
                    assert!(found.is_none_or(|found| found.len() == ROWS));
                }
            }
        }
    }
}

#[test]
fn bytes_that_are_no_pages_are_refused() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..ROWS as i64).map(|number| number % 50)));
    let (bytes, metadata) = written(&numbers, WriterVersion::PARQUET_1_0);
    let chunk = metadata.row_group(0).column(0);
    let (dictionary, numbers) = places(chunk);
    let (dictionary, numbers) = (part(&bytes, dictionary), part(&bytes, numbers));
    let mut random = Random(4);
    for _ in 0..2000 {
        // Whatever comes out, nothing panics, and rows are as many as there are.
        let (dictionary, numbers) = (damaged(&dictionary, &mut random), damaged(&numbers, &mut random));
        let opened = Dictionary::open(chunk, dictionary.clone(), &DataType::Int64);
        let found = opened.and_then(|dictionary| {
            let of_value = vec![1; dictionary.values.len()];
            let truth = Truth {
                of_value,
                of_null: false,
            };
            dictionary.rows(&truth, numbers.clone(), ROWS)
        });
        assert!(found.is_none_or(|found| found.len() == ROWS));
        for step in [1, 40] {
            let rows: BooleanBuffer = (0..ROWS).map(|row| row % step == 0).collect();
            let opened = Dictionary::open(chunk, dictionary.clone(), &DataType::Int64);
            let found = opened.and_then(|dictionary| {
                let of_value = vec![0; dictionary.values.len()];
                dictionary.numbers(&of_value, 1, numbers.clone(), &rows)
            });
            assert!(found.is_none_or(|found| found.len() == rows.count_set_bits()));
        }
    }
}

fn damaged(bytes: &Bytes, random: &mut Random) -> Bytes {
    let mut damaged = bytes.to_vec();
    for _ in 0..random.below(4) {
        let place = random.below(damaged.len() as u64) as usize;
        damaged[place] = random.below(256) as u8;
    }
    if random.below(4) == 0 {
        damaged.truncate(random.below(damaged.len() as u64 + 1) as usize);
    }
    damaged.into()
}
