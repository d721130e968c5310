//! Values that columns hold, for completion inside strings: asked for once, and never waited for long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::Database;
use schema::{Field, Type};

use crate::runtime::Runtime;

/// How long a person who pressed Tab waits; the values of a bigger store come with the next Tab.
const PATIENCE: Duration = Duration::from_millis(300);

/// Values offered of one column at most.
const OFFERED: usize = 50;

/// What is known of the values of columns.
#[derive(Clone, Debug)]
pub(super) struct Values {
    database: Database,
    known: Arc<Mutex<HashMap<&'static str, Known>>>,
}

#[derive(Clone, Debug)]
enum Known {
    Asked,
    Values(Vec<String>),
}

impl Values {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            known: Arc::default(),
        }
    }

    /// The most frequent values of a field, over all tables that have it.
    pub(super) fn of(&self, field: &'static Field, runtime: &Runtime) -> Vec<String> {
        if field.ty != Type::String || !field.is_stored() {
            return Vec::new();
        }
        match self.lookup(field.column) {
            Some(Known::Values(values)) => return values,
            Some(Known::Asked) => return Vec::new(),
            None => {}
        }
        self.remember(field.column, Known::Asked);
        let (give, take) = std::sync::mpsc::channel();
        let values = self.clone();
        let asked = runtime.spawn(async move {
            let found = values.ask(field).await;
            values.remember(field.column, Known::Values(found.clone()));
            // Nobody listens any more if it took too long.
            let _ = give.send(found);
        });
        if asked.is_err() {
            return Vec::new();
        }
        take.recv_timeout(PATIENCE).unwrap_or_default()
    }

    async fn ask(&self, field: &'static Field) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for table in schema::tables::in_kfl().filter(|table| table.field(field.name).is_some()) {
            // A column that cannot be read has no values to offer; queries will say why.
            let values = self
                .database
                .values(table.name, field.column, OFFERED)
                .await
                .unwrap_or_default();
            for value in values {
                // What cannot be typed as it is shown is not offered; such text comes from packets.
                let is_plain = !value.contains(['"', '\'', '\\']) && crate::render::escape::line(&value) == value;
                if is_plain && !value.is_empty() && !found.contains(&value) {
                    found.push(value);
                }
            }
        }
        found.truncate(OFFERED);
        found
    }

    fn lookup(&self, column: &str) -> Option<Known> {
        self.known
            .lock()
            .expect("no holder of this lock panics")
            .get(column)
            .cloned()
    }

    fn remember(&self, column: &'static str, known: Known) {
        self.known
            .lock()
            .expect("no holder of this lock panics")
            .insert(column, known);
    }
}
