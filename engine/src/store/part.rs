//! The writer of one part: batches of one table in, a Parquet file and its manifest entry out.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{max, min};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampNanosecondType};
use datafusion::parquet::file::metadata::RowGroupMetaData;
use schema::Table;

use crate::Error;
use crate::columns::RANGED;
use crate::store::contents::{Content, Contents};
use crate::store::manifest::{Columns, Part, file_name};
use crate::store::syncer::Syncer;
use crate::store::table_writer::TableWriter;
use crate::store::{PacketCodec, Store, temporary};

/// Rows after which a part is closed and the next begun.
pub(crate) const MAX_ROWS: u64 = 4_000_000;
/// Bytes after which a part is closed and the next begun.
pub(crate) const MAX_BYTES: usize = 512 << 20;
/// Bytes of one write, and of one step of the digest.
const WRITE_BYTES: usize = 64 << 10;

/// Writes one part under a temporary name; the file is removed unless the part is finished.
#[derive(Debug)]
pub(super) struct PartWriter {
    number: u64,
    path: PathBuf,
    temporary: PathBuf,
    encoder: Option<Encoder<File>>,
}

impl PartWriter {
    /// Begins a part.
    pub(super) fn create(store: &Store, table: &'static Table, number: u64, codec: PacketCodec) -> Result<Self, Error> {
        let directory = store.table_path(table.name);
        fs::create_dir_all(&directory).map_err(Error::io("create", &directory))?;
        let path = directory.join(file_name(number));
        let temporary = temporary(&path);
        let file = File::create(&temporary).map_err(Error::io("create", &temporary))?;
        let encoder = Some(Encoder::new(file, table, codec, &temporary)?);
        Ok(Self {
            number,
            path,
            temporary,
            encoder,
        })
    }

    /// Appends rows.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.encoder
            .as_mut()
            .expect("finish takes the writer")
            .write(batch, &self.temporary)
    }

    /// True if the next rows belong into the next part.
    pub(super) fn is_full(&self) -> bool {
        self.encoder.as_ref().is_some_and(Encoder::is_full)
    }

    /// Memory of the rows that are encoded and not yet written.
    pub(super) fn memory_bytes(&self) -> usize {
        self.encoder.as_ref().map_or(0, |encoder| encoder.writer.memory_size())
    }

    /// Writes the rows that are encoded: a row group ends here.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        let Some(encoder) = &mut self.encoder else {
            return Ok(());
        };
        encoder
            .writer
            .flush()
            .map_err(|error| Error::writing(&self.temporary, error))
    }

    /// Ends the part: it has its name, though no manifest names it yet, and lasts once the syncer is finished.
    pub(super) fn finish(mut self, syncer: &mut Syncer) -> Result<Written, Error> {
        let encoder = self.encoder.take().expect("finish is called once");
        let result = encoder.finish(&self.temporary).and_then(|(file, encoded)| {
            fs::rename(&self.temporary, &self.path).map_err(Error::io("rename", &self.temporary))?;
            if let Err(error) = syncer.add(file, self.path.clone()) {
                let _ = fs::remove_file(&self.path);
                return Err(error);
            }
            let Encoded {
                rows,
                bytes,
                digest,
                ranges,
                contents,
            } = encoded;
            let part = Part {
                contents: Contents::default(),
                number: self.number,
                rows,
                bytes,
                digest,
                ranges: ranges.into_iter().collect(),
            };
            Ok(Written { part, contents })
        });
        if result.is_err() {
            let _ = fs::remove_file(&self.temporary);
        }
        result
    }
}

/// A part that is written.
#[derive(Debug)]
pub(super) struct Written {
    part: Part,
    /// What is known of its columns.
    contents: Vec<(String, Content)>,
}

impl Written {
    pub(super) fn part(&self) -> &Part {
        &self.part
    }

    /// The part as a manifest names it: what is known of its columns goes by the table's list, which grows by those that are new.
    pub(super) fn named(&self, columns: &mut Columns) -> Part {
        Part {
            contents: columns.arranged(&self.contents),
            ..self.part.clone()
        }
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        if self.encoder.take().is_some() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Encodes batches and keeps what the manifest says of them.
struct Encoder<W: Write + Send> {
    writer: TableWriter<BufWriter<Digesting<W>>>,
    rows: u64,
    ranges: BTreeMap<&'static str, (i64, i64)>,
}

/// What the manifest says of an encoded part.
#[derive(Debug)]
struct Encoded {
    rows: u64,
    bytes: u64,
    digest: String,
    ranges: BTreeMap<&'static str, (i64, i64)>,
    contents: Vec<(String, Content)>,
}

impl<W: Write + Send> Encoder<W> {
    fn new(out: W, table: &'static Table, codec: PacketCodec, path: &Path) -> Result<Self, Error> {
        let out = Digesting {
            out,
            hasher: blake3::Hasher::new(),
            bytes: 0,
        };
        let out = BufWriter::with_capacity(WRITE_BYTES, out);
        let writer = TableWriter::new(out, table, codec).map_err(|error| Error::writing(path, error))?;
        Ok(Self {
            writer,
            rows: 0,
            ranges: BTreeMap::new(),
        })
    }

    fn write(&mut self, batch: &RecordBatch, path: &Path) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        for name in RANGED {
            let Some((low, high)) = batch.column_by_name(name).and_then(range) else {
                continue;
            };
            let known = self.ranges.entry(name).or_insert((low, high));
            *known = (known.0.min(low), known.1.max(high));
        }
        self.writer.write(batch).map_err(|error| Error::writing(path, error))
    }

    fn is_full(&self) -> bool {
        self.rows >= MAX_ROWS || self.writer.bytes_written() >= MAX_BYTES
    }

    fn finish(self, path: &Path) -> Result<(W, Encoded), Error> {
        let Self {
            mut writer,
            rows,
            ranges,
        } = self;
        writer.flush().map_err(|error| Error::writing(path, error))?;
        let contents = contents(writer.row_groups());
        let out = writer.into_inner().map_err(|error| Error::writing(path, error))?;
        let out = out
            .into_inner()
            .map_err(|error| Error::io("write", path)(error.into_error()))?;
        let digest = out.hasher.finalize().to_hex().to_string();
        Ok((
            out.out,
            Encoded {
                rows,
                bytes: out.bytes,
                digest,
                ranges,
                contents,
            },
        ))
    }
}

impl<W: Write + Send> std::fmt::Debug for Encoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("rows", &self.rows)
            .field("ranges", &self.ranges)
            .finish_non_exhaustive()
    }
}

/// Smallest and largest value of a key column; `None` if all are null.
fn range(column: &ArrayRef) -> Option<(i64, i64)> {
    match column.data_type() {
        DataType::Int64 => {
            let column = column.as_primitive::<Int64Type>();
            min(column).zip(max(column))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let column = column.as_primitive::<TimestampNanosecondType>();
            min(column).zip(max(column))
        }
        _ => None,
    }
}

/// What is known of the columns of some row groups besides the keys; lists and maps are left out.
fn contents(row_groups: &[RowGroupMetaData]) -> Vec<(String, Content)> {
    let Some((first, others)) = row_groups.split_first() else {
        return Vec::new();
    };
    let known = first.columns().iter().enumerate().filter_map(|(leaf, chunk)| {
        let [name] = chunk.column_path().parts() else {
            return None;
        };
        if RANGED.contains(&name.as_str()) {
            return None;
        }
        let others = others.iter().map(|group| Content::of(group.column(leaf)));
        Some((name.clone(), others.fold(Content::of(chunk), Content::and)))
    });
    known.collect()
}

/// Counts and digests what passes through.
#[derive(Debug)]
struct Digesting<W> {
    out: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use schema::Build;
    use schema::tables::packets::{Packet, PacketBuilder, PacketOwn, TABLE};

    use super::*;

    /// A disk with room for so many bytes.
    #[derive(Debug)]
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn packet(number: i64) -> RecordBatch {
        let mut builder = PacketBuilder::default();
        builder.append(Packet {
            own: PacketOwn {
                packet: Some(number),
                timestamp: Some(number * 10),
                conn_id: None,
                flow_id: None,
                interface: Some(0),
                link_type: Some(1),
                captured_length: Some(3),
                original_length: Some(3),
                comment: None,
                data: Some(b"abc"),
            },
        });
        builder.finish()
    }

    #[test]
    fn ranges_span_all_batches_and_leave_out_columns_of_nulls() {
        let path = Path::new("part");
        let mut encoder = Encoder::new(Disk(1 << 20), &TABLE, PacketCodec::Zstd, path).unwrap();
        for number in [7, 3, 5] {
            encoder.write(&packet(number), path).unwrap();
        }
        let (_, encoded) = encoder.finish(path).unwrap();
        assert_eq!(encoded.rows, 3);
        expect![[r#"{"packet": (3, 7), "timestamp": (30, 70)}"#]].assert_eq(&format!("{:?}", encoded.ranges));
        let contents = encoded.contents.iter();
        let contents: Vec<_> = contents.map(|(name, content)| format!("{name} {content:?}")).collect();
        expect![[r#"
            interface Range(0, 0)
            link_type Range(1, 1)
            captured_length Range(3, 3)
            original_length Range(3, 3)
            comment Nulls
            data Some"#]]
        .assert_eq(&contents.join("\n"));
    }

    #[test]
    fn a_full_disk_is_an_error_with_the_path() {
        let path = Path::new("db/tables/packets/000001.parquet.tmp");
        let mut encoder = Encoder::new(Disk(100), &TABLE, PacketCodec::Zstd, path).unwrap();
        encoder.write(&packet(1), path).unwrap();
        let error = encoder.finish(path).unwrap_err();
        assert!(!error.is_input());
        expect!["cannot write db/tables/packets/000001.parquet.tmp: no storage space"].assert_eq(&error.to_string());
    }
}
