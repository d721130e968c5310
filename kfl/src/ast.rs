//! The tree of a filter as written: names are not looked up, types not known, literals decoded.
//!
//! Chains of `&&` and of `||` are one node with all their terms, so that thousands of terms are no depth. Two trees are
//! equal if they are the same filter, wherever it stands: places do not count.

use std::ops::Range;

/// A part of a filter.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub kind: Kind,
    pub span: Range<usize>,
    /// Nodes on the longest way down, this one included; at most [`crate::limits::DEPTH`].
    pub depth: u16,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// What a part is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Literal(Literal),
    Name(String),
    /// `.name`: a name that no macro around it binds.
    Absolute(String),
    Select {
        operand: Box<Expr>,
        field: Word,
        access: Access,
    },
    Index {
        operand: Box<Expr>,
        index: Box<Expr>,
        access: Access,
    },
    /// `?value` in a list, `?key` in a map: there only if the optional has a value.
    Optional(Box<Expr>),
    Call {
        target: Option<Box<Expr>>,
        function: Word,
        arguments: Vec<Expr>,
    },
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary {
        operator: Operator,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Conditional {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// What was refused already; the checker passes over it.
    Broken,
}

/// How a part of a value is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// `a.b`, `a[b]`: an error if there is none.
    Required,
    /// `a.?b`, `a[?b]`: an optional.
    Optional,
}

/// A name with its place.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub text: String,
    pub span: Range<usize>,
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A literal. Numbers are as written, without a sign: `-1` is a negation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(u64),
    Uint(u64),
    Double(f64),
    /// A string, and whether it was written raw: a bare `r"…"` deserves a hint of its own.
    String(Text),
    Bytes(Vec<u8>),
}

/// A decoded string.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub value: String,
    pub raw: bool,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// An operator with two sides, except `&&` and `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// The operator as it is written.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Operator::Eq => "==",
            Operator::Ne => "!=",
            Operator::Lt => "<",
            Operator::Le => "<=",
            Operator::Gt => ">",
            Operator::Ge => ">=",
            Operator::In => "in",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }

    /// How tightly it binds; a higher tier binds tighter.
    pub(crate) fn tier(self) -> u8 {
        match self {
            Operator::Add | Operator::Subtract => 4,
            Operator::Multiply | Operator::Divide | Operator::Remainder => 5,
            _ => 3,
        }
    }
}

impl Expr {
    /// Makes a node over its children; its depth follows from theirs.
    pub(crate) fn new(kind: Kind, span: Range<usize>) -> Self {
        let mut below = 0;
        kind.each_child(|child| below = below.max(child.depth));
        Self {
            kind,
            span,
            depth: below + 1,
        }
    }
}

impl Expr {
    /// Rebuilds the node with each direct child replaced; a name in the place of a call makes it no deeper.
    pub(crate) fn map_children(self, map: &mut dyn FnMut(Expr) -> Expr) -> Self {
        let boxed = |child: Box<Expr>, map: &mut dyn FnMut(Expr) -> Expr| Box::new(map(*child));
        let kind = match self.kind {
            kind @ (Kind::Literal(_) | Kind::Name(_) | Kind::Absolute(_) | Kind::Broken) => kind,
            Kind::Optional(inner) => Kind::Optional(boxed(inner, map)),
            Kind::Select { operand, field, access } => Kind::Select {
                operand: boxed(operand, map),
                field,
                access,
            },
            Kind::Not(operand) => Kind::Not(boxed(operand, map)),
            Kind::Negate(operand) => Kind::Negate(boxed(operand, map)),
            Kind::Index { operand, index, access } => Kind::Index {
                operand: boxed(operand, map),
                index: boxed(index, map),
                access,
            },
            Kind::Call {
                target,
                function,
                arguments,
            } => Kind::Call {
                target: target.map(|target| boxed(target, map)),
                function,
                arguments: arguments.into_iter().map(map).collect(),
            },
            Kind::List(items) => Kind::List(items.into_iter().map(map).collect()),
            Kind::And(terms) => Kind::And(terms.into_iter().map(map).collect()),
            Kind::Or(terms) => Kind::Or(terms.into_iter().map(map).collect()),
            Kind::Map(entries) => Kind::Map(entries.into_iter().map(|(key, value)| (map(key), map(value))).collect()),
            Kind::Binary { operator, left, right } => Kind::Binary {
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
        };
        Self { kind, ..self }
    }
}

impl Kind {
    fn each_child(&self, mut visit: impl FnMut(&Expr)) {
        match self {
            Kind::Literal(_) | Kind::Name(_) | Kind::Absolute(_) | Kind::Broken => {}
            Kind::Select { operand, .. } | Kind::Not(operand) | Kind::Negate(operand) | Kind::Optional(operand) => {
                visit(operand);
            }
            Kind::Index { operand, index, .. } => {
                visit(operand);
                visit(index);
            }
            Kind::Call { target, arguments, .. } => {
                target.iter().for_each(|target| visit(target));
                arguments.iter().for_each(visit);
            }
            Kind::List(items) => items.iter().for_each(visit),
            Kind::And(terms) | Kind::Or(terms) => terms.iter().for_each(visit),
            Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
            Kind::Binary { left, right, .. } => {
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
        }
    }
}
