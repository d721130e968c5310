//! The scalar evaluator: one value from a checked tree. Folding of constants uses it, `kfl::evaluate` is it, and the tests
//! take it as the oracle of what lowering computes on columns. No query runs through it.

mod walk;

use std::cmp::Ordering;

use crate::ast::Operator;
use crate::catalogue::Variable;
use crate::fault::Fault;
use crate::functions;
use crate::functions::kernel;
use crate::limits;
use crate::typed::{Expr, Kind, Local};

use crate::value::Value;

pub(crate) use walk::elements;

/// What an evaluation reads beyond the tree.
pub(crate) struct Scope<'a> {
    pub variable: &'a dyn Fn(&Variable) -> Value,
    pub column: &'a dyn Fn(&str) -> Option<Value>,
    /// Values of the macros' names around the part that is evaluated; of `cel.bind`, what failed to be one fails where it
    /// is read.
    pub locals: Vec<(Local, Result<Value, Fault>)>,
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

    fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        self.steps = self.steps.checked_sub(steps).ok_or(Fault::TooLong)?;
        Ok(())
    }
}

/// Evaluates a tree that has no flags left.
pub(crate) fn eval(expr: &Expr, scope: &mut Scope<'_>) -> Result<Value, Fault> {
    limits::on_enough_stack(|| evaluated(expr, scope))
}

fn evaluated(expr: &Expr, scope: &mut Scope<'_>) -> Result<Value, Fault> {
    scope.spend(1)?;
    match &expr.kind {
        Kind::Value(value) => Ok(value.clone()),
        Kind::Variable(variable) => Ok((scope.variable)(variable)),
        Kind::Flag(_) => Err(Fault::UnknownName),
        Kind::Local(local) => local_value(local, scope),
        Kind::Column(name) => (scope.column)(name).ok_or(Fault::UnknownName),
        Kind::Fail(fault) => Err(*fault),
        Kind::Convert(inner) => {
            let value = eval(inner, scope)?;
            if value.is_of(&expr.ty) {
                Ok(value)
            } else {
                Err(Fault::WrongType)
            }
        }
        Kind::Call(call) => {
            let arguments = all(&call.arguments, scope)?;
            spend_on(&arguments, scope)?;
            let result = kernel::call(call.overload.kernel, &arguments, &call.parameters, &expr.ty);
            result.ok_or_else(|| call.overload.fault(&arguments))
        }
        Kind::Dispatch(dispatch) => {
            let arguments = all(&dispatch.arguments, scope)?;
            spend_on(&arguments, scope)?;
            let result = functions::dispatch(dispatch.entry, dispatch.method, &arguments)?;
            if result.is_of(&expr.ty) {
                Ok(result)
            } else {
                Err(Fault::WrongType)
            }
        }
        Kind::Compare { operator, left, right } => {
            let (left, right) = (eval(left, scope)?, eval(right, scope)?);
            compare(*operator, &left, &right).map(Value::Bool)
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
        Kind::List(items) => {
            let items = all(items, scope)?;
            spend_on(&items, scope)?;
            let list = Value::List(items.into());
            list.parts_up_to(limits::LIST_PARTS)
                .map_or(Err(Fault::Overflow), |_| Ok(list))
        }
        Kind::Map(entries) => map(entries, scope),
        Kind::Bind(bind) => {
            let value = match eval(&bind.value, scope) {
                Err(Fault::TooLong) => return Err(Fault::TooLong),
                value => value,
            };
            scope.locals.push((bind.local.clone(), value));
            let result = eval(&bind.body, scope);
            scope.locals.pop();
            result
        }
        Kind::Comprehension(comprehension) => walk::walk(comprehension, scope),
    }
}

fn all(parts: &[Expr], scope: &mut Scope<'_>) -> Result<Vec<Value>, Fault> {
    parts.iter().map(|part| eval(part, scope)).collect()
}

/// Spends steps on values that a function may read all of; stops where none are left, since parts that are shared count
/// wherever they stand.
fn spend_on(values: &[Value], scope: &mut Scope<'_>) -> Result<(), Fault> {
    values.iter().try_for_each(|value| match value {
        Value::String(text) => scope.spend(text.len() / 64),
        Value::Bytes(bytes) => scope.spend(bytes.len() / 64),
        Value::List(items) => {
            scope.spend(items.len())?;
            spend_on(items, scope)
        }
        Value::Map(entries) => entries.iter().try_for_each(|(key, value)| {
            scope.spend(2)?;
            spend_on(&[key.clone(), value.clone()], scope)
        }),
        Value::Optional(Some(value)) => spend_on(std::slice::from_ref(value), scope),
        _ => Ok(()),
    })
}

fn local_value(local: &Local, scope: &Scope<'_>) -> Result<Value, Fault> {
    let bound = scope.locals.iter().rev().find(|(bound, _)| bound == local);
    bound.map_or(Err(Fault::UnknownName), |(_, value)| value.clone())
}

/// `&&` and `||`: one term that decides is enough, whatever the others are.
fn absorbing(terms: &[Expr], decides: bool, scope: &mut Scope<'_>) -> Result<Value, Fault> {
    let mut fault = None;
    for term in terms {
        match eval(term, scope).and_then(truth) {
            Ok(value) if value == decides => return Ok(Value::Bool(decides)),
            Ok(_) => {}
            Err(Fault::TooLong) => return Err(Fault::TooLong),
            Err(reason) => fault = fault.or(Some(reason)),
        }
    }
    fault.map_or(Ok(Value::Bool(!decides)), Err)
}

fn truth(value: Value) -> Result<bool, Fault> {
    match value {
        Value::Bool(value) => Ok(value),
        _ => Err(Fault::WrongType),
    }
}

fn map(entries: &[(Expr, Expr)], scope: &mut Scope<'_>) -> Result<Value, Fault> {
    let mut map: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let (key, value) = (eval(key, scope)?, eval(value, scope)?);
        scope.spend(map.len())?;
        insert(&mut map, key, value)?;
    }
    Ok(Value::Map(map.into()))
}

/// Puts an entry into a map that is made.
pub(crate) fn insert(map: &mut Vec<(Value, Value)>, key: Value, value: Value) -> Result<(), Fault> {
    let is_key = matches!(key, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::String(_));
    if !is_key || map.iter().any(|(other, _)| equal(other, &key)) {
        return Err(Fault::BadMap);
    }
    map.push((key, value));
    Ok(())
}

/// Compares two values; those that have no order have none.
pub(crate) fn compare(operator: Operator, left: &Value, right: &Value) -> Result<bool, Fault> {
    match operator {
        Operator::Eq => return Ok(equal(left, right)),
        Operator::Ne => return Ok(!equal(left, right)),
        _ => {}
    }
    let (one, other) = (left.ty(), right.ty());
    if !one.is_ordered() || one != other && !(one.is_number() && other.is_number()) {
        return Err(Fault::WrongType);
    }
    let order = order(left, right);
    Ok(match operator {
        Operator::Lt => order == Some(Ordering::Less),
        Operator::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Gt => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

/// Equality of values of any types: numbers compare across types, NaN equals nothing, maps have no order.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Type(left), Value::Type(right)) => left == right,
        (Value::Optional(left), Value::Optional(right)) => match (left, right) {
            (Some(left), Some(right)) => equal(left, right),
            (left, right) => left.is_none() && right.is_none(),
        },
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
                let outer = bound.len();
                bound.extend(comprehension.key.clone());
                bound.push(comprehension.local.clone());
                let mut inner = comprehension.condition.iter().chain([&comprehension.body]);
                let is_closed = inner.all(|part| closed(part, bound));
                bound.truncate(outer);
                is_closed
            }
            Kind::Bind(bind) => {
                if !closed(&bind.value, bound) {
                    return false;
                }
                bound.push(bind.local.clone());
                let is_closed = closed(&bind.body, bound);
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
