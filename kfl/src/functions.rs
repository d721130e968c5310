//! The registry of functions: each is one entry with its signatures, its words of help, examples with results that a test
//! runs, and kernels that compute it over Arrow arrays.
//!
//! Operators that compute (`+`, `[…]`, `in`, …) are entries too, under names that no identifier has (`_+_`). A kernel is
//! total: where CEL has an error, the row is null. Constants are folded by the same kernels over arrays of one row.

mod addresses;
mod arithmetic;
mod bits;
pub(crate) mod calendar;
mod collections;
pub(crate) mod compare;
pub(crate) mod comprehension;
mod convert;
mod encoders;
pub(crate) mod format;
pub(crate) mod kernel;
mod math;
pub(crate) mod network;
mod optional;
mod patterns;
mod positions;
mod re2;
mod signature;
mod strings;
pub(crate) mod time;
pub(crate) mod udf;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use datafusion::arrow::array::ArrayRef;
use datafusion::logical_expr as df;

use crate::fault::Fault;
use crate::value::Value;
use kernel::Arguments;
pub(crate) use signature::{Fit, Signature, dispatch, fits};

/// A function with all its signatures.
#[derive(Debug)]
pub(crate) struct Function {
    pub name: &'static str,
    /// What it computes, in one line.
    pub doc: &'static str,
    /// Texts of KFL with the KFL text of their results; "error" where there is none.
    pub examples: &'static [(&'static str, &'static str)],
    pub overloads: &'static [Overload],
}

/// A function for one list of argument types.
#[derive(Debug)]
pub(crate) struct Overload {
    /// `string.contains(string) -> bool` is a method, `size(string) -> int` is not. A parameter `dyn` takes any type, whose
    /// values the kernel reads as such; the last parameter may stand for one and more: `math.least(int...) -> int`.
    pub signature: &'static str,
    pub kernel: fn(&Arguments) -> ArrayRef,
    /// DataFusion's own function where it has the same meaning: its optimizer knows how to prune with it.
    pub plan: Option<fn(Vec<df::Expr>) -> df::Expr>,
    /// How it fails, where it can.
    pub failing: Failing,
    /// Why constant arguments can never give a value, if they cannot.
    pub refuse: fn(&[Option<&Value>]) -> Option<String>,
}

impl Overload {
    pub(crate) const fn new(signature: &'static str, kernel: fn(&Arguments) -> ArrayRef) -> Self {
        Self {
            signature,
            kernel,
            plan: None,
            failing: Failing::Never,
            refuse: |_| None,
        }
    }

    pub(crate) const fn plan(mut self, plan: fn(Vec<df::Expr>) -> df::Expr) -> Self {
        self.plan = Some(plan);
        self
    }

    /// Says that arguments may have no value, and why.
    pub(crate) const fn fails(mut self, fault: Fault) -> Self {
        self.failing = Failing::With(fault);
        self
    }

    /// Says that arguments may have no value; they tell why.
    pub(crate) const fn fails_by(mut self, fault: fn(&[Value]) -> Fault) -> Self {
        self.failing = Failing::By(fault);
        self
    }

    /// Why arguments have no value.
    pub(crate) fn fault(&self, arguments: &[Value]) -> Fault {
        match self.failing {
            Failing::Never => Fault::BadArgument,
            Failing::With(fault) => fault,
            Failing::By(fault) => fault(arguments),
        }
    }

    pub(crate) const fn refuse(mut self, refuse: fn(&[Option<&Value>]) -> Option<String>) -> Self {
        self.refuse = refuse;
        self
    }
}

/// How a function fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failing {
    /// It has a value for all arguments of its types.
    Never,
    With(Fault),
    /// The arguments tell.
    By(fn(&[Value]) -> Fault),
}

/// A function with its signatures read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub function: &'static Function,
    pub signatures: Vec<Signature>,
}

impl Entry {
    /// True if filters call it by its name: operators and the like are entries that no filter can write.
    pub(crate) fn is_callable(&self) -> bool {
        self.function
            .name
            .starts_with(|first: char| first.is_ascii_alphabetic())
    }
}

/// A macro: a form that binds a name or looks at a field rather than compute a value from values.
#[derive(Debug)]
pub(crate) struct Form {
    pub name: &'static str,
    pub form: &'static str,
    pub doc: &'static str,
    pub example: (&'static str, &'static str),
}

/// Every macro.
pub(crate) const MACROS: &[Form] = &[
    Form {
        name: "has",
        form: "has(map.key) -> bool",
        doc: "True if a map has a key.",
        example: ("has({'a': 1}.a)", "true"),
    },
    Form {
        name: "exists",
        form: "list.exists(x, condition) -> bool",
        doc: "True if the condition is true of an element of a list or a key of a map.",
        example: ("[1, 2].exists(x, x > 1)", "true"),
    },
    Form {
        name: "all",
        form: "list.all(x, condition) -> bool",
        doc: "True if the condition is true of every element of a list or key of a map.",
        example: ("[1, 2].all(x, x > 1)", "false"),
    },
    Form {
        name: "exists_one",
        form: "list.exists_one(x, condition) -> bool",
        doc: "True if the condition is true of exactly one element of a list or key of a map.",
        example: ("[1, 2].exists_one(x, x > 1)", "true"),
    },
    Form {
        name: "filter",
        form: "list.filter(x, condition) -> list",
        doc: "The elements of a list, or keys of a map, of which the condition is true.",
        example: ("[1, 2].filter(x, x > 1)", "[2]"),
    },
    Form {
        name: "map",
        form: "list.map(x, value) -> list",
        doc: "The value for each element of a list or key of a map; list.map(x, condition, value) for some of them.",
        example: ("[1, 2].map(x, x * 2)", "[2, 4]"),
    },
    Form {
        name: "existsOne",
        form: "list.existsOne(i, x, condition) -> bool",
        doc: "True if the condition is true of exactly one position and element of a list, or key and value of a map.",
        example: ("['a', 'b'].existsOne(i, x, i == 1 && x == 'b')", "true"),
    },
    Form {
        name: "transformList",
        form: "list.transformList(i, x, value) -> list",
        doc: "The value for each position and element of a list, or key and value of a map; \
              list.transformList(i, x, condition, value) for some of them.",
        example: ("['a', 'b'].transformList(i, x, x + string(i))", "[\"a0\", \"b1\"]"),
    },
    Form {
        name: "transformMap",
        form: "map.transformMap(k, x, value) -> map",
        doc: "A map with the value for each key and value of a map, or position and element of a list; \
              map.transformMap(k, x, condition, value) for some of them.",
        example: ("{'a': 1}.transformMap(k, x, x * 2)", "{\"a\": 2}"),
    },
    Form {
        name: "transformMapEntry",
        form: "map.transformMapEntry(k, x, entries) -> map",
        doc: "A map of the entries for each key and value of a map, or position and element of a list; \
              map.transformMapEntry(k, x, condition, entries) for some of them.",
        example: ("{'a': 1}.transformMapEntry(k, x, {string(x): k})", "{\"1\": \"a\"}"),
    },
    Form {
        name: "cel.bind",
        form: "cel.bind(name, value, expression) -> result",
        doc: "The expression, with a name for a value that it uses more than once.",
        example: ("cel.bind(x, 2 + 3, x * x)", "25"),
    },
    Form {
        name: "optMap",
        form: "optional.optMap(x, value) -> optional",
        doc: "An optional of the value for what an optional holds; none if it holds none.",
        example: ("optional.of(2).optMap(x, x * 2)", "optional.of(4)"),
    },
    Form {
        name: "optFlatMap",
        form: "optional.optFlatMap(x, optional) -> optional",
        doc: "The optional for what an optional holds; none if it holds none.",
        example: ("optional.of({'a': 1}).optFlatMap(x, x.?b)", "optional.none()"),
    },
    Form {
        name: "now",
        form: "now() -> timestamp",
        doc: "The time at which the filter was compiled.",
        example: ("now() == now()", "true"),
    },
    Form {
        name: "dyn",
        form: "dyn(value) -> dyn",
        doc: "The value, with its type checked when the filter runs: a mistake is an error of the row.",
        example: ("dyn(1) == 'a'", "false"),
    },
];

/// What help and reference pages say of a function or macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// The name.
    pub name: &'static str,
    /// What it computes, in one line.
    pub doc: &'static str,
    /// The forms in which it is called, with types.
    pub signatures: Vec<&'static str>,
    /// Texts of KFL with the KFL text of their results; "error" where there is none.
    pub examples: Vec<(&'static str, &'static str)>,
}

/// Says what every function and macro of the language is, in order of their names.
///
/// ```
/// let help = kfl::help();
/// let size = help.iter().find(|entry| entry.name == "size").unwrap();
/// assert_eq!(size.signatures[0], "size(string) -> int");
/// ```
pub fn help() -> Vec<Help> {
    let functions = registry()
        .values()
        .filter(|entry| entry.is_callable())
        .map(|entry| Help {
            name: entry.function.name,
            doc: entry.function.doc,
            signatures: entry
                .function
                .overloads
                .iter()
                .map(|overload| overload.signature)
                .collect(),
            examples: entry.function.examples.to_vec(),
        });
    let macros = MACROS.iter().map(|form| Help {
        name: form.name,
        doc: form.doc,
        signatures: vec![form.form],
        examples: vec![form.example],
    });
    let mut help: Vec<_> = functions.chain(macros).collect();
    help.sort_by_key(|entry| entry.name);
    help
}

const GROUPS: &[&[Function]] = &[
    strings::FUNCTIONS,
    positions::FUNCTIONS,
    patterns::FUNCTIONS,
    format::FUNCTIONS,
    collections::FUNCTIONS,
    convert::FUNCTIONS,
    encoders::FUNCTIONS,
    time::FUNCTIONS,
    calendar::FUNCTIONS,
    network::FUNCTIONS,
    addresses::FUNCTIONS,
    math::FUNCTIONS,
    bits::FUNCTIONS,
    arithmetic::FUNCTIONS,
    optional::FUNCTIONS,
];

/// Every function by its name.
pub(crate) fn registry() -> &'static BTreeMap<&'static str, Entry> {
    static REGISTRY: LazyLock<BTreeMap<&'static str, Entry>> = LazyLock::new(|| {
        let functions = GROUPS.iter().flat_map(|group| group.iter());
        functions.map(|function| (function.name, read(function))).collect()
    });
    &REGISTRY
}

fn read(function: &'static Function) -> Entry {
    let signature = |overload: &'static Overload| {
        Signature::read(function.name, overload).expect("a test reads every signature of the registry")
    };
    Entry {
        function,
        signatures: function.overloads.iter().map(signature).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use fastrand::Rng;

    use super::*;
    use crate::types::Type;

    #[test]
    fn every_signature_is_read() {
        for function in GROUPS.iter().flat_map(|group| group.iter()) {
            for overload in function.overloads {
                assert!(
                    Signature::read(function.name, overload).is_some(),
                    "{}",
                    overload.signature
                );
            }
        }
    }

    #[test]
    fn every_function_is_listed_once_with_words_and_an_example() {
        let names: Vec<_> = GROUPS
            .iter()
            .flat_map(|group| group.iter())
            .map(|function| function.name)
            .collect();
        assert_eq!(names.len(), registry().len());
        for entry in registry().values() {
            assert!(
                entry.function.doc.ends_with('.') && !entry.function.examples.is_empty(),
                "{}",
                entry.function.name
            );
        }
    }

    #[test]
    fn examples_give_their_results() {
        let operators = registry()
            .values()
            .flat_map(|entry| entry.function.examples.iter().copied());
        for (text, result) in operators.chain(help().into_iter().flat_map(|entry| entry.examples)) {
            assert_eq!(crate::tests::evaluate(text), result, "{text}");
        }
    }

    /// A value of a parameter's type; where it may be any, one of several.
    fn random(ty: &Type, rng: &mut Rng) -> Value {
        match ty {
            Type::Bool => Value::Bool(rng.bool()),
            Type::Int => Value::Int([0, 1, -1, 70, i64::MIN, i64::MAX][rng.usize(..6)]),
            Type::Uint => Value::Uint([0, 1, u64::MAX][rng.usize(..3)]),
            Type::Double => Value::Double([0.0, -1.5, f64::NAN, f64::INFINITY, 1e300][rng.usize(..5)]),
            Type::String => Value::string(["", "a", "é/x", "7", "%d", "10.0.0.1", "UTC"][rng.usize(..7)]),
            Type::Bytes => Value::Bytes([&b""[..], b"a", b"\xff"][rng.usize(..3)].into()),
            Type::Timestamp => Value::Timestamp(i128::from([0, i64::MIN, i64::MAX][rng.usize(..3)])),
            Type::Duration => Value::Duration([0, -1, i64::MAX][rng.usize(..3)]),
            Type::Ip => Value::Ip([IpAddr::from([10, 0, 0, 1]), IpAddr::from([0u16; 8])][rng.usize(..2)]),
            Type::Cidr => {
                let networks = ["10.0.0.0/8", "::/0", "0.0.0.0/0"];
                crate::tests::value(&format!("cidr('{}')", networks[rng.usize(..3)]))
            }
            Type::List(element) => Value::List((0..rng.usize(..3)).map(|_| random(element, rng)).collect()),
            Type::Map(_, value) => Value::Map([(Value::string("a"), random(value, rng))].into()),
            Type::Optional(value) => Value::Optional(rng.bool().then(|| random(value, rng).into())),
            Type::Type => Value::Type("int".into()),
            Type::Null => Value::Null,
            Type::Any(_) | Type::Broken => Value::Int(rng.i64(-2..3)),
            Type::Dyn => match rng.u8(..4) {
                0 => Value::Null,
                1 => Value::string("a"),
                2 => Value::List([Value::Int(1)].into()),
                _ => Value::Int(rng.i64(-2..3)),
            },
        }
    }

    #[test]
    fn what_is_said_never_to_fail_never_fails() {
        let mut rng = Rng::with_seed(31);
        for entry in registry().values() {
            for signature in &entry.signatures {
                if !matches!(signature.overload.failing, Failing::Never) {
                    continue;
                }
                for _ in 0..60 {
                    let arguments: Vec<_> = signature.parameters.iter().map(|ty| random(ty, &mut rng)).collect();
                    let types: Vec<_> = arguments.iter().map(Value::ty).collect();
                    let Some((types, result)) = signature.resolve(&types.iter().collect::<Vec<_>>(), Fit::Values)
                    else {
                        continue;
                    };
                    let value = kernel::call(signature.overload.kernel, &arguments, &types, &result);
                    assert!(value.is_some(), "{}: {arguments:?}", signature.overload.signature);
                }
            }
        }
    }
}
