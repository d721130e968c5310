//! Macros over lists and maps, on columns: all elements of a batch are laid side by side, the body is evaluated once over
//! them with the columns it names repeated by row, and the results are folded back by row.
//!
//! An error in the body is null, and absorbs or is absorbed as KFL.md §3 says: `exists` and `all` as `||` and `&&` do,
//! the others not at all. Rows are taken in chunks, so that memory does not grow with the lists of a whole batch.

mod bind;
mod fold;
mod walk;

use std::fmt;

pub(crate) use bind::Bind;
pub(crate) use walk::{Body, Comprehension, Folding, Inputs};

/// Which macro it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Macro {
    Exists,
    All,
    ExistsOne,
    Filter,
    /// `map`, and `transformList` where it has two names.
    Map,
    TransformMap,
    TransformMapEntry,
}

/// The names of methods that are macros, and whether they take one name, two or either.
const NAMES: &[(&str, Macro, Names)] = &[
    ("exists", Macro::Exists, Names::Either),
    ("all", Macro::All, Names::Either),
    ("exists_one", Macro::ExistsOne, Names::Either),
    ("existsOne", Macro::ExistsOne, Names::Either),
    ("filter", Macro::Filter, Names::One),
    ("map", Macro::Map, Names::One),
    ("transformList", Macro::Map, Names::Two),
    ("transformMap", Macro::TransformMap, Names::Two),
    ("transformMapEntry", Macro::TransformMapEntry, Names::Two),
];

/// How many names a macro binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    One,
    Two,
    Either,
}

impl Macro {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Macro::Exists => "exists",
            Macro::All => "all",
            Macro::ExistsOne => "exists_one",
            Macro::Filter => "filter",
            Macro::Map => "map",
            Macro::TransformMap => "transformMap",
            Macro::TransformMapEntry => "transformMapEntry",
        }
    }

    /// The macro of a method's name.
    pub(crate) fn find(name: &str) -> Option<(Self, Names)> {
        NAMES
            .iter()
            .find(|(known, ..)| *known == name)
            .map(|(_, form, names)| (*form, *names))
    }

    /// True if the body says true or false of an element.
    pub(crate) fn is_condition(self) -> bool {
        matches!(self, Macro::Exists | Macro::All | Macro::ExistsOne | Macro::Filter)
    }

    /// True if the result is true or false.
    pub(crate) fn is_test(self) -> bool {
        matches!(self, Macro::Exists | Macro::All | Macro::ExistsOne)
    }

    pub(crate) fn makes_map(self) -> bool {
        matches!(self, Macro::TransformMap | Macro::TransformMapEntry)
    }
}

impl fmt::Display for Macro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
