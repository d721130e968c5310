//! Lowering of `in` and `has` where there is a better way than to make a value of each row's list or map.

use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr as df;
use datafusion::logical_expr::lit;
use datafusion::scalar::ScalarValue;

use super::value::{Reading, is_native, stored, value};
use super::walk;
use crate::ast::Operator;
use crate::functions::comprehension::Macro;
use crate::typed::{Call, Comprehension, Expr, Kind, Local};
use crate::types::Type;
use crate::value::Value;

/// `in` where DataFusion's own forms mean the same: a column in constants, a constant in a stored list.
pub(super) fn membership(call: &Call, reading: Reading) -> Option<df::Expr> {
    let [item, list] = &call.arguments[..] else { return None };
    if call.function.name != "_in_" {
        return None;
    }
    let Type::List(element) = &list.ty else { return None };
    match (&list.kind, item.constant()) {
        (Kind::Value(Value::List(items)), None) if !items.is_empty() && is_native(element) && item.ty == **element => {
            let items = items.iter().map(|item| lit(item.scalar(element))).collect();
            Some(value(item, reading).in_list(items, false))
        }
        (Kind::Variable(_), Some(constant)) if reading == Reading::Stored && item.ty == **element => {
            // The elements of a stored list are plain strings, not views.
            let constant = match constant {
                Value::String(text) => ScalarValue::Utf8(Some(text.to_string())),
                constant => constant.scalar(element),
            };
            Some(array_has(stored(list), lit(constant)))
        }
        _ => None,
    }
}

/// Whether a stored map has a constant key: its keys are walked, and its values, most of its bytes, are not read.
pub(super) fn key(call: &Call, reading: Reading) -> Option<df::Expr> {
    let ("_has_", [map, key]) = (call.function.name, &call.arguments[..]) else {
        return None;
    };
    let (Type::Map(key_type, _), Kind::Variable(_) | Kind::Column(_)) = (&map.ty, &map.kind) else {
        return None;
    };
    if key.ty != **key_type || key.constant().is_none() || !is_native(key_type) {
        return None;
    }
    let span = map.span.clone();
    let local = Local {
        depth: usize::MAX,
        name: "key".to_owned(),
    };
    let element = Expr::new(Kind::Local(local.clone()), key.ty.clone(), span.clone());
    let same = Kind::Compare {
        operator: Operator::Eq,
        left: Box::new(element),
        right: Box::new(key.clone()),
    };
    let comprehension = Comprehension {
        form: Macro::Exists,
        range: map.clone(),
        key: None,
        local,
        key_type: Type::Null,
        element: key.ty.clone(),
        condition: None,
        body: Expr::new(same, Type::Bool, span),
    };
    Some(walk::walk(&comprehension, &Type::Bool, reading))
}
