//! Lowering of macros: the body becomes an expression over the columns of its elements and of what it captures.

use std::collections::BTreeMap;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr as df;

use super::value::{Reading, local_name, stored, value};
use crate::eval;
use crate::functions::comprehension::{self, Body, Folding, Inputs};
use crate::functions::kernel::Arguments;
use crate::functions::udf::Kernel;
use crate::typed::{Bind, Comprehension, Expr, Kind, Local};
use crate::types::Type;
use crate::value::Value;

/// Lowers a macro over a list or a map.
pub(super) fn walk(comprehension: &Comprehension, ty: &Type, reading: Reading) -> df::Expr {
    let condition = comprehension.condition.as_ref();
    let condition = condition.map(|condition| value(condition, Reading::Given));
    let body = value(&comprehension.body, Reading::Given);
    let folding = Folding::Macro(comprehension.form);
    folded(comprehension, folding, (condition, body), ty.clone(), reading)
}

/// Lowers what is evaluated over a macro's elements, and how it is folded.
pub(super) fn folded(
    comprehension: &Comprehension,
    folding: Folding,
    (condition, body): (Option<df::Expr>, df::Expr),
    ty: Type,
    reading: Reading,
) -> df::Expr {
    let Comprehension {
        range,
        key,
        local,
        key_type,
        element,
        ..
    } = comprehension;
    let own = key.as_ref().unwrap_or(local);
    let mut captured = BTreeMap::new();
    for part in comprehension.condition.iter().chain([&comprehension.body]) {
        capture(part, own, &mut captured);
    }
    let two_names = key.is_some();
    let inputs = Inputs {
        range: ranged(range, two_names, reading),
        captured: given(captured, reading),
    };
    let body = Body {
        key: key.as_ref().map(|key| (local_name(key).name, key_type.clone())),
        element: (local_name(local).name, element.clone()),
        condition,
        body,
    };
    comprehension::Comprehension::call(folding, inputs, body, ty)
}

/// The list or map that a macro walks. Of a value that may be either, the elements.
fn ranged(range: &Expr, two_names: bool, reading: Reading) -> (Type, df::Expr) {
    let is_stored = matches!(range.kind, Kind::Variable(_) | Kind::Column(_)) && reading == Reading::Stored;
    let list = match is_stored {
        // The macro takes lists and maps as they are stored.
        true => stored(range),
        false => value(range, reading),
    };
    if matches!(range.ty, Type::List(_) | Type::Map(..)) {
        return (range.ty.clone(), list);
    }
    let types = std::slice::from_ref(&range.ty);
    if two_names {
        let ty = Type::map(Type::Dyn, Type::Dyn);
        let entries = Kernel::call("entries", entries, types, &ty, vec![list]);
        return (ty, entries);
    }
    let ty = Type::list(Type::Dyn);
    let elements = Kernel::call("elements", elements, types, &ty, vec![list]);
    (ty, elements)
}

fn elements(args: &Arguments) -> ArrayRef {
    args.values(|row| {
        let elements = eval::elements(&args.value(0, row)?, false)?;
        Some(Value::List(elements.into_iter().map(|(_, element)| element).collect()))
    })
}

fn entries(args: &Arguments) -> ArrayRef {
    args.values(|row| eval::elements(&args.value(0, row)?, true).map(|entries| Value::Map(entries.into())))
}

/// Lowers `cel.bind` with a body that is lowered already.
pub(super) fn bind(bind: &Bind, body: df::Expr, result: DataType, reading: Reading) -> df::Expr {
    let mut captured = BTreeMap::new();
    capture(&bind.body, &bind.local, &mut captured);
    let named = (
        local_name(&bind.local).name,
        bind.value.ty.clone(),
        value(&bind.value, reading.inside()),
    );
    comprehension::Bind::call(named, given(captured, reading), body, result)
}

/// The columns that a body captures, read once by row rather than once by element.
fn given(captured: BTreeMap<String, Expr>, reading: Reading) -> Vec<(String, Type, df::Expr)> {
    let given = |(name, expr): (String, Expr)| (name, expr.ty.clone(), value(&expr, reading.inside()));
    captured.into_iter().map(given).collect()
}

/// The columns that a body reads beside its element: those of the table, and elements of macros around it.
fn capture(expr: &Expr, own: &Local, captured: &mut BTreeMap<String, Expr>) {
    match &expr.kind {
        Kind::Variable(variable) => {
            captured.insert(variable.field.column.to_owned(), expr.clone());
        }
        Kind::Column(name) => {
            captured.insert(name.as_ref().to_owned(), expr.clone());
        }
        Kind::Local(local) if local.depth < own.depth => {
            captured.insert(local_name(local).name, expr.clone());
        }
        // A macro that the schema declares counts its depth from itself: its name may look like one from around it.
        Kind::Comprehension(inner) => {
            capture(&inner.range, own, captured);
            let mut of_body = BTreeMap::new();
            for part in inner.condition.iter().chain([&inner.body]) {
                capture(part, own, &mut of_body);
            }
            for local in inner.key.iter().chain([&inner.local]) {
                of_body.remove(&local_name(local).name);
            }
            captured.append(&mut of_body);
        }
        Kind::Bind(inner) => {
            capture(&inner.value, own, captured);
            let mut of_body = BTreeMap::new();
            capture(&inner.body, own, &mut of_body);
            of_body.remove(&local_name(&inner.local).name);
            captured.append(&mut of_body);
        }
        _ => expr.each_part(&mut |part| capture(part, own, captured)),
    }
}
