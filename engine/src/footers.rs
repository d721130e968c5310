//! Parts as files: footers read once, and pages where they are.
//!
//! What the cache of footers holds has the page index, unless the part is small.
//! The Parquet source asks for a footer alone and for the page index when it needs one. The cache keeps what was asked for first,
//! so that the index would be read and parsed anew by each query. Of a part that is read whole with its footer, an index rules out
//! next to nothing, and of a thousand of them parsing it is dear.
//!
//! Pages are read by the thread that decodes them, into memory that nobody has cleared before: a store lies on a disk of this machine, and
//! mostly in its memory, so that handing each read to another thread and back costs more than the read.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::error::Result;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::Error;

/// Bytes read at a part's end in the hope that they hold its whole footer.
pub(crate) const FOOTER_BYTES: usize = 64 << 10;

/// Makes readers whose footers are cached with their page indexes.
#[derive(Debug)]
pub(crate) struct Footers {
    pub(crate) cached: CachedParquetFileReaderFactory,
    /// The store's directory.
    pub(crate) directory: Arc<PathBuf>,
}

impl ParquetFileReaderFactory for Footers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        footer_bytes: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let index = match file.object_meta.size <= FOOTER_BYTES as u64 {
            true => PageIndexPolicy::Skip,
            false => PageIndexPolicy::Optional,
        };
        let pages = Pages {
            path: self.directory.join(file.path().as_ref()),
            name: file.path().to_string(),
            bytes: file.object_meta.size,
            file: None,
            read: MetricBuilder::new(metrics).counter("bytes_scanned", partition),
        };
        let footer = self.cached.create_reader(partition, file, footer_bytes, metrics)?;
        Ok(Box::new(Reader { footer, index, pages }))
    }
}

struct Reader {
    footer: Box<dyn AsyncFileReader + Send>,
    index: PageIndexPolicy,
    pages: Pages,
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
        let bytes = self.read(range).map_err(|error| {
            ParquetError::External(Box::new(Error::Part {
                path: Some(self.name.clone().into()),
                reason: error.to_string(),
            }))
        })?;
        self.read.add(bytes.len());
        Ok(bytes.into())
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
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        let options = options.cloned().unwrap_or_default();
        let options = options.with_page_index_policy(self.index);
        async move { self.footer.get_metadata(Some(&options)).await }.boxed()
    }
}
