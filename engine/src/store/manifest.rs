//! The manifest: which parts make the database, as of one commit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::store::TABLES;
use crate::store::contents::{Content, Contents};
use crate::store::key_ranges::KeyRanges;
use crate::store::sealed::{self, Seal};

/// Version of the layout on disk. It grows when an older reader would misread a store.
const VERSION: u32 = 1;

/// The parts of a database and what the next writer must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Version of the layout.
    version: u32,
    /// Number of the next packet to be ingested.
    pub(crate) next_packet: u64,
    /// Number of the next part; a number is never used twice.
    pub(crate) next_part: u64,
    /// Captures whose rows are in the parts, by digest and size, to know one that comes again.
    pub(crate) captures: Vec<Capture>,
    /// Names of columns per table, by whose places its parts say what they know of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) columns: BTreeMap<String, Columns>,
    /// Parts per table, in the order in which they were written.
    pub(crate) tables: BTreeMap<String, Vec<Part>>,
}

/// A capture that was ingested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Capture {
    /// BLAKE3 digest of the file as given, in hex.
    pub(crate) digest: String,
    /// Bytes of the file as given.
    pub(crate) size_bytes: u64,
}

/// One immutable Parquet file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Its number, which is its name.
    pub(crate) number: u64,
    /// Its rows.
    pub(crate) rows: u64,
    /// Its bytes.
    pub(crate) bytes: u64,
    /// BLAKE3 digest of the file, in hex.
    pub(crate) digest: String,
    /// Smallest and largest value of key columns; a column of nulls alone has none.
    pub(crate) ranges: KeyRanges,
    /// What is known of the other columns; nothing in parts of a time that did not keep it.
    #[serde(default, skip_serializing_if = "Contents::is_empty")]
    pub(super) contents: Contents,
}

/// Names of columns of a table; those that come later stand behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub(crate) struct Columns(Arc<Vec<String>>);

impl From<Vec<String>> for Columns {
    fn from(names: Vec<String>) -> Self {
        Self(Arc::new(names))
    }
}

impl From<Columns> for Vec<String> {
    fn from(columns: Columns) -> Self {
        Arc::unwrap_or_clone(columns.0)
    }
}

impl Columns {
    /// Arranges what is known of columns by their places, where those that are new have theirs from now on.
    pub(super) fn arranged(&mut self, known: &[(String, Content)]) -> Contents {
        let mut contents = vec![Content::Unknown; self.0.len()];
        for (name, content) in known {
            match self.place(name) {
                Some(place) => contents[place] = *content,
                None => {
                    Arc::make_mut(&mut self.0).push(name.clone());
                    contents.push(*content);
                }
            }
        }
        Contents::new(&contents)
    }

    /// What is known of a column in each of some parts.
    pub(crate) fn contents(&self, name: &str, parts: &[&Part]) -> Vec<Content> {
        let place = self.place(name);
        let content = |part: &&Part| match (part.ranges.get(name), place) {
            (Some((first, last)), _) => Content::Range(*first, *last),
            (None, Some(place)) => part.contents.at(place),
            (None, None) => Content::Unknown,
        };
        parts.iter().map(content).collect()
    }

    /// What is known of a column in a part.
    pub(crate) fn content(&self, name: &str, part: &Part) -> Content {
        self.contents(name, &[part]).pop().unwrap_or(Content::Unknown)
    }

    /// The place of a column.
    fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known == name)
    }
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            version: VERSION,
            next_packet: 1,
            next_part: 1,
            captures: Vec::new(),
            columns: BTreeMap::new(),
            tables: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// Reads a manifest, and compares it with its digest.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |reason| Error::Damaged {
            path: path.to_owned(),
            reason,
        };
        let seal = sealed::check(bytes).map_err(damaged)?;
        let manifest = Self::parse_unsealed(path, bytes)?;
        match seal {
            Seal::Whole | Seal::Older => Ok(manifest),
            Seal::Missing => Err(damaged("expected a BLAKE3 digest at its end, found none".to_owned())),
        }
    }

    fn parse_unsealed(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let damaged = |error: serde_json::Error| Error::Damaged {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let manifest = serde_json::from_slice::<Self>(bytes);
        if manifest.as_ref().is_ok_and(|manifest| manifest.version <= VERSION) {
            return manifest.map_err(damaged);
        }
        // A newer manifest may have fields of any shape.
        let Version { version } = serde_json::from_slice(bytes).map_err(damaged)?;
        if version > VERSION {
            return Err(Error::Newer {
                path: path.to_owned(),
                found: version,
                known: VERSION,
            });
        }
        manifest.map_err(damaged)
    }

    /// The manifest as text, with its digest.
    pub(crate) fn print(&self) -> Vec<u8> {
        sealed::seal(serde_json::to_vec(self).expect("strings, numbers and maps with string keys print as JSON"))
    }

    /// The parts of a table.
    pub(crate) fn parts(&self, table: &str) -> &[Part] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    /// The columns by whose places the parts of a table say what they know.
    pub(crate) fn columns(&self, table: &str) -> Columns {
        self.columns.get(table).cloned().unwrap_or_default()
    }

    /// Puts parts into the place of neighbouring ones; those that take it stand where the first of them stood.
    pub(crate) fn replace(&mut self, table: &str, replaced: &[u64], by: &[Part]) {
        let parts = self
            .tables
            .get_mut(table)
            .expect("the parts were chosen from this manifest");
        let at = (parts.iter()).position(|part| Some(&part.number) == replaced.first());
        let at = at.expect("the parts were chosen from this manifest");
        let numbers = parts.iter().skip(at).map(|part| part.number).take(replaced.len());
        assert!(numbers.eq(replaced.iter().copied()), "neighbours are joined");
        parts.splice(at..at + replaced.len(), by.iter().cloned());
    }

    /// True if a capture with this digest is in the database.
    pub(crate) fn has_digest(&self, digest: &str) -> bool {
        self.captures.iter().any(|capture| capture.digest == digest)
    }

    /// True if a capture of this size is in the database, so that its digest is worth a look.
    pub(crate) fn has_size(&self, size_bytes: u64) -> bool {
        self.captures.iter().any(|capture| capture.size_bytes == size_bytes)
    }
}

impl Part {
    /// Name of the file.
    pub(crate) fn file_name(&self) -> String {
        file_name(self.number)
    }

    /// Where the file lies under the store's directory.
    pub(crate) fn location(&self, table: &str) -> String {
        format!("{TABLES}/{table}/{}", self.file_name())
    }
}

/// Name of the file of a part.
pub(super) fn file_name(number: u64) -> String {
    format!("{number:06}.parquet")
}
