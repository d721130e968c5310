//! The names a filter may use: variables and flags, taken from the schema.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schema::{FLAGS, Field, Flag};

use crate::types::Type;
use crate::value::Value;

/// A variable: the fields of this name on all tables, which agree in type.
#[derive(Debug)]
pub(crate) struct Variable {
    /// The field on the first table that has it.
    pub field: &'static Field,
    pub ty: Type,
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
        let mut variables = BTreeMap::new();
        for field in schema::tables::in_kfl().flat_map(schema::Table::fields) {
            variables.entry(field.name).or_insert_with(|| Variable {
                field,
                ty: field.ty.into(),
            });
        }
        variables
    });
    &VARIABLES
}

/// The variable of a name.
pub(crate) fn variable(name: &str) -> Option<&'static Variable> {
    variables().get(name)
}

/// The flag of a name.
pub(crate) fn flag(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.name == name)
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
        for field in schema::tables::in_kfl().flat_map(schema::Table::fields) {
            let variable = variable(field.name).unwrap();
            assert_eq!(
                (field.ty, field.default),
                (variable.field.ty, variable.field.default),
                "{}",
                field.name
            );
        }
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
