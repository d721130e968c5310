use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, StringArray, new_null_array};
use datafusion::arrow::compute::concat;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData};
use schema::tables::{http, packets};

use super::*;
use crate::columns::DATA;

/// A batch with these values in one column and nothing in the others.
fn batch(table: &'static Table, name: &str, values: ArrayRef) -> RecordBatch {
    let schema = table.arrow();
    let columns = schema.fields().iter().map(|field| {
        if field.name() == name {
            (field.name().clone(), values.clone(), true)
        } else {
            (
                field.name().clone(),
                new_null_array(field.data_type(), values.len()),
                true,
            )
        }
    });
    RecordBatch::try_from_iter_with_nullable(columns.collect::<Vec<_>>()).unwrap()
}

fn open(file: Vec<u8>) -> ParquetRecordBatchReaderBuilder<Bytes> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    ParquetRecordBatchReaderBuilder::try_new_with_options(file.into(), options).unwrap()
}

fn values(reader: ParquetRecordBatchReader, name: &str) -> Vec<Option<Vec<u8>>> {
    let values = |batch: RecordBatch| {
        let column = batch.column_by_name(name).unwrap().as_binary::<i32>().clone();
        column.iter().map(|value| value.map(<[u8]>::to_vec)).collect::<Vec<_>>()
    };
    reader.flat_map(|batch| values(batch.unwrap())).collect()
}

/// The pages of a column in the first row group: bytes in the file and first row.
fn pages(metadata: &ParquetMetaData, name: &str) -> Vec<(i32, i64)> {
    let columns = metadata.row_group(0).columns().iter();
    let column = columns
        .map(|column| column.column_path().string())
        .position(|path| path == name);
    let locations = metadata.offset_index().unwrap()[0][column.unwrap()].page_locations();
    let page = |page: &datafusion::parquet::file::page_index::offset_index::PageLocation| {
        (page.compressed_page_size, page.first_row_index)
    };
    locations.iter().map(page).collect()
}

/// Values of every kind: none, empty, that shrink and that do not, some larger than a page.
fn mixed() -> Vec<Option<Vec<u8>>> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..3000)
        .map(|row| match row % 10 {
            0 => None,
            1 => Some(Vec::new()),
            2 if row % 1000 == 2 => Some(vec![row as u8; 300_000]),
            _ if (row / 500) % 2 == 0 => Some(std::iter::repeat_with(|| random.u8(..)).take(1400).collect()),
            _ => Some(vec![row as u8; 1400]),
        })
        .collect()
}

#[test]
fn bytes_come_back_from_every_codec_and_both_kinds_of_array() {
    let expected = mixed();
    let slices = || expected.iter().map(Option::as_deref);
    let sizes = [PacketCodec::Zstd, PacketCodec::Lz4, PacketCodec::Uncompressed].map(|codec| {
        let mut writer = TableWriter::new(Vec::new(), &packets::TABLE, codec).unwrap();
        let owned: BinaryArray = slices().take(1000).collect();
        let views: BinaryViewArray = slices().skip(1000).collect();
        for values in [Arc::new(owned) as ArrayRef, Arc::new(views)] {
            writer.write(&batch(&packets::TABLE, DATA, values)).unwrap();
        }
        let file = writer.into_inner().unwrap();
        let size = file.len();
        let reader = open(file.clone());
        assert_eq!(reader.metadata().num_row_groups(), 1);
        let column = reader.metadata().row_group(0).columns().last().unwrap();
        assert_eq!(column.statistics().unwrap().null_count_opt(), Some(300));
        assert!(values(reader.build().unwrap(), DATA) == expected, "{codec:?}");
        // By the page index, from the middle of one page to that of another.
        let some = RowSelection::from_consecutive_ranges([40..41, 1777..2100].into_iter(), expected.len());
        let selected = values(open(file).with_row_selection(some).build().unwrap(), DATA);
        assert!(
            selected == [&expected[40..41], &expected[1777..2100]].concat(),
            "{codec:?}"
        );
        size
    });
    // Half of the bytes are random, and stay; the others nearly vanish.
    let [zstd, lz4, none] = sizes.map(|size| size / 100_000);
    assert_eq!((zstd, lz4, none), (16, 17, 42));
}

#[test]
fn pages_of_packets_end_with_their_bytes_or_rows() {
    let lengths = |lengths: &[usize]| -> BinaryArray { lengths.iter().map(|length| Some(vec![0; *length])).collect() };
    let mut writer = TableWriter::new(Vec::new(), &packets::TABLE, PacketCodec::Uncompressed).unwrap();
    let values = lengths(&[[100_000; 4].as_slice(), &[0; 5000]].concat());
    writer.write(&batch(&packets::TABLE, DATA, Arc::new(values))).unwrap();
    let reader = open(writer.into_inner().unwrap());
    let pages = pages(reader.metadata(), DATA);
    let first_rows: Vec<_> = pages.iter().map(|(_, first_row)| *first_row).collect();
    assert_eq!(first_rows, [0, 2, 4, 2052, 4100]);
    assert!(pages[0].0 > 200_000 && pages[0].0 < 200_100);
}

#[test]
fn row_groups_end_with_their_rows_or_bytes() {
    let groups = |values: BinaryArray, batches| {
        let mut writer = TableWriter::new(Vec::new(), &http::TABLE, PacketCodec::Zstd).unwrap();
        let batch = batch(&http::TABLE, "response_body", Arc::new(values));
        (0..batches).for_each(|_| writer.write(&batch).unwrap());
        let reader = open(writer.into_inner().unwrap());
        let groups = reader.metadata().row_groups().iter();
        groups.map(|group| group.num_rows()).collect::<Vec<_>>()
    };
    assert_eq!(groups(BinaryArray::new_null(100_000), 6), [262_144, 262_144, 75_712]);
    let mut random = fastrand::Rng::with_seed(7);
    let body: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(10 << 20).collect();
    assert_eq!(groups([Some(&body)].into_iter().collect(), 9), [4, 4, 1]);
}

#[test]
fn other_arrays_are_refused() {
    let mut writer = TableWriter::new(Vec::new(), &packets::TABLE, PacketCodec::Zstd).unwrap();
    let texts = StringArray::from(vec!["text"]);
    let error = writer
        .write(&batch(&packets::TABLE, DATA, Arc::new(texts)))
        .unwrap_err();
    assert_eq!(error.to_string(), "Parquet error: a column of bytes cannot take Utf8");
    let bytes = BinaryArray::from_vec(vec![b"text"]);
    let mut writer = TableWriter::new(Vec::new(), &http::TABLE, PacketCodec::Zstd).unwrap();
    let error = writer.write(&batch(&http::TABLE, "url", Arc::new(bytes))).unwrap_err();
    assert_eq!(error.to_string(), "Parquet error: a column of text cannot take Binary");
}

/// Texts of a column: some repeated, none, empty, of letters of several bytes; or, from some row on, all different and long.
fn texts(rows: usize, different_from: usize) -> StringArray {
    let text = |row: usize| match row % 7 {
        0 => None,
        1 => Some(String::new()),
        2 => Some("ü".repeat(row % 3 + 40)),
        _ if row < different_from => Some(format!("text {}", row / 100 % 50)),
        _ => Some(format!("{row:_>90}")),
    };
    (0..rows).map(text).collect()
}

/// What the library makes of a batch.
fn by_library(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties(&http::TABLE))).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn texts_and_what_is_said_of_them_are_as_the_library_writes_them() {
    #[track_caller]
    fn check(texts: StringArray, is_whole: bool) {
        let rows = texts.len();
        let written = batch(&http::TABLE, "url", Arc::new(texts.clone()));
        let mut writer = TableWriter::new(Vec::new(), &http::TABLE, PacketCodec::Zstd).unwrap();
        // In batches that end within pages.
        for at in (0..rows).step_by(7001) {
            writer.write(&written.slice(at, rows.min(at + 7001) - at)).unwrap();
        }
        let (ours, library) = (open(writer.into_inner().unwrap()), open(by_library(&written)));
        let column = |file: &ParquetRecordBatchReaderBuilder<Bytes>| {
            let columns = file.metadata().row_group(0).columns();
            let column = columns.iter().find(|column| column.column_path().string() == "url");
            column.unwrap().clone()
        };
        let (our_column, library_column) = (column(&ours), column(&library));
        assert_eq!(our_column.statistics(), library_column.statistics());
        let bytes = ColumnChunkMetaData::unencoded_byte_array_data_bytes;
        assert_eq!(bytes(&our_column), bytes(&library_column));
        let is_dictionary = |column: &ColumnChunkMetaData| {
            let mask = column.page_encoding_stats_mask().unwrap();
            mask.is_only(Encoding::RLE_DICTIONARY)
        };
        assert_eq!([&our_column, &library_column].map(is_dictionary), [is_whole; 2]);
        let read = |file: ParquetRecordBatchReaderBuilder<Bytes>| {
            let batches = file
                .build()
                .unwrap()
                .map(|batch| batch.unwrap().column_by_name("url").unwrap().clone());
            let batches: Vec<_> = batches.collect();
            concat(&batches.iter().map(|batch| &**batch).collect::<Vec<_>>()).unwrap()
        };
        assert!(read(ours).as_string::<i32>() == &texts);
    }
    check(texts(50_000, usize::MAX), true);
    check(texts(50_000, 10_000), false);
    check(texts(9, 0), true);
    check(StringArray::new_null(30_000), true);
    check(StringArray::from(vec!["one"; 30_000]), true);
}

#[test]
fn texts_are_found_by_the_page_index() {
    let texts = texts(50_000, 10_000);
    let mut writer = TableWriter::new(Vec::new(), &http::TABLE, PacketCodec::Zstd).unwrap();
    writer
        .write(&batch(&http::TABLE, "url", Arc::new(texts.clone())))
        .unwrap();
    let file = open(writer.into_inner().unwrap());
    assert!(pages(file.metadata(), "url").len() > 4);
    let some = RowSelection::from_consecutive_ranges([40..41, 29_990..45_000].into_iter(), texts.len());
    let read = file
        .with_row_selection(some)
        .with_batch_size(texts.len())
        .build()
        .unwrap();
    let batches: Vec<_> = read
        .map(|batch| batch.unwrap().column_by_name("url").unwrap().clone())
        .collect();
    let found = concat(&batches.iter().map(|batch| &**batch).collect::<Vec<_>>()).unwrap();
    let expected = concat(&[&texts.slice(40, 1), &texts.slice(29_990, 15_010)]).unwrap();
    assert!(found == expected);
}

#[test]
fn columns_that_repeat_nothing_give_their_dictionary_up() {
    /// Bytes that no dictionary here has, compressed.
    const LARGE: i64 = 320 << 10;
    #[track_caller]
    fn check(text: impl Fn(usize) -> Option<String>, is_whole: bool) {
        const ROWS: usize = 50_000;
        let texts = StringArray::from_iter((0..ROWS).map(text));
        let mut writer = TableWriter::new(Vec::new(), &http::TABLE, PacketCodec::Zstd).unwrap();
        let written = batch(&http::TABLE, "url", Arc::new(texts.clone()));
        writer.write(&written).unwrap();
        let file = open(writer.into_inner().unwrap());
        let columns = file.metadata().row_group(0).columns();
        let column = columns
            .iter()
            .find(|column| column.column_path().string() == "url")
            .unwrap();
        let mask = column.page_encoding_stats_mask().unwrap();
        assert_eq!(mask.is_only(Encoding::RLE_DICTIONARY), is_whole);
        let dictionary = column.data_page_offset() - column.dictionary_page_offset().unwrap();
        assert!(dictionary < LARGE, "{dictionary} bytes");
        let read: Vec<_> = file.with_batch_size(ROWS).build().unwrap().collect();
        let read = read[0].as_ref().unwrap().column_by_name("url").unwrap().clone();
        assert!(read.as_string::<i32>() == &texts);
    }
    check(|row| Some(format!("{row:020}")), false);
    check(|row| Some(format!("{:020}", row / 2)), true);
    // All of the first pages are different, and none later.
    check(|row| Some(format!("{:020}", row % 10_000)), true);
    // Few tell nothing.
    check(|row| (row % 10 == 0).then(|| format!("{row:020}")), true);
}
