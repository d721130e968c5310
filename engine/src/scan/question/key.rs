//! Filters that look at the value of one key of a map, and at nothing else of the row: `map_get(map, "key", …)`, `map["key"]`,
//! `map[?"key"]`, and whatever is made of these.
//!
//! Absent on purpose: keys and values that are not strings, keys that differ from row to row.

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::ScalarFunction;

/// The functions of the language that take a map and a key, and look at the value of the key alone.
const LOOK_UP: [&str; 4] = ["map_get", "element_at", "optional_at", "has_key"];
/// The one that gives an empty map where there is none.
const OR_EMPTY: &str = "or_empty";

/// The key that a filter over one column looks at, if the column is a map and the filter is such.
pub(super) fn key_of(filter: &Expr, column: &str, schema: &Schema) -> Option<String> {
    let field = schema.field_with_name(column).ok()?;
    let DataType::Map(entries, _) = field.data_type() else {
        return None;
    };
    let DataType::Struct(pair) = entries.data_type() else {
        return None;
    };
    if pair.iter().any(|field| *field.data_type() != DataType::Utf8) {
        return None;
    }
    let (mut keys, mut columns, mut tests) = (Vec::new(), 0, 0);
    let visited = filter.apply(|part| {
        match part {
            Expr::Column(_) => columns += 1,
            Expr::ScalarFunction(call) => keys.extend(looked_up(call)),
            // Whether there is a map at all.
            Expr::IsNull(map) | Expr::IsNotNull(map) if matches!(map.as_ref(), Expr::Column(_)) => tests += 1,
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    });
    // Each of these names the column once; whatever else names it sees more than the key's value.
    let key = keys.first()?;
    (visited.is_ok() && keys.len() + tests == columns && keys.iter().all(|other| other == key))
        .then(|| (*key).to_owned())
}

/// The key that a call looks up in a column.
fn looked_up(call: &ScalarFunction) -> Option<&str> {
    let [map, Expr::Literal(ScalarValue::Utf8View(Some(key)), _), ..] = call.args.as_slice() else {
        return None;
    };
    let map = match map {
        Expr::ScalarFunction(call) if call.name() == OR_EMPTY => call.args.first()?,
        map => map,
    };
    (LOOK_UP.contains(&call.name()) && matches!(map, Expr::Column(_))).then_some(key.as_str())
}
