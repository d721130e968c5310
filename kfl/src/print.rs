//! Printing: a tree → text that parses to the same tree, with as few parentheses as that takes.

use std::fmt;

use crate::ast::{Access, Expr, Kind, Literal};
use crate::value::{quote, quote_bytes};

/// Precedence of a node as the grammar has it; a higher one binds tighter.
fn tier(kind: &Kind) -> u8 {
    match kind {
        Kind::Conditional { .. } => 0,
        Kind::Or(_) => 1,
        Kind::And(_) => 2,
        Kind::Binary { operator, .. } => operator.tier(),
        Kind::Not(_) | Kind::Negate(_) => 6,
        _ => 7,
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Literal(literal) => write!(f, "{literal}"),
            Kind::Name(name) => f.write_str(name),
            Kind::Absolute(name) => write!(f, ".{name}"),
            Kind::Select { operand, field, access } => {
                at_least(f, operand, 7)?;
                let quote = if is_name(&field.text) { "" } else { "`" };
                write!(f, ".{}{quote}{}{quote}", access.mark(), field.text)
            }
            Kind::Index { operand, index, access } => {
                at_least(f, operand, 7)?;
                write!(f, "[{}{index}]", access.mark())
            }
            Kind::Optional(part) => write!(f, "?{part}"),
            Kind::Call {
                target,
                function,
                arguments,
            } => {
                if let Some(target) = target {
                    at_least(f, target, 7)?;
                    f.write_str(".")?;
                }
                f.write_str(&function.text)?;
                separated(f, "(", arguments, ")")
            }
            Kind::List(items) => separated(f, "[", items, "]"),
            Kind::Map(entries) => {
                f.write_str("{")?;
                for (place, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if place == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            Kind::Not(operand) => {
                f.write_str("!")?;
                at_least(f, operand, 6)
            }
            Kind::Negate(operand) => {
                f.write_str("-")?;
                at_least(f, operand, 6)
            }
            Kind::Binary { operator, left, right } => {
                at_least(f, left, operator.tier())?;
                write!(f, " {} ", operator.text())?;
                at_least(f, right, operator.tier() + 1)
            }
            Kind::And(terms) => chain(f, terms, " && ", 3),
            Kind::Or(terms) => chain(f, terms, " || ", 2),
            Kind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                at_least(f, condition, 1)?;
                f.write_str(" ? ")?;
                at_least(f, then, 1)?;
                f.write_str(" : ")?;
                at_least(f, otherwise, 0)
            }
            // No text stands for it: what cannot be read is not written either.
            Kind::Broken => f.write_str("…"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Bool(value) => write!(f, "{value}"),
            Literal::Int(value) => write!(f, "{value}"),
            Literal::Uint(value) => write!(f, "{value}u"),
            Literal::Double(value) => write!(f, "{value:?}"),
            Literal::String(text) => f.write_str(&quote(&text.value)),
            Literal::Bytes(value) => write!(f, "b{}", quote_bytes(value)),
        }
    }
}

/// True if a field is written without quotes.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !matches!(text, "true" | "false" | "null" | "in")
}

impl Access {
    fn mark(self) -> &'static str {
        match self {
            Access::Required => "",
            Access::Optional => "?",
        }
    }
}

/// Writes a part, in parentheses if it binds looser than its place requires.
fn at_least(f: &mut fmt::Formatter<'_>, part: &Expr, required: u8) -> fmt::Result {
    if tier(&part.kind) < required {
        write!(f, "({part})")
    } else {
        write!(f, "{part}")
    }
}

fn chain(f: &mut fmt::Formatter<'_>, terms: &[Expr], operator: &str, required: u8) -> fmt::Result {
    for (place, term) in terms.iter().enumerate() {
        if place > 0 {
            f.write_str(operator)?;
        }
        at_least(f, term, required)?;
    }
    Ok(())
}

fn separated(f: &mut fmt::Formatter<'_>, open: &str, parts: &[Expr], close: &str) -> fmt::Result {
    f.write_str(open)?;
    for (place, part) in parts.iter().enumerate() {
        write!(f, "{}{part}", if place == 0 { "" } else { ", " })?;
    }
    f.write_str(close)
}
