//! What the language knows under its names: variables, flags, functions, macros, codes of mistakes.
//!
//! One description of each, taken from the registries; the reference page, `\h` of the REPL and `kfl schema` show it, each
//! in its own form. Columns that SQL alone reads (of packets and captures) are no part of the language: the schema has them.

use schema::{Field, Level, tables};

use crate::catalogue::{self, Presence};
use crate::codes::{CODES, Code};
use crate::functions::{self, Help};
use crate::pipe::{AGGREGATES, STAGES, StageForm};

/// What groups by time.
const EVERY_FORM: (&str, &str) = (
    "every(1m)",
    "after `by`: buckets of time of this length, since 1970-01-01T00:00:00Z",
);

/// What is known under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A variable.
    Variable(Variable),
    /// A flag.
    Flag(Flag),
    /// A function.
    Function(Help),
    /// A macro.
    Macro(Help),
    /// A stage after a filter.
    Stage(&'static StageForm),
    /// An aggregate of `stats`: its form, and what it computes.
    Aggregate(&'static str, &'static str),
    /// A kind of mistake.
    Code(&'static Code),
}

/// A variable, over all tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The KFL name.
    pub name: &'static str,
    /// The SQL column; `None` if it is computed from others, or no table has it yet.
    pub column: Option<&'static str>,
    /// The type as KFL writes it.
    pub ty: &'static str,
    /// Unit of a number.
    pub unit: Option<&'static str>,
    /// What it reads on a row that does not have it, as KFL writes it.
    pub default: String,
    /// What there is of it.
    pub presence: Presence,
    /// What it says: one sentence if all tables agree.
    pub meanings: Vec<Meaning>,
}

/// What a variable says on the rows of some tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The sentence.
    pub doc: &'static str,
    /// The tables that have it, or will have it.
    pub tables: Vec<&'static str>,
}

/// A flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The KFL name.
    pub name: &'static str,
    /// On which rows it is true.
    pub doc: &'static str,
    /// The tables on whose rows it can be true.
    pub tables: Vec<&'static str>,
}

/// Says what is known under a name: a name may be of a variable and of a function.
///
/// Takes names as filters, SQL and completion spell them: `src_ip`, `tcp_metrics.fin_count`, `.contains(`, `k0201`.
/// Empty if nothing is called so; [`nearest`] then has suggestions.
///
/// ```
/// let topics = kfl::describe("grpc_status");
/// let [kfl::Topic::Variable(variable)] = &topics[..] else { panic!() };
/// assert_eq!((variable.ty, variable.default.as_str()), ("int", "-1"));
/// assert_eq!(variable.meanings[0].tables, ["http"]);
/// ```
pub fn describe(name: &str) -> Vec<Topic> {
    let name = bare(name);
    let mut topics = Vec::new();
    let unprefixed = catalogue::PREFIXES
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix)?.strip_prefix('.'));
    let is_variable = |variable: &Variable| {
        variable.name == name || variable.column == Some(name) || unprefixed == Some(variable.name)
    };
    topics.extend(variables().into_iter().find(is_variable).map(Topic::Variable));
    topics.extend(flags().into_iter().find(|flag| flag.name == name).map(Topic::Flag));
    topics.extend(called(name));
    if topics.is_empty() {
        // A method with what it was called on: `path.startsWith`.
        topics.extend(
            name.rsplit_once('.')
                .map(|(_, method)| called(method))
                .unwrap_or_default(),
        );
    }
    topics.extend(STAGES.iter().find(|stage| stage.name == name).map(Topic::Stage));
    let is_aggregate = |form: &&str| form.split('(').next() == Some(name);
    let mut aggregates = AGGREGATES
        .iter()
        .map(|(_, form, doc)| (*form, *doc))
        .chain([EVERY_FORM]);
    let aggregate = aggregates.find(|(form, _)| is_aggregate(form));
    topics.extend(aggregate.map(|(form, doc)| Topic::Aggregate(form, doc)));
    let code = CODES.iter().find(|code| code.code.eq_ignore_ascii_case(name));
    topics.extend(code.map(|code| Topic::Code(code)));
    topics
}

/// The names closest to one that is unknown, best first; none if all are far.
pub fn nearest(name: &str) -> Vec<&'static str> {
    let functions = functions::help().into_iter().map(|help| help.name);
    let names = catalogue::variables().keys().copied();
    let names = names.chain(schema::FLAGS.iter().map(|flag| flag.name)).chain(functions);
    let mut near = catalogue::closest(bare(name), names);
    near.dedup();
    near
}

/// A name without what completion puts around it.
fn bare(name: &str) -> &str {
    name.trim().trim_start_matches('.').trim_end_matches(['(', ')'])
}

/// The functions and macros of a name, which stands for itself or for the end of a longer one: `least` for `math.least`.
fn called(name: &str) -> Vec<Topic> {
    let mut found: Vec<_> = functions().into_iter().map(Topic::Function).collect();
    found.extend(macros().into_iter().map(Topic::Macro));
    let is_called = |known: &str| known == name || known.rsplit('.').next() == Some(name);
    found.retain(|topic| matches!(topic, Topic::Function(help) | Topic::Macro(help) if is_called(help.name)));
    found
}

/// Every variable, in the order of tables and of their declarations.
pub fn variables() -> Vec<Variable> {
    let mut variables: Vec<Variable> = Vec::new();
    let of_tables = tables::in_kfl().flat_map(|table| table.fields().map(move |field| (field, vec![table.name])));
    for (field, tables) in of_tables {
        let known = variables.iter_mut().find(|variable| variable.name == field.name);
        match known {
            Some(variable) => variable.mean(field.doc, tables),
            None => variables.push(Variable::of(field, tables)),
        }
    }
    variables
}

impl Variable {
    fn of(field: &'static Field, tables: Vec<&'static str>) -> Self {
        let known = catalogue::variable(field.name).expect("the catalogue has every field of the tables and groups");
        let is_column = field.is_stored();
        Self {
            name: field.name,
            column: is_column.then_some(field.column),
            ty: field.ty.kfl(),
            unit: field.unit,
            default: known.default().to_string(),
            presence: known.presence,
            meanings: vec![Meaning { doc: field.doc, tables }],
        }
    }

    /// Takes what more tables say of the variable.
    fn mean(&mut self, doc: &'static str, tables: Vec<&'static str>) {
        match self.meanings.iter_mut().find(|meaning| meaning.doc == doc) {
            Some(meaning) => meaning.tables.extend(tables),
            None => self.meanings.push(Meaning { doc, tables }),
        }
    }

    /// The sentence that a table's rows have for it.
    pub fn doc_on(&self, table: &str) -> Option<&'static str> {
        let mut meanings = self.meanings.iter();
        meanings
            .find(|meaning| meaning.tables.contains(&table))
            .map(|meaning| meaning.doc)
    }

    /// All tables that have it.
    pub fn tables(&self) -> Vec<&'static str> {
        self.meanings
            .iter()
            .flat_map(|meaning| meaning.tables.iter().copied())
            .collect()
    }
}

/// Every flag, in the order of its declaration.
pub fn flags() -> Vec<Flag> {
    let tables_of = |name: &str| -> Vec<&'static str> {
        let can_be = tables::in_kfl().filter(|table| table.flag(name).is_some());
        can_be.map(|table| table.name).collect()
    };
    let flags = schema::FLAGS.iter();
    flags
        .map(|flag| Flag {
            name: flag.name,
            doc: flag.doc,
            tables: tables_of(flag.name),
        })
        .collect()
}

/// Every function, in order of names.
pub fn functions() -> Vec<Help> {
    functions::help().into_iter().filter(|help| !is_macro(help)).collect()
}

/// Every macro, in order of names.
pub fn macros() -> Vec<Help> {
    functions::help().into_iter().filter(is_macro).collect()
}

/// A function may share its name with a macro; they differ in form.
fn is_macro(help: &Help) -> bool {
    let mut macros = functions::MACROS.iter();
    macros.any(|form| form.name == help.name && help.signatures.contains(&form.form))
}

/// A group of variables that are shown together.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The table.
    pub table: &'static str,
    pub level: Level,
    /// What a row is.
    pub doc: &'static str,
    pub variables: Vec<Variable>,
}

/// The variables that every row has, and what each table adds.
pub(crate) fn by_table() -> (Vec<Variable>, Vec<Rows>) {
    let count = tables::in_kfl().count();
    let of_all = |variable: &Variable| variable.tables().len() == count;
    let (shared, own): (Vec<_>, Vec<_>) = variables().into_iter().partition(of_all);
    let row = |table: &'static str, level, doc| Rows {
        table,
        level,
        doc,
        variables: own
            .iter()
            .filter(|variable| variable.tables().contains(&table))
            .cloned()
            .collect(),
    };
    let rows = tables::in_kfl()
        .map(|table| row(table.name, table.level, table.doc))
        .collect();
    (shared, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known under a name, in a few words.
    fn told(name: &str) -> String {
        let word = |topic: &Topic| match topic {
            Topic::Variable(variable) => format!("variable {}", variable.name),
            Topic::Flag(flag) => format!("flag {}", flag.name),
            Topic::Function(help) => format!("function {}", help.name),
            Topic::Macro(help) => format!("macro {}", help.name),
            Topic::Stage(stage) => format!("stage {}", stage.name),
            Topic::Aggregate(form, _) => format!("aggregate {form}"),
            Topic::Code(code) => format!("code {}", code.code),
        };
        describe(name).iter().map(word).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn names_are_found_however_they_are_spelt() {
        for (name, expected) in [
            ("src.ip", "variable src.ip"),
            ("src_ip", "variable src.ip"),
            ("tcp_metrics.fin_count", "variable fin_count"),
            ("redis_key", "variable redis_key"),
            ("timestamp", "variable timestamp, function timestamp"),
            ("redis", "flag redis"),
            ("contains", "function contains"),
            ("stats", "stage stats"),
            ("p99", "aggregate p99(x)"),
            ("every", "aggregate every(1m)"),
            (".contains(", "function contains"),
            ("path.startsWith(", "function startsWith"),
            ("has(", "macro has"),
            ("k0201", "code K0201"),
            ("nothere", ""),
            ("", ""),
            (".", ""),
            ("\u{0}é(", ""),
        ] {
            assert_eq!(told(name), expected, "{name}");
        }
    }

    #[test]
    fn every_name_is_described() {
        let mut names: Vec<&str> = catalogue::variables().keys().copied().collect();
        names.extend(schema::FLAGS.iter().map(|flag| flag.name));
        names.extend(functions::help().iter().map(|help| help.name));
        names.extend(CODES.iter().map(|code| code.code));
        for name in names {
            assert_ne!(told(name), "", "{name}");
        }
    }

    #[test]
    fn unknown_names_get_the_nearest() {
        assert_eq!(nearest("redis_kee"), ["redis_key", "redis_type"]);
        assert_eq!(nearest("startWith"), ["startsWith"]);
        assert_eq!(nearest("completely_different"), [""; 0]);
    }

    #[test]
    fn a_variable_has_a_sentence_on_its_own_tables_alone() {
        let end = variables()
            .into_iter()
            .find(|variable| variable.name == "end_time")
            .unwrap();
        assert_eq!(end.tables(), ["flows", "conns"]);
        assert!(end.doc_on("conns").is_some());
        assert_eq!(end.doc_on("http"), None);
    }
}
