//! Hidden columns: what the stages of one scope need beside the columns of the tables.

use std::collections::BTreeMap;

use kfl::{Filter, Operation, Read, Stage, Term};
use schema::Table;

/// Characters of an expression that a hidden column is named after at most.
const LABEL: usize = 60;

/// The columns that stages need beside those of the tables.
pub(super) struct Hidden<'a> {
    pub(super) stored: BTreeMap<String, &'static str>,
    pub(super) terms: Vec<(String, &'a Term)>,
    pub(super) conditions: Vec<(String, &'a Filter)>,
}

impl<'a> Hidden<'a> {
    /// Those of the stages of one scope.
    pub(super) fn of(stages: &'a [Stage], tables: &[&'static Table]) -> Self {
        let mut stored = BTreeMap::new();
        let mut terms: Vec<(String, &Term)> = Vec::new();
        let mut conditions = Vec::new();
        let mut is_narrowing = true;
        for stage in stages {
            for term in stage.terms() {
                let name = label(term);
                if let Some(column) = stored_as(term, tables) {
                    stored.insert(name, column);
                } else if !terms.iter().any(|(known, _)| *known == name) {
                    terms.push((name, term));
                }
            }
            match stage.operation() {
                Operation::Limit(_) | Operation::Tail(_) => is_narrowing = false,
                Operation::Where(condition) if !is_narrowing => {
                    conditions.push((format!("$where {}", conditions.len()), condition));
                }
                _ => {}
            }
        }
        Self {
            stored,
            terms,
            conditions,
        }
    }
}

/// The column that a term is on each table that has it.
fn stored_as(term: &Term, tables: &[&'static Table]) -> Option<&'static str> {
    let mut found = None;
    for table in tables {
        match term.on(table) {
            Read::Column(column) => found = Some(column),
            Read::Absent => {}
            Read::Computed(_) => return None,
        }
    }
    found
}

/// The name of the hidden column of a term: what is written the same is the same.
pub(super) fn label(term: &Term) -> String {
    let text = term.text();
    match (term.is_bare(), text.len() <= LABEL) {
        (true, _) => format!("${text}"),
        (false, true) => format!("$({text})"),
        (false, false) => {
            use std::hash::{DefaultHasher, Hash, Hasher};
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            format!(
                "$({}… {:016x})",
                &text[..text.floor_char_boundary(LABEL)],
                hasher.finish()
            )
        }
    }
}
