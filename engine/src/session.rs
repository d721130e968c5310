//! One commit with a DataFusion session over it.
//!
//! A session is made when the first query needs one; all sessions of a database share one runtime, with its memory pool
//! and its cache of Parquet footers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, SchemaProvider, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use object_store::local::LocalFileSystem;
use schema::Table;
use sql::{Columns, Tables};

use crate::Error;
use crate::branches::Planner;
use crate::grouped::Grouped;
use crate::late::Late;
use crate::memory::Memory;
use crate::provider::Parts;
use crate::scan::Tallies;
use crate::store::{Manifest, Pin, Store};
use crate::wide::WideSorts;

/// Bytes that sorts, joins and aggregates hold together before they spill to temporary files.
pub(crate) const MEMORY_BYTES: usize = 1 << 30;
/// Bytes of footers that are kept: of some thousand parts with a hundred columns.
const FOOTERS_BYTES: usize = 128 << 20;
/// Rows of one batch of a query. An entry with its bodies is some 10 KB, and a sort merges a batch of every run it spilled.
const BATCH_ROWS: usize = 4096;
/// Selections of tables whose columns are kept: of all tables they take a few hundred kilobytes.
const MOST_COLUMNS: usize = 8;
const CATALOG: &str = "kfl";
const SCHEMA: &str = "public";
/// The name under which a runtime knows the store's directory.
const STORE_URL: &str = "kfl://store/";

/// A commit, as a reader sees it until it looks for a newer one.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) manifest: Arc<Manifest>,
    /// Keeps the commit's parts; answers that are still read share it.
    pin: Arc<Pin>,
    tables: Catalog,
    session: OnceLock<SessionState>,
    /// The columns of answers that were asked for lately, by the names of their tables.
    columns: Mutex<HashMap<Vec<&'static str>, Arc<Columns>>>,
}

impl Snapshot {
    pub(crate) fn new(store: &Store, manifest: Manifest, pin: Pin) -> Self {
        let manifest = Arc::new(manifest);
        Self {
            tables: Catalog::new(store.path(), manifest.clone()),
            manifest,
            pin: Arc::new(pin),
            session: OnceLock::new(),
            columns: Mutex::default(),
        }
    }

    /// The columns of answers over some tables.
    pub(crate) fn columns(&self, tables: impl Iterator<Item = &'static Table>) -> Result<Arc<Columns>> {
        let tables: Vec<_> = tables.collect();
        let names: Vec<_> = tables.iter().map(|table| table.name).collect();
        let mut known = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(columns) = known.get(&names) {
            return Ok(columns.clone());
        }
        let columns = Arc::new(Columns::of(&tables, &self.tables)?);
        if known.len() >= MOST_COLUMNS {
            known.clear();
        }
        known.insert(names, columns.clone());
        Ok(columns)
    }

    /// The tables of the commit.
    pub(crate) fn tables(&self) -> Catalog {
        self.tables.clone()
    }

    /// The session over the commit.
    pub(crate) fn session(&self, runtime: &Arc<RuntimeEnv>) -> Result<&SessionState, Error> {
        if self.session.get().is_none() {
            let state = session(runtime.clone(), self.tables(), self.pin.clone()).map_err(Error::of_query)?;
            // If another thread was faster its session serves as well.
            let _ = self.session.set(state);
        }
        Ok(self.session.get().expect("the session was set above"))
    }
}

/// Makes the runtime that all sessions of a database share, with so much memory.
pub(crate) fn runtime(path: &Path, memory_bytes: usize) -> Result<Arc<RuntimeEnv>, Error> {
    let files = LocalFileSystem::new_with_prefix(path);
    let files = files.map_err(|error| Error::io("open", path)(std::io::Error::other(error)))?;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(Memory::new(memory_bytes)))
        .with_metadata_cache_limit(FOOTERS_BYTES);
    let runtime = runtime.build_arc().map_err(Error::of_query)?;
    runtime.register_object_store(store_url().as_ref(), Arc::new(files));
    Ok(runtime)
}

fn store_url() -> ObjectStoreUrl {
    ObjectStoreUrl::parse(STORE_URL).expect("the constant is a URL without a path")
}

fn session(runtime: Arc<RuntimeEnv>, tables: Catalog, pin: Arc<Pin>) -> Result<SessionState> {
    let config = SessionConfig::new()
        .with_batch_size(BATCH_ROWS)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(true)
        .with_extension(pin)
        .with_extension(Arc::new(Planner::default()));
    let mut state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_optimizer_rule(Arc::new(Late))
        .with_optimizer_rule(Arc::new(Grouped))
        .with_physical_optimizer_rule(Arc::new(Tallies))
        .with_physical_optimizer_rule(Arc::new(WideSorts))
        .build();
    sql::register(&mut state, Arc::new(tables.clone()))?;
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, Arc::new(tables))?;
    state
        .catalog_list()
        .register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    Ok(state)
}

/// The tables and views of one commit.
#[derive(Clone, Debug)]
pub(crate) struct Catalog {
    /// The store's directory.
    directory: Arc<PathBuf>,
    manifest: Arc<Manifest>,
    /// The tables that were asked for so far, by their places in the schema.
    providers: Arc<[OnceLock<Arc<Parts>>]>,
}

impl Catalog {
    fn new(directory: &Path, manifest: Arc<Manifest>) -> Self {
        let providers = schema::tables::ALL.iter().map(|_| OnceLock::new()).collect();
        Self {
            directory: Arc::new(directory.to_owned()),
            manifest,
            providers,
        }
    }
}

impl Tables for Catalog {
    fn provider(&self, table: &'static Table) -> Arc<dyn TableProvider> {
        let new = || {
            let (directory, manifest) = (self.directory.clone(), self.manifest.clone());
            Arc::new(Parts::new(table, store_url(), directory, manifest))
        };
        let place = schema::tables::ALL.iter().position(|known| known.name == table.name);
        match place.and_then(|place| self.providers.get(place)) {
            Some(known) => known.get_or_init(new).clone(),
            None => new(),
        }
    }

    fn has_rows(&self, table: &'static Table) -> bool {
        !self.manifest.parts(table.name).is_empty()
    }
}

#[async_trait::async_trait]
impl SchemaProvider for Catalog {
    fn table_names(&self) -> Vec<String> {
        let views = sql::views().iter().map(|view| view.name);
        schema::tables::ALL
            .iter()
            .map(|table| table.name)
            .chain(views)
            .map(str::to_owned)
            .collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if let Some(table) = schema::tables::find(name) {
            return Ok(Some(self.provider(table)));
        }
        let view = sql::views().iter().find(|view| view.name == name);
        view.map(|view| sql::view(view, self)).transpose()
    }

    fn table_exist(&self, name: &str) -> bool {
        schema::tables::find(name).is_some() || sql::views().iter().any(|view| view.name == name)
    }
}
