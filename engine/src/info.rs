//! What is stored, and whether it is whole.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};

use crate::Error;
use crate::store::{Manifest, Part, Store};

/// What is in a database.
#[derive(Clone, Debug)]
pub struct Info {
    /// Its directory.
    pub path: PathBuf,
    /// Rows, parts and bytes per table, in table order.
    pub tables: Vec<TableInfo>,
}

/// One table's share of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableInfo {
    /// Name of the table.
    pub name: &'static str,
    /// Its rows.
    pub rows: u64,
    /// Its parts.
    pub parts: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Says what is stored; reads the manifest alone.
pub(crate) fn info(store: &Store, manifest: &Manifest) -> Info {
    Info {
        path: store.path().to_owned(),
        tables: tables(manifest),
    }
}

/// Rows, parts and bytes per table, in table order.
pub(crate) fn tables(manifest: &Manifest) -> Vec<TableInfo> {
    let table = |table: &&'static schema::Table| {
        let parts = manifest.parts(table.name);
        TableInfo {
            name: table.name,
            rows: parts.iter().map(|part| part.rows).sum(),
            parts: parts.len(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
        }
    };
    schema::tables::ALL.iter().map(table).collect()
}

/// Damage that a verification tells of.
const DAMAGE_TOLD: usize = 100;

/// What a verification found.
#[derive(Debug, Default)]
pub struct Verification {
    /// Parts that were looked at.
    pub parts: usize,
    /// What is wrong, in the order of the manifest; the first hundred.
    pub damage: Vec<Error>,
    /// Parts beyond those that are not as they were written either.
    pub more_damage: usize,
}

impl Verification {
    fn see(&mut self, result: Result<(), Error>) {
        match result {
            Err(error) if self.damage.len() < DAMAGE_TOLD => self.damage.push(error),
            Err(_) => self.more_damage += 1,
            Ok(()) => {}
        }
    }
}

/// Reads every part and compares it with the manifest, and the manifest with its digest.
pub(crate) fn verify(store: &Store, manifest: &Manifest) -> Verification {
    let mut verification = Verification::default();
    verification.see(store.manifest().map(|_| ()));
    for (table, parts) in &manifest.tables {
        for part in parts {
            verification.see(verify_part(store, table, part));
            verification.parts += 1;
        }
    }
    verification
}

/// Reads a part and compares it with the manifest.
pub(crate) fn verify_part(store: &Store, table: &str, part: &Part) -> Result<(), Error> {
    let path = store.part_path(table, part);
    let damaged = |reason: String| Error::Damaged {
        path: path.clone(),
        reason,
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged("the file is missing".to_owned())),
        Err(error) => return Err(Error::io("open", &path)(error)),
    };
    let bytes = file.metadata().map_err(Error::io("read", &path))?.len();
    if bytes != part.bytes {
        return Err(damaged(format!("expected {} bytes, found {bytes}", part.bytes)));
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(&file).map_err(Error::io("read", &path))?;
    let digest = hasher.finalize().to_hex();
    if digest.as_str() != part.digest {
        return Err(damaged(format!(
            "expected BLAKE3 digest {}, found {digest}",
            part.digest
        )));
    }
    let reader = SerializedFileReader::new(file).map_err(|error| damaged(error.to_string()))?;
    let rows = reader.metadata().file_metadata().num_rows() as u64;
    if rows != part.rows {
        return Err(damaged(format!("expected {} rows, found {rows}", part.rows)));
    }
    Ok(())
}
