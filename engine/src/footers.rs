//! Parts as files: footers read once, and pages where they are.
//!
//! What the cache of footers holds has the page index, unless the part is small.
//! The Parquet source asks for a footer alone and for the page index when it needs one. The cache keeps what was asked for first,
//! so that the index would be read and parsed anew by each query. Of a part that is read whole with its footer, an index rules out
//! next to nothing, and of a thousand of them parsing it is dear.
//!
//! All is read by the thread that decodes it, pages into memory that nobody has cleared before: a store lies on a disk of this machine, and
//! mostly in its memory, so that handing each read to another thread and back costs more than the read. The schema, a third of a small
//! part's footer, is decoded once for all parts of a table that have the same.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetMetaData;
use datafusion::error::Result;
use datafusion::execution::cache::cache_manager::{CachedFileMetadataEntry, FileMetadataCache};
use datafusion::parquet::DecodeResult;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::{
    PageIndexPolicy, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataPushDecoder, ParquetStatisticsPolicy,
};
use datafusion::parquet::schema::types::SchemaDescPtr;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder};
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::ObjectMeta;

use crate::error::plain;
use crate::{Error, thrift};

/// Bytes read at a part's end in the hope that they hold its whole footer.
pub(crate) const FOOTER_BYTES: usize = 64 << 10;

/// Makes readers whose footers are cached with their page indexes.
#[derive(Debug)]
pub(crate) struct Footers {
    pub(crate) cache: Arc<FileMetadataCache>,
    /// The store's directory.
    pub(crate) directory: Arc<PathBuf>,
    pub(crate) schema: Arc<KnownSchema>,
}

/// The schema that the footers of a table's parts begin with.
#[derive(Debug, Default)]
pub(crate) struct KnownSchema(OnceLock<(Vec<u8>, SchemaDescPtr)>);

impl KnownSchema {
    /// What a footer's schema is, if it is this one.
    fn of(&self, footer: &[u8]) -> Option<SchemaDescPtr> {
        let (bytes, schema) = self.0.get()?;
        footer.starts_with(bytes).then(|| schema.clone())
    }

    /// Keeps the schema of a footer, if none is known yet.
    fn learn(&self, footer: &[u8], metadata: &ParquetMetaData) {
        if self.0.get().is_some() {
            return;
        }
        if let Some(bytes) = thrift::schema_bytes(footer).and_then(|length| footer.get(..length)) {
            let schema = metadata.file_metadata().schema_descr_ptr();
            let _ = self.0.set((bytes.to_vec(), schema));
        }
    }
}

impl ParquetFileReaderFactory for Footers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let pages = Pages {
            path: self.directory.join(file.path().as_ref()),
            name: file.path().to_string(),
            bytes: file.object_meta.size,
            file: None,
            read: MetricBuilder::new(metrics).counter("bytes_scanned", partition),
        };
        Ok(Box::new(Reader {
            meta: file.object_meta,
            cache: self.cache.clone(),
            schema: self.schema.clone(),
            pages,
        }))
    }
}

struct Reader {
    meta: ObjectMeta,
    cache: Arc<FileMetadataCache>,
    schema: Arc<KnownSchema>,
    pages: Pages,
}

impl Reader {
    fn footer(&mut self) -> ParquetResult<Arc<ParquetMetaData>> {
        let cached = self.cache.get(&self.meta.location);
        let cached = cached.filter(|cached| cached.is_valid_for(&self.meta));
        let cached = cached.and_then(|cached| {
            let cached = cached.file_metadata.as_any().downcast_ref::<CachedParquetMetaData>()?;
            Some(cached.parquet_metadata().clone())
        });
        if let Some(cached) = cached {
            return Ok(cached);
        }
        let metadata = Arc::new(self.read_footer().map_err(|error| self.of_part(error))?);
        let entry = Arc::new(CachedParquetMetaData::new(metadata.clone()));
        let entry = CachedFileMetadataEntry::new(self.meta.clone(), entry);
        self.cache.put(&self.meta.location, entry);
        Ok(metadata)
    }

    /// What went wrong with the footer, with the part's name.
    fn of_part(&self, error: ParquetError) -> ParquetError {
        match error {
            error @ ParquetError::External(_) => error,
            error => self.pages.named(plain(&error.to_string())),
        }
    }

    fn read_footer(&mut self) -> ParquetResult<ParquetMetaData> {
        let bytes = self.meta.size;
        let index = match bytes <= FOOTER_BYTES as u64 {
            true => PageIndexPolicy::Skip,
            false => PageIndexPolicy::Optional,
        };
        let end = bytes.saturating_sub(FOOTER_BYTES as u64)..bytes;
        let read = self.pages.get(&end)?;
        if footer_length(&read).is_none_or(|length| length > bytes) {
            return Err(ParquetError::EOF("it does not end as a Parquet file does".to_owned()));
        }
        let footer = footer_of(&read).map(|footer| read.slice_ref(footer));
        let known = footer.as_ref().and_then(|footer| self.schema.of(footer));
        let mut options = ParquetMetaDataOptions::new().with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
        if let Some(schema) = known {
            options.set_schema(schema);
        }
        let mut decoder = ParquetMetaDataPushDecoder::try_new(bytes)?
            .with_page_index_policy(index)
            .with_metadata_options(Some(Arc::new(options)));
        decoder.push_ranges(vec![end], vec![read])?;
        let metadata = loop {
            match decoder.try_decode()? {
                DecodeResult::Data(metadata) => break metadata,
                DecodeResult::NeedsData(ranges) => {
                    let read = ranges
                        .iter()
                        .map(|range| self.pages.get(range))
                        .collect::<ParquetResult<_>>()?;
                    decoder.push_ranges(ranges, read)?;
                }
                DecodeResult::Finished => return Err(ParquetError::EOF("a footer was read twice".to_owned())),
            }
        };
        if let Some(footer) = footer {
            self.schema.learn(&footer, &metadata);
        }
        Ok(metadata)
    }
}

/// How long a file's footer is, with what says so, by the bytes at the file's end.
fn footer_length(end: &[u8]) -> Option<u64> {
    let (rest, magic) = end.split_last_chunk::<4>()?;
    let (_, length) = rest.split_last_chunk()?;
    (magic == b"PAR1").then(|| u64::from(u32::from_le_bytes(*length)) + 8)
}

/// A file's metadata, if it is among the bytes at its end.
fn footer_of(end: &[u8]) -> Option<&[u8]> {
    let start = end.len().checked_sub(usize::try_from(footer_length(end)?).ok()?)?;
    end.get(start..end.len() - 8)
}

/// The file of a part, opened when something is read of it.
struct Pages {
    path: PathBuf,
    /// Where it lies under the store's directory.
    name: String,
    bytes: u64,
    file: Option<File>,
    read: Count,
}

impl Pages {
    fn get(&mut self, range: &Range<u64>) -> ParquetResult<Bytes> {
        let bytes = self.read(range).map_err(|error| self.named(error.to_string()))?;
        self.read.add(bytes.len());
        Ok(bytes.into())
    }

    /// An error that names the part.
    fn named(&self, reason: String) -> ParquetError {
        ParquetError::External(Box::new(Error::Part {
            path: Some(self.name.clone().into()),
            reason,
        }))
    }

    fn read(&mut self, range: &Range<u64>) -> io::Result<Vec<u8>> {
        let length = range.end.checked_sub(range.start).filter(|_| range.end <= self.bytes);
        let length = length.ok_or(io::ErrorKind::UnexpectedEof)?;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(&self.path)?),
        };
        file.seek(SeekFrom::Start(range.start))?;
        let mut bytes = Vec::with_capacity(length as usize);
        file.take(length).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move { self.pages.get(&range) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move { ranges.iter().map(|range| self.pages.get(range)).collect() }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move { self.footer() }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use datafusion::arrow::array::RecordBatch;
    use datafusion::error::DataFusionError;
    use datafusion::execution::runtime_env::RuntimeEnv;
    use datafusion::parquet::arrow::ArrowWriter;
    use datafusion::parquet::file::metadata::{FileMetaData, ParquetMetaDataReader};
    use futures::executor::block_on;
    use schema::Table;
    use schema::tables::{dns, http};

    use super::*;
    use crate::store::properties;

    fn part(table: &Table) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, table.arrow(), Some(properties(table))).unwrap();
        writer.write(&RecordBatch::new_empty(table.arrow())).unwrap();
        writer.close().unwrap();
        bytes
    }

    fn own_schema(part: &[u8]) -> FileMetaData {
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&Bytes::from(part.to_vec()));
        metadata.unwrap().file_metadata().clone()
    }

    /// Reads the footers of parts one after the other, as of one table.
    fn footers(parts: &[&[u8]]) -> Vec<ParquetResult<Arc<ParquetMetaData>>> {
        let directory = tempfile::tempdir().unwrap();
        let footers = Footers {
            cache: RuntimeEnv::default().cache_manager.get_file_metadata_cache(),
            directory: Arc::new(directory.path().to_owned()),
            schema: Arc::default(),
        };
        let read = |(number, part): (usize, &&[u8])| {
            let name = number.to_string();
            fs::write(directory.path().join(&name), part).unwrap();
            let file = PartitionedFile::new(name, part.len() as u64);
            let mut reader = footers
                .create_reader(0, file, None, &ExecutionPlanMetricsSet::new())
                .unwrap();
            block_on(reader.get_metadata(None))
        };
        parts.iter().enumerate().map(read).collect()
    }

    #[test]
    fn each_part_has_the_schema_that_its_footer_says() {
        let [one, other] = [&dns::TABLE, &http::TABLE].map(part);
        let read: Vec<_> = footers(&[&one, &one, &other, &one])
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let schema = |place: usize| read[place].file_metadata().schema_descr_ptr();
        for (place, part) in [&one, &one, &other, &one].into_iter().enumerate() {
            assert_eq!(
                schema(place).root_schema(),
                own_schema(part).schema_descr().root_schema()
            );
        }
        assert!(Arc::ptr_eq(&schema(0), &schema(1)) && Arc::ptr_eq(&schema(0), &schema(3)));
    }

    #[test]
    fn damaged_footers_are_told_with_the_name_of_their_part() {
        let whole = part(&dns::TABLE);
        let mut no_magic = whole.clone();
        *no_magic.last_mut().unwrap() ^= 1;
        let mut too_long = whole.clone();
        let length = too_long.len();
        too_long[length - 6] = 0xff;
        for damaged in [&[][..], b"PAR1", &no_magic, &too_long, &whole[..whole.len() - 9]] {
            let read = footers(&[&whole, damaged]).pop().unwrap();
            let error = DataFusionError::from(read.unwrap_err());
            let error = Error::of_part(&error).unwrap().to_string();
            assert!(error.contains('1'), "{error}");
        }
        let footer = footer_of(&whole).unwrap();
        let length = thrift::schema_bytes(footer).unwrap();
        assert!((0..length).all(|length| thrift::schema_bytes(&footer[..length]).is_none()));
    }
}
