//! The scalar evaluator: one value from a checked tree. Folding of constants uses it, and the tests take it as the oracle
//! of what lowering computes on columns. No query runs through it.

use std::cmp::Ordering;

use crate::ast::Operator;
use crate::catalogue::Variable;
use crate::functions::comprehension::Macro;
use crate::functions::kernel;
use crate::typed::{Comprehension, Expr, Kind, Local};
use crate::value::Value;

/// Why a filter has no value on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub &'static str);

/// The fault of an evaluation that takes more steps than it may.
pub(crate) const TOO_LONG: Fault = Fault("the evaluation takes too many steps");

/// What an evaluation reads beyond the tree.
pub(crate) struct Scope<'a> {
    pub variable: &'a dyn Fn(&Variable) -> Value,
    pub column: &'a dyn Fn(&str) -> Option<Value>,
    /// Values of the macros' names around the part that is evaluated.
    pub locals: Vec<(Local, Value)>,
    /// Steps it may still take: macros inside macros multiply.
    pub steps: usize,
}

impl<'a> Scope<'a> {
    /// What parts read that are the same on every row: nothing.
    pub(crate) fn constant(steps: usize) -> Self {
        Scope::of_row(&|_| Value::Null, steps)
    }

    /// The variables of one row.
    pub(crate) fn of_row(variable: &'a dyn Fn(&Variable) -> Value, steps: usize) -> Self {
        Self {
            variable,
            column: &|_| None,
            locals: Vec::new(),
            steps,
        }
    }
}

/// Evaluates a tree that has no flags left.
pub(crate) fn eval(expr: &Expr, scope: &mut Scope<'_>) -> Result<Value, Fault> {
    scope.steps = scope.steps.checked_sub(1).ok_or(TOO_LONG)?;
    match &expr.kind {
        Kind::Value(value) => Ok(value.clone()),
        Kind::Variable(variable) => Ok((scope.variable)(variable)),
        Kind::Flag(_) => Err(Fault("a flag has no value before its table is known")),
        Kind::Local(local) => local_value(local, scope),
        Kind::Column(name) => (scope.column)(name).ok_or(Fault("a column has no value")),
        Kind::Fail(reason) => Err(Fault(reason)),
        Kind::Dyn(inner) => eval(inner, scope),
        Kind::Call(_) => call(expr, scope),
        Kind::Compare { operator, left, right } => {
            let (left, right) = (eval(left, scope)?, eval(right, scope)?);
            Ok(Value::Bool(compare(*operator, &left, &right)))
        }
        Kind::And(terms) => absorbing(terms, false, scope),
        Kind::Or(terms) => absorbing(terms, true, scope),
        Kind::Not(operand) => Ok(Value::Bool(!truth(eval(operand, scope)?)?)),
        Kind::Conditional {
            condition,
            then,
            otherwise,
        } => match truth(eval(condition, scope)?)? {
            true => eval(then, scope),
            false => eval(otherwise, scope),
        },
        Kind::List(items) => Ok(Value::List(
            items
                .iter()
                .map(|item| eval(item, scope))
                .collect::<Result<Vec<_>, _>>()?
                .into(),
        )),
        Kind::Map(entries) => map(entries, scope),
        Kind::Comprehension(comprehension) => walk(comprehension, scope),
    }
}

fn local_value(local: &Local, scope: &Scope<'_>) -> Result<Value, Fault> {
    let bound = scope.locals.iter().rev().find(|(bound, _)| bound == local);
    bound
        .map(|(_, value)| value.clone())
        .ok_or(Fault("a name is not bound"))
}

fn call(expr: &Expr, scope: &mut Scope<'_>) -> Result<Value, Fault> {
    let Kind::Call(call) = &expr.kind else {
        return Err(Fault("not a call"));
    };
    let arguments = call
        .arguments
        .iter()
        .map(|argument| eval(argument, scope))
        .collect::<Result<Vec<_>, _>>()?;
    kernel::call(call.overload.kernel, &arguments, &call.parameters, &expr.ty).ok_or(Fault(call.function.name))
}

/// `&&` and `||`: one term that decides is enough, whatever the others are.
fn absorbing(terms: &[Expr], decides: bool, scope: &mut Scope<'_>) -> Result<Value, Fault> {
    let mut fault = None;
    for term in terms {
        match eval(term, scope).and_then(truth) {
            Ok(value) if value == decides => return Ok(Value::Bool(decides)),
            Ok(_) => {}
            Err(TOO_LONG) => return Err(TOO_LONG),
            Err(reason) => fault = Some(reason),
        }
    }
    fault.map_or(Ok(Value::Bool(!decides)), Err)
}

fn truth(value: Value) -> Result<bool, Fault> {
    match value {
        Value::Bool(value) => Ok(value),
        _ => Err(Fault("not true or false")),
    }
}

fn map(entries: &[(Expr, Expr)], scope: &mut Scope<'_>) -> Result<Value, Fault> {
    let mut map: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let (key, value) = (eval(key, scope)?, eval(value, scope)?);
        scope.steps = scope.steps.checked_sub(map.len()).ok_or(TOO_LONG)?;
        if map.iter().any(|(other, _)| equal(other, &key)) {
            return Err(Fault("a map has a key twice"));
        }
        map.push((key, value));
    }
    Ok(Value::Map(map.into()))
}

fn walk(comprehension: &Comprehension, scope: &mut Scope<'_>) -> Result<Value, Fault> {
    let elements: Vec<Value> = match eval(&comprehension.range, scope)? {
        Value::List(items) => items.to_vec(),
        Value::Map(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
        _ => return Err(Fault("not a list")),
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in &elements {
        scope.locals.push((comprehension.local.clone(), element.clone()));
        let result = eval(&comprehension.body, scope);
        scope.locals.pop();
        if result == Err(TOO_LONG) {
            return Err(TOO_LONG);
        }
        results.push(result);
    }
    let decided = |value: bool| results.contains(&Ok(Value::Bool(value)));
    match comprehension.form {
        Macro::Exists if decided(true) => return Ok(Value::Bool(true)),
        Macro::All if decided(false) => return Ok(Value::Bool(false)),
        _ => {}
    }
    let results = results.into_iter().collect::<Result<Vec<_>, _>>()?;
    let is_true = |value: &&Value| matches!(value, Value::Bool(true));
    Ok(match comprehension.form {
        Macro::Exists => Value::Bool(false),
        Macro::All => Value::Bool(true),
        Macro::ExistsOne => Value::Bool(results.iter().filter(is_true).count() == 1),
        Macro::Filter => {
            let kept = elements
                .into_iter()
                .zip(&results)
                .filter(|(_, keep)| is_true(keep))
                .map(|(element, _)| element);
            Value::List(kept.collect())
        }
        Macro::Map => Value::List(results.into()),
    })
}

fn compare(operator: Operator, left: &Value, right: &Value) -> bool {
    match operator {
        Operator::Eq => equal(left, right),
        Operator::Ne => !equal(left, right),
        Operator::Lt => order(left, right) == Some(Ordering::Less),
        Operator::Le => matches!(order(left, right), Some(Ordering::Less | Ordering::Equal)),
        Operator::Gt => order(left, right) == Some(Ordering::Greater),
        _ => matches!(order(left, right), Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// Equality of values of any types: numbers compare across types, NaN equals nothing, maps have no order.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Ip(left), Value::Ip(right)) => left == right,
        (Value::Cidr(left), Value::Cidr(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| equal(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            let has = |(key, value): &(Value, Value)| {
                right
                    .iter()
                    .any(|(other, item)| equal(key, other) && equal(value, item))
            };
            left.len() == right.len() && left.iter().all(has)
        }
        _ => order(left, right) == Some(Ordering::Equal),
    }
}

/// The order of two values; `None` if they have none.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
        (Value::Double(left), right) => order_double(*left, integer(right)?),
        (left, Value::Double(right)) => order_double(*right, integer(left)?).map(Ordering::reverse),
        (left, right) => Some(integer(left)?.cmp(&integer(right)?)),
    }
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    }
}

/// Compares exactly: a double of 2^53 and more would swallow the last digits of an integer cast to it.
fn order_double(left: f64, right: i128) -> Option<Ordering> {
    if left.is_nan() {
        return None;
    }
    // The cast saturates, and every int and uint is well inside an i128.
    let whole = left.trunc();
    Some(
        (whole as i128)
            .cmp(&right)
            .then_with(|| (left - whole).partial_cmp(&0.0).unwrap_or(Ordering::Equal)),
    )
}

/// True if a part is the same on every row: it names no variable, no flag, and no macro's name from around it.
pub(crate) fn is_closed(expr: &Expr) -> bool {
    fn closed(expr: &Expr, bound: &mut Vec<Local>) -> bool {
        match &expr.kind {
            Kind::Variable(_) | Kind::Flag(_) | Kind::Column(_) => false,
            Kind::Local(local) => bound.contains(local),
            Kind::Comprehension(comprehension) => {
                if !closed(&comprehension.range, bound) {
                    return false;
                }
                bound.push(comprehension.local.clone());
                let is_closed = closed(&comprehension.body, bound);
                bound.pop();
                is_closed
            }
            _ => {
                let mut all = true;
                expr.each_part(&mut |part| all = all && closed(part, bound));
                all
            }
        }
    }
    closed(expr, &mut Vec::new())
}
