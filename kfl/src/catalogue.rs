//! The names a filter may use: variables and flags, taken from the schema, also those that no table has yet.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schema::{FLAGS, Field, Flag, Source, tables};

use crate::types::Type;
use crate::value::Value;

/// A variable: the fields of this name on all tables, which agree in type, unit and default.
#[derive(Debug)]
pub(crate) struct Variable {
    /// The field on the first table that has it.
    pub field: &'static Field,
    pub ty: Type,
    pub presence: Presence,
}

/// What there is of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Rows give it values.
    Filled,
    /// Tables have it, and nothing fills it yet: it reads its default.
    Empty,
}

impl Presence {
    /// The word for it: "filled", "empty".
    pub fn name(self) -> &'static str {
        match self {
            Presence::Filled => "filled",
            Presence::Empty => "empty",
        }
    }
}

impl Variable {
    /// What the variable reads on a row that does not have it.
    pub(crate) fn default(&self) -> Value {
        match self.field.default {
            schema::Default::Zero => Value::zero(&self.ty),
            schema::Default::Int(value) => Value::Int(value),
        }
    }
}

/// Every variable by its name.
pub(crate) fn variables() -> &'static BTreeMap<&'static str, Variable> {
    static VARIABLES: LazyLock<BTreeMap<&'static str, Variable>> = LazyLock::new(|| {
        let named = named();
        let variable = |(name, fields): (&&'static str, &Vec<&'static Field>)| {
            let field = *fields.first()?;
            let variable = Variable {
                field,
                ty: field.ty.into(),
                presence: presence(name, &named),
            };
            Some((*name, variable))
        };
        named.iter().filter_map(variable).collect()
    });
    &VARIABLES
}

/// The fields that tables have by each name.
fn named() -> BTreeMap<&'static str, Vec<&'static Field>> {
    let mut named = BTreeMap::<_, Vec<_>>::new();
    for field in tables::in_kfl().flat_map(schema::Table::fields) {
        named.entry(field.name).or_default().push(field);
    }
    named
}

/// What there is of a variable that tables have: it is filled if one of them fills it, or what it is computed from.
fn presence(name: &str, named: &BTreeMap<&'static str, Vec<&'static Field>>) -> Presence {
    let is_filled = |field: &&'static Field| match field.source {
        Source::Row | Source::Constant(_) => true,
        Source::Absent => false,
        Source::Virtual(text) => text
            .split(|letter: char| !(letter.is_ascii_alphanumeric() || "_.".contains(letter)))
            .any(|word| presence(word, named) == Presence::Filled),
    };
    match named.get(name).is_some_and(|fields| fields.iter().any(is_filled)) {
        true => Presence::Filled,
        false => Presence::Empty,
    }
}

/// The variable of a name.
pub(crate) fn variable(name: &str) -> Option<&'static Variable> {
    variables().get(name)
}

/// The flag of a name.
pub(crate) fn flag(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.name == name)
}

/// True if a name is a variable or flag that no row has a value for yet.
pub(crate) fn is_unfilled(name: &str) -> bool {
    match (variable(name), flag(name)) {
        (Some(variable), _) => variable.presence != Presence::Filled,
        (None, Some(flag)) => tables::in_kfl().all(|table| table.flag(flag.name).is_none()),
        (None, None) => false,
    }
}

/// Tables whose metrics older filters reach through a prefix: `tcp_metrics.x` is `x`.
pub(crate) const PREFIXES: &[&str] = &["tcp_metrics"];

/// The names closest to one that is unknown, best first; none if all are far.
pub(crate) fn closest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let farthest = (name.chars().count() / 3).clamp(1, 3);
    let mut near: Vec<_> = names
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= farthest + 2)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= farthest)
        .collect();
    near.sort();
    near.truncate(3);
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_one_name_agree() {
        for field in tables::in_kfl().flat_map(schema::Table::fields) {
            let known = variable(field.name).unwrap().field;
            assert_eq!(
                (field.ty, field.unit, field.default),
                (known.ty, known.unit, known.default),
                "{}",
                field.name
            );
        }
    }

    #[test]
    fn presence_is_told() {
        let of = |name| variable(name).unwrap().presence;
        assert_eq!(
            [of("src.ip"), of("capture_source"), of("dns_resolutions")],
            [Presence::Filled; 3]
        );
        assert_eq!([of("node_id"), of("src.pod.name"), of("pods")], [Presence::Empty; 3]);
    }

    #[test]
    fn no_flag_is_a_variable() {
        assert_eq!(
            FLAGS
                .iter()
                .find(|flag| variable(flag.name).is_some())
                .map(|flag| flag.name),
            None
        );
    }

    #[test]
    fn suggestions_are_close() {
        let names = || variables().keys().copied();
        assert_eq!(closest("status_kode", names()), ["status_code"]);
        assert_eq!(closest("scr.ip", names()), ["src.ip"]);
        assert_eq!(closest("completely_different", names()), [""; 0]);
    }
}
