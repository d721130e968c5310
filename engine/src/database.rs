//! The façade: everything that can be done with a database.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionState;
use schema::Type;
use sql::capture_file::CaptureFormat;

use sql::LeftOut;

use crate::compaction::{self, Compaction, Extent};
use crate::ingestion::{IngestOptions, Ingested, Ingestion, Watch};
use crate::session::{self, Snapshot};
use crate::store::{Committed, Lock, Manifest, Pin, Store, Transaction};
use crate::{
    Counters, Error, Explanation, ExportFormat, ExportOptions, Info, Notes, Packet, QueryOptions, Rows, Verification,
    capture, captures, export, info, packets, query, values,
};

/// A database: one directory.
///
/// Clones share one commit, one runtime and one cache. A query sees the commit that was the newest when this handle was
/// opened, refreshed or written through; writers in other processes do not disturb it. Methods that are `async` need a
/// tokio runtime.
///
/// ```
/// use engine::{Database, IngestOptions, QueryOptions};
/// use futures::TryStreamExt;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A capture of one packet: a DNS query over Ethernet, IPv4 and UDP.
/// let packet = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0\
///     \x45\0\0\x39\0\0\0\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x35\
///     \xc3\x50\0\x35\0\x25\0\0\
///     \x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01";
/// let mut capture = Vec::new();
/// for number in [0xa1b2c3d4_u32, 0x0004_0002, 0, 0, 65535, 1, 1_700_000_000, 0, 71, 71] {
///     capture.extend_from_slice(&number.to_le_bytes());
/// }
/// capture.extend_from_slice(packet);
///
/// let directory = tempfile::tempdir()?;
/// let database = Database::create(directory.path().join("capture.kfl"))?;
/// let ingested = database.ingest_reader("example", &capture[..], &IngestOptions::default(), &mut ())?;
/// assert_eq!(ingested.report.packets, 1);
///
/// tokio::runtime::Runtime::new()?.block_on(async {
///     let rows = database.sql("SELECT packet, captured_length FROM packets", &QueryOptions::default()).await?;
///     let batches: Vec<_> = rows.stream.try_collect().await?;
///     assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
///
///     let packet = database.packet(1).await?.ok_or("packet 1 is stored")?;
///     assert_eq!(packet.data.len(), 71);
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Database {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    /// Made when the first query needs it.
    runtime: OnceLock<Arc<RuntimeEnv>>,
    snapshot: RwLock<Arc<Snapshot>>,
}

impl Database {
    /// Makes a database in a new or empty directory.
    ///
    /// # Errors
    ///
    /// [`Error::DatabaseExists`] and [`Error::NotEmpty`] if the directory is taken; what the system refuses.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Error> {
        let (store, manifest, pin) = Store::create(path.as_ref())?;
        Ok(Self::new(store, manifest, pin))
    }

    /// Opens an existing database.
    ///
    /// # Errors
    ///
    /// [`Error::NoDatabase`] if there is none; [`Error::Newer`] and [`Error::Damaged`] if its manifest cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let (store, manifest, pin) = Store::open(path.as_ref())?;
        Ok(Self::new(store, manifest, pin))
    }

    /// Opens a database, or makes it if there is none.
    ///
    /// # Errors
    ///
    /// As [`Database::open`] and [`Database::create`].
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, Error> {
        match Self::open(&path) {
            Err(Error::NoDatabase { .. }) => match Self::create(&path) {
                // Another process was faster.
                Err(Error::DatabaseExists { .. }) => Self::open(path),
                other => other,
            },
            other => other,
        }
    }

    fn new(store: Store, manifest: Manifest, pin: Pin) -> Self {
        Self {
            inner: Arc::new(Inner {
                snapshot: RwLock::new(Arc::new(Snapshot::new(&store, manifest, pin))),
                store,
                runtime: OnceLock::new(),
            }),
        }
    }

    /// Reads the manifest again, to see what other processes committed since. Queries that run keep what they see.
    ///
    /// # Errors
    ///
    /// As [`Database::open`].
    pub fn refresh(&self) -> Result<(), Error> {
        let (manifest, pin) = self.inner.store.pinned()?;
        if *self.snapshot().manifest != manifest {
            self.set_snapshot(manifest, pin);
        }
        Ok(())
    }

    /// Ingests a capture file: all of it in one commit, or nothing. A capture that is there already is skipped unless
    /// [`IngestOptions::force`] is set.
    ///
    /// # Errors
    ///
    /// What is wrong with the file ([`Error::is_input`]), with the disk, or [`Error::Locked`]. Wrong traffic is no error.
    pub fn ingest_path(
        &self,
        path: impl AsRef<Path>,
        options: &IngestOptions,
        watch: &mut dyn Watch,
    ) -> Result<Ingested, Error> {
        let mut ingestion = self.ingestion(options.clone());
        ingestion.path(path, watch)?;
        ended(ingestion)
    }

    /// Ingests a capture from a reader. Whether it is there already shows at its end.
    ///
    /// # Errors
    ///
    /// As [`Database::ingest_path`].
    pub fn ingest_reader(
        &self,
        name: &str,
        reader: impl Read + Send,
        options: &IngestOptions,
        watch: &mut dyn Watch,
    ) -> Result<Ingested, Error> {
        let mut ingestion = self.ingestion(options.clone());
        ingestion.reader(name, reader, watch)?;
        ended(ingestion)
    }

    /// Begins to ingest captures one after the other, of which small ones are committed together: of a hundred small captures that
    /// takes a small part of the time.
    pub fn ingestion(&self, options: IngestOptions) -> Ingestion {
        Ingestion::new(self.clone(), options)
    }

    /// Sees a commit of an ingest, and joins small parts where there are many. Whatever fails here, the captures are stored.
    pub(crate) fn committed(&self, committed: Committed, options: &IngestOptions) -> Result<Compaction, Arc<Error>> {
        let lock = self.publish(committed);
        let compacted = Transaction::under(lock).and_then(|mut transaction| {
            transaction.compress_by(options.codec);
            match options.compact {
                true => self.compact_with(transaction, Extent::Automatic),
                false => Ok(Compaction::default()),
            }
        });
        compacted.map_err(Arc::new)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Joins the small parts of every table into larger ones, in one commit; the rows and their order stay as they are. An
    /// ingest does so itself where there are many (see [`IngestOptions::compact`]); this goes as far as it pays.
    ///
    /// Readers that are open keep the parts they see; the next writer removes them when nobody does any more.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if a part is not as it was written, [`Error::Locked`]; what the system refuses. Then nothing
    /// has changed.
    pub fn compact(&self) -> Result<Compaction, Error> {
        self.compact_with(Transaction::begin(&self.inner.store)?, Extent::Whole)
    }

    fn compact_with(&self, transaction: Transaction, extent: Extent) -> Result<Compaction, Error> {
        let (compaction, committed) = compaction::compact(transaction, extent)?;
        if let Some(committed) = committed {
            // Removes the parts that were joined, unless somebody reads them; else the next writer will.
            let _ = Transaction::under(self.publish(committed));
        }
        Ok(compaction)
    }

    /// Sees a commit from here on; gives the lock under which it was made.
    fn publish(&self, committed: Committed) -> Lock {
        let Committed {
            manifest, pin, lock, ..
        } = committed;
        self.set_snapshot(manifest, pin);
        lock
    }

    /// Answers a KFL query: a filter, and the stages after it if there are any. A filter alone gives the rows of every
    /// table that can match, ordered by timestamp, id, index; stages say otherwise. With a limit, the first ones.
    ///
    /// # Errors
    ///
    /// [`Error::Filter`] with all mistakes of the filter. What fails later is in the stream.
    pub async fn kfl(&self, text: &str, options: &QueryOptions) -> Result<Rows, Error> {
        let snapshot = self.snapshot();
        let query = query::compile_query(text)?;
        query::answer(&query, &snapshot, self.session(&snapshot)?, options).await
    }

    /// Counts the rows that a query's filter is neither true nor false of, because it fails on them, and the values that its
    /// stages fail to compute: by fault, the most first. A query that cannot fail reads nothing for it.
    ///
    /// # Errors
    ///
    /// [`Error::Filter`] with all mistakes of the filter; what fails while it reads.
    pub async fn left_out(&self, text: &str) -> Result<LeftOut, Error> {
        let snapshot = self.snapshot();
        query::left_out(text, &snapshot, self.session(&snapshot)?).await
    }

    /// Answers SQL that reads: tables, the views `entries` and `rows`, `kfl('filter')`, EXPLAIN, SHOW, DESCRIBE.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if it is wrong or would change anything. What fails later is in the stream.
    pub async fn sql(&self, text: &str, options: &QueryOptions) -> Result<Rows, Error> {
        let snapshot = self.snapshot();
        let session = self.session(&snapshot)?;
        let plan = query::parse(text, session, options).await?;
        query::run(&plan, session).await
    }

    /// Says what a query would do.
    ///
    /// # Errors
    ///
    /// [`Error::Filter`] with all mistakes of the filter.
    pub async fn explain(&self, text: &str) -> Result<Explanation, Error> {
        let snapshot = self.snapshot();
        query::explain(text, &snapshot, self.session(&snapshot)?).await
    }

    /// The packets of a connection in capture order.
    ///
    /// # Errors
    ///
    /// If a part cannot be read.
    pub async fn packets_of(&self, conn_id: i64) -> Result<Vec<Packet>, Error> {
        Ok(self.packets_of_counted(conn_id).await?.0)
    }

    /// The packets of a connection, and what was read to find them.
    ///
    /// # Errors
    ///
    /// If a part cannot be read.
    pub async fn packets_of_counted(&self, conn_id: i64) -> Result<(Vec<Packet>, Counters), Error> {
        let snapshot = self.snapshot();
        packets::of_connection(conn_id, &snapshot, self.session(&snapshot)?).await
    }

    /// The packet with this number.
    ///
    /// # Errors
    ///
    /// If a part cannot be read.
    pub async fn packet(&self, number: i64) -> Result<Option<Packet>, Error> {
        let snapshot = self.snapshot();
        packets::by_number(number, &snapshot, self.session(&snapshot)?).await
    }

    /// Writes the packets of every connection that matches, in time order; returns how many packets were written.
    ///
    /// A flow that matches gives the packets of all its connections, an entry those of its connection. A filter that is
    /// true on every row, as the empty one, gives every packet stored. Stages may follow the filter if the last is a step
    /// (`http | sort -elapsed_time | limit 3 | conns`): the packets are those of the rows it leads to. pcap becomes pcapng
    /// where link types differ, or where a time is beyond what pcap can say.
    ///
    /// # Errors
    ///
    /// [`Error::Filter`] with all mistakes of the filter; [`Error::NoStep`] if its stages lead to no packets;
    /// [`Error::Output`] if the output refuses.
    pub async fn write_capture(
        &self,
        filter: &str,
        format: CaptureFormat,
        out: &mut (dyn Write + Send),
    ) -> Result<u64, Error> {
        let query = query::compile_query(filter)?;
        let snapshot = self.snapshot();
        capture::write(&query, format, out, &snapshot, self.session(&snapshot)?).await
    }

    /// Exports a table (or "all") into a directory, one file a table (`TABLE.ndjson`); returns rows per table.
    ///
    /// # Errors
    ///
    /// [`Error::NoTable`], [`Error::NoColumn`], [`Error::Filter`]; what the system refuses.
    pub async fn export(
        &self,
        table: &str,
        directory: &Path,
        format: ExportFormat,
        options: &ExportOptions,
    ) -> Result<BTreeMap<&'static str, u64>, Error> {
        let snapshot = self.snapshot();
        export::export(table, directory, format, options, &snapshot, self.session(&snapshot)?).await
    }

    /// Says what is stored.
    pub fn info(&self) -> Info {
        info::info(&self.inner.store, &self.snapshot().manifest)
    }

    /// Gives what the captures' files tell of themselves, for those that do, in the order of their ingest.
    ///
    /// # Errors
    ///
    /// If a part cannot be read.
    pub async fn notes(&self) -> Result<Vec<Notes>, Error> {
        let snapshot = self.snapshot();
        captures::notes(&snapshot, self.session(&snapshot)?).await
    }

    /// Reads every part and compares it with the manifest, and the manifest with its digest. All damage is found, the first
    /// hundred told.
    ///
    /// # Errors
    ///
    /// What is wrong with parts is no error of this, but in what it gives.
    pub async fn verify(&self) -> Result<Verification, Error> {
        let (store, snapshot) = (self.inner.store.clone(), self.snapshot());
        let verified = tokio::task::spawn_blocking(move || info::verify(&store, &snapshot.manifest)).await;
        verified.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Error::Query(error.to_string()),
        })
    }

    /// The most frequent values of a string column, for completion.
    ///
    /// # Errors
    ///
    /// [`Error::NoTable`], [`Error::NoColumn`] if there is no such string column.
    pub async fn values(&self, table: &str, column: &str, limit: usize) -> Result<Vec<String>, Error> {
        let table = schema::tables::find(table).ok_or_else(|| Error::NoTable { name: table.to_owned() })?;
        let is_column =
            |field: &&schema::Field| field.is_stored() && field.column == column && field.ty == Type::String;
        let field = table.fields().find(|field| is_column(field));
        let field = field.ok_or_else(|| Error::NoColumn {
            table: table.name,
            column: column.to_owned(),
        })?;
        let snapshot = self.snapshot();
        values::most_frequent(table, field.column, limit, &snapshot, self.session(&snapshot)?).await
    }

    /// Removes the temporary files of queries, of those as well that were given up and did not end yet: these fail. For who is about to
    /// end the process, which would leave them.
    pub fn remove_temporary_files(&self) {
        let runtime = self.inner.runtime.get();
        for directory in runtime.iter().flat_map(|runtime| runtime.disk_manager.temp_dir_paths()) {
            // A query that was given up may add a file meanwhile; what cannot be removed now either is the system's to remove.
            if std::fs::remove_dir_all(&directory).is_err() {
                let _ = std::fs::remove_dir_all(directory);
            }
        }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        // A snapshot is replaced whole, so that a panic elsewhere cannot have left half of one.
        self.inner
            .snapshot
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_snapshot(&self, manifest: Manifest, pin: Pin) {
        let snapshot = Arc::new(Snapshot::new(&self.inner.store, manifest, pin));
        *self.inner.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    fn session<'a>(&self, snapshot: &'a Snapshot) -> Result<&'a SessionState, Error> {
        let runtime = match self.inner.runtime.get() {
            Some(runtime) => runtime,
            None => {
                let runtime = session::runtime(self.inner.store.path(), session::MEMORY_BYTES)?;
                self.inner.runtime.get_or_init(|| runtime)
            }
        };
        snapshot.session(runtime)
    }
}

/// What became of the one capture of an ingestion.
fn ended(mut ingestion: Ingestion) -> Result<Ingested, Error> {
    ingestion.commit()?;
    ingestion.take().pop().expect("a capture has an outcome")
}
