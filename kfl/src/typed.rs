//! The checked tree: every name is looked up, every call resolved, every part has its type. It prints as text with types.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use schema::Flag;

use crate::ast::Operator;
use crate::catalogue::Variable;
use crate::fault::Fault;
use crate::functions::comprehension::Macro;
use crate::functions::{Entry, Function, Overload};
use crate::types::Type;
use crate::value::Value;

/// A part of a checked filter.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub kind: Kind,
    pub ty: Type,
    pub span: Range<usize>,
}

/// What a part is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Value(Value),
    Variable(&'static Variable),
    Flag(&'static Flag),
    Local(Local),
    /// A column that what stands before has given: a name of an earlier stage of a pipe, or of a program's own values.
    Column(Arc<str>),
    Call(Call),
    Compare {
        operator: Operator,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Conditional {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Comprehension(Box<Comprehension>),
    /// A name for a value.
    Bind(Box<Bind>),
    /// A call whose signature the values decide.
    Dispatch(Dispatch),
    /// The value as one of another type: of `dyn`, or of what was `dyn`; an error if it is none.
    Convert(Box<Expr>),
    /// What fails on every row.
    Fail(Fault),
}

/// A name that a macro binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Local {
    /// How many macros stand around the one that binds it: names may be the same, places are not.
    pub depth: usize,
    pub name: String,
}

/// A call whose signature is chosen.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub function: &'static Function,
    pub overload: &'static Overload,
    /// The types of the parameters, no variable of the signature left.
    pub parameters: Vec<Type>,
    pub arguments: Vec<Expr>,
}

/// A call whose arguments have types that are known when the filter runs.
#[derive(Clone, Debug)]
pub(crate) struct Dispatch {
    pub entry: &'static Entry,
    /// True if the first argument stands before a dot.
    pub method: bool,
    pub arguments: Vec<Expr>,
}

/// `cel.bind(name, value, body)`.
#[derive(Clone, Debug)]
pub(crate) struct Bind {
    pub local: Local,
    pub value: Expr,
    pub body: Expr,
}

/// A macro over a list or a map.
#[derive(Clone, Debug)]
pub(crate) struct Comprehension {
    pub form: Macro,
    pub range: Expr,
    /// In the forms with two names, the first: the position in a list, the key in a map.
    pub key: Option<Local>,
    /// The element of a list; of a map the value in the forms with two names, the key in the others.
    pub local: Local,
    pub key_type: Type,
    pub element: Type,
    /// What passes elements over, in the forms that have it beside the body.
    pub condition: Option<Expr>,
    pub body: Expr,
}

impl Expr {
    pub(crate) fn new(kind: Kind, ty: Type, span: Range<usize>) -> Self {
        Self { kind, ty, span }
    }

    /// A constant of a type.
    pub(crate) fn value(value: Value, ty: Type, span: Range<usize>) -> Self {
        Self::new(Kind::Value(value), ty, span)
    }

    pub(crate) fn bool(value: bool, span: Range<usize>) -> Self {
        Self::value(Value::Bool(value), Type::Bool, span)
    }

    /// What was refused: it has a place and no meaning.
    pub(crate) fn broken(span: Range<usize>) -> Self {
        Self::new(Kind::Fail(Fault::WrongType), Type::Broken, span)
    }

    /// The constant it is.
    pub(crate) fn constant(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Value(value) => Some(value),
            _ => None,
        }
    }

    /// True if it is read, not computed, and so cannot fail.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(
            self.kind,
            Kind::Value(_) | Kind::Variable(_) | Kind::Local(_) | Kind::Column(_)
        )
    }

    /// Calls a function on each direct part.
    pub(crate) fn each_part<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match &self.kind {
            Kind::Value(_) | Kind::Variable(_) | Kind::Flag(_) | Kind::Local(_) | Kind::Column(_) | Kind::Fail(_) => {}
            Kind::Call(Call { arguments, .. }) | Kind::Dispatch(Dispatch { arguments, .. }) => {
                arguments.iter().for_each(visit);
            }
            Kind::Bind(bind) => {
                visit(&bind.value);
                visit(&bind.body);
            }
            Kind::And(parts) | Kind::Or(parts) | Kind::List(parts) => parts.iter().for_each(visit),
            Kind::Not(part) | Kind::Convert(part) => visit(part),
            Kind::Compare { left, right, .. } => {
                visit(left);
                visit(right);
            }
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                visit(condition);
                visit(then);
                visit(otherwise);
            }
            Kind::Map(entries) => {
                for (key, value) in entries {
                    visit(key);
                    visit(value);
                }
            }
            Kind::Comprehension(comprehension) => {
                visit(&comprehension.range);
                comprehension.condition.iter().for_each(&mut *visit);
                visit(&comprehension.body);
            }
        }
    }

    /// Rebuilds the tree with each direct part replaced.
    pub(crate) fn map_parts(self, map: &mut dyn FnMut(Expr) -> Expr) -> Self {
        let boxed = |part: Box<Expr>, map: &mut dyn FnMut(Expr) -> Expr| Box::new(map(*part));
        let kind = match self.kind {
            Kind::Call(mut call) => {
                call.arguments = call.arguments.into_iter().map(map).collect();
                Kind::Call(call)
            }
            Kind::Dispatch(mut dispatch) => {
                dispatch.arguments = dispatch.arguments.into_iter().map(map).collect();
                Kind::Dispatch(dispatch)
            }
            Kind::Bind(mut bind) => {
                bind.value = map(bind.value);
                bind.body = map(bind.body);
                Kind::Bind(bind)
            }
            Kind::And(parts) => Kind::And(parts.into_iter().map(map).collect()),
            Kind::Or(parts) => Kind::Or(parts.into_iter().map(map).collect()),
            Kind::List(parts) => Kind::List(parts.into_iter().map(map).collect()),
            Kind::Not(part) => Kind::Not(boxed(part, map)),
            Kind::Convert(part) => Kind::Convert(boxed(part, map)),
            Kind::Compare { operator, left, right } => Kind::Compare {
                operator,
                left: boxed(left, map),
                right: boxed(right, map),
            },
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => Kind::Conditional {
                condition: boxed(condition, map),
                then: boxed(then, map),
                otherwise: boxed(otherwise, map),
            },
            Kind::Map(entries) => Kind::Map(entries.into_iter().map(|(key, value)| (map(key), map(value))).collect()),
            Kind::Comprehension(mut comprehension) => {
                comprehension.range = map(comprehension.range);
                comprehension.condition = comprehension.condition.map(&mut *map);
                comprehension.body = map(comprehension.body);
                Kind::Comprehension(comprehension)
            }
            kind @ (Kind::Value(_)
            | Kind::Variable(_)
            | Kind::Flag(_)
            | Kind::Local(_)
            | Kind::Column(_)
            | Kind::Fail(_)) => kind,
        };
        Self { kind, ..self }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Value(value) => write!(f, "{value}"),
            Kind::Variable(variable) => write!(f, "{}:{}", variable.field.name, self.ty),
            Kind::Flag(flag) => write!(f, "{}:bool", flag.name),
            Kind::Local(local) => write!(f, "{}:{}", local.name, self.ty),
            Kind::Column(name) => write!(f, "{name}:{}", self.ty),
            Kind::Call(Call {
                function, arguments, ..
            }) => {
                match (function.name, &arguments[..]) {
                    ("_[_]", [operand, index]) => write!(f, "{operand}[{index}]")?,
                    ("-_", [operand]) => write!(f, "-{operand}")?,
                    (name, [left, right]) if name.starts_with('_') => {
                        write!(f, "({left} {} {right})", name.trim_matches('_'))?
                    }
                    (name, arguments) => {
                        f.write_str(name)?;
                        joined(f, "(", arguments, ", ", ")")?;
                    }
                }
                write!(f, ":{}", self.ty)
            }
            Kind::Compare { operator, left, right } => write!(f, "({left} {} {right})", operator.text()),
            Kind::And(terms) => joined(f, "(", terms, " && ", ")"),
            Kind::Or(terms) => joined(f, "(", terms, " || ", ")"),
            Kind::Not(operand) => write!(f, "!{operand}"),
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => write!(f, "({condition} ? {then} : {otherwise}):{}", self.ty),
            Kind::List(items) => {
                joined(f, "[", items, ", ", "]")?;
                write!(f, ":{}", self.ty)
            }
            Kind::Map(entries) => {
                f.write_str("{")?;
                for (place, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if place == 0 { "" } else { ", " })?;
                }
                write!(f, "}}:{}", self.ty)
            }
            Kind::Comprehension(comprehension) => {
                let Comprehension {
                    form,
                    range,
                    key,
                    local,
                    key_type,
                    element,
                    condition,
                    body,
                } = &**comprehension;
                write!(f, "{range}.{}(", form.name())?;
                if let Some(key) = key {
                    write!(f, "{}:{key_type}, ", key.name)?;
                }
                write!(f, "{}:{element}, ", local.name)?;
                if let Some(condition) = condition {
                    write!(f, "{condition}, ")?;
                }
                write!(f, "{body}):{}", self.ty)
            }
            Kind::Bind(bind) => write!(
                f,
                "cel.bind({}:{}, {}, {})",
                bind.local.name, bind.value.ty, bind.value, bind.body
            ),
            Kind::Dispatch(dispatch) => {
                f.write_str(dispatch.entry.function.name)?;
                joined(f, "(", &dispatch.arguments, ", ", ")")?;
                write!(f, ":{}", self.ty)
            }
            Kind::Convert(inner) => write!(f, "({inner} as {})", self.ty),
            Kind::Fail(fault) => write!(f, "error({fault})"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, open: &str, parts: &[Expr], between: &str, close: &str) -> fmt::Result {
    f.write_str(open)?;
    for (place, part) in parts.iter().enumerate() {
        write!(f, "{}{part}", if place == 0 { "" } else { between })?;
    }
    f.write_str(close)
}
