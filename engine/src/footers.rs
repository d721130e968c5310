//! Footers of parts, read once: what the cache holds has the page index, unless the part is small.
//!
//! The Parquet source asks for a footer alone and for the page index when it needs one. The cache keeps what was asked for first,
//! so that the index would be read and parsed anew by each query. Of a part that is read whole with its footer, an index rules out
//! next to nothing, and of a thousand of them parsing it is dear.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::error::Result;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::Result as ParquetResult;
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Bytes read at a part's end in the hope that they hold its whole footer.
pub(crate) const FOOTER_BYTES: usize = 64 << 10;

/// Makes readers whose footers are cached with their page indexes.
#[derive(Debug)]
pub(crate) struct Footers(pub(crate) CachedParquetFileReaderFactory);

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
        let reader = self.0.create_reader(partition, file, footer_bytes, metrics)?;
        Ok(Box::new(Reader { reader, index }))
    }
}

struct Reader {
    reader: Box<dyn AsyncFileReader + Send>,
    index: PageIndexPolicy,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.reader.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        self.reader.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        let options = options.cloned().unwrap_or_default();
        let options = options.with_page_index_policy(self.index);
        async move { self.reader.get_metadata(Some(&options)).await }.boxed()
    }
}
