//! What a filter asks of single columns, joined by AND and OR: the part of a filter that dictionaries can answer.
//!
//! A question is any expression over one column: what it says of a row depends on the row's value alone, so that it is
//! computed once for each value that a row group has. Of a list or map it must be true of a row as soon as it is true of
//! one element, or one key: `exists`, `array_has`, `size(…) > 0`. That is proven on the values themselves: what is asked of a list
//! is asked of a list of one. Of a map it may also look at the value of one key alone (`question/key.rs`).
//!
//! A range of time goes along with such questions: most row groups lie in it or outside of it.
//!
//! Where the value of a map's key is asked, which takes long, so is a connection or flow: in most row groups there is none of it.
//!
//! Absent on purpose: otherwise the keys of a table. They grow, so that ranges answer for most row groups and pages, and have no
//! dictionaries; and bytes and doubles, which have none either.

mod along;
mod bounds;
mod key;

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray, RecordBatch, StringArray, StructArray, new_null_array,
};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::catalog::Session;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::physical_plan::PhysicalExpr;

pub(crate) use self::along::{is_of_one_id, is_time_range};
use self::bounds::Bounds;
use super::dictionary::Truth;
use crate::columns::RANGED;

/// Questions joined by AND and OR.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    One(Arc<Question>),
}

/// A question of one column.
#[derive(Debug)]
pub(crate) struct Question {
    /// The column, as a schema of its own.
    field: FieldRef,
    predicate: Arc<dyn PhysicalExpr>,
    /// What whole numbers are compared with, if that is all.
    bounds: Option<Bounds>,
    /// The key of a map whose value it looks at alone.
    key: Option<String>,
}

/// True if a filter is made of such questions alone.
pub(crate) fn is_answerable(filter: &Expr, schema: &Schema) -> bool {
    match joined(filter) {
        Some((left, right, _)) if !is_of_one_scalar(filter, schema) && !looks_at_key(filter, schema) => {
            is_answerable(left, schema) && is_answerable(right, schema)
        }
        _ => is_of_one_scalar(filter, schema) || is_existential(filter, schema) || looks_at_key(filter, schema),
    }
}

/// True if an answerable filter looks at the value of a key.
pub(crate) fn asks_a_key(filter: &Expr, schema: &Schema) -> bool {
    match joined(filter) {
        Some((left, right, _)) if !looks_at_key(filter, schema) => {
            asks_a_key(left, schema) || asks_a_key(right, schema)
        }
        _ => looks_at_key(filter, schema),
    }
}

impl Condition {
    /// What is true of every row.
    pub(crate) fn always() -> Self {
        Condition::All(Vec::new())
    }

    /// True if it is true of every row, whatever the rows are.
    pub(super) fn is_always(&self) -> bool {
        matches!(self, Condition::All(parts) if parts.is_empty())
    }

    /// Makes the condition of an answerable filter, or of one with ranges of time.
    pub(crate) fn of(filter: &Expr, schema: &Schema, session: &dyn Session) -> Result<Self> {
        let flat = |condition| match condition {
            Condition::All(parts) => (Operator::And, parts),
            Condition::Any(parts) => (Operator::Or, parts),
            one => (Operator::And, vec![one]),
        };
        match joined(filter) {
            Some((left, right, operator)) if !is_of_one_scalar(filter, schema) && !looks_at_key(filter, schema) => {
                let mut parts = Vec::new();
                for side in [left, right] {
                    let side = Self::of(side, schema, session)?;
                    match flat(side.clone()) {
                        (of_side, inner) if of_side == operator => parts.extend(inner),
                        _ => parts.push(side),
                    }
                }
                Ok(match operator {
                    Operator::And => Condition::All(parts),
                    _ => Condition::Any(parts),
                })
            }
            _ => {
                let name = column_of(filter).expect("an answerable filter reads one column");
                let field = Arc::new(schema.field_with_name(&name)?.clone());
                let alone = DFSchema::try_from(Schema::new(vec![field.clone()]))?;
                let predicate = session.create_physical_expr(filter.clone(), &alone)?;
                let key = key::key_of(filter, &name, schema);
                let bounds = Bounds::of(filter).filter(|_| *field.data_type() == DataType::Int64);
                let question = Question {
                    field,
                    predicate,
                    bounds,
                    key,
                };
                Ok(Condition::One(Arc::new(question)))
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Condition::All(parts) => (parts, " AND "),
            Condition::Any(parts) => (parts, " OR "),
            Condition::One(question) => return write!(f, "{}", question.predicate),
        };
        if parts.is_empty() {
            return f.write_str("true");
        }
        for (position, part) in parts.iter().enumerate() {
            if position > 0 {
                f.write_str(word)?;
            }
            match part {
                Condition::One(_) => write!(f, "{part}")?,
                part => write!(f, "({part})")?,
            }
        }
        Ok(())
    }
}

fn joined(filter: &Expr) -> Option<(&Expr, &Expr, Operator)> {
    match filter {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: op @ (Operator::And | Operator::Or),
            right,
        }) => Some((left, right, *op)),
        _ => None,
    }
}

/// The one column that a filter reads, if it reads one and draws on nothing else.
fn column_of(filter: &Expr) -> Option<String> {
    let mut pure = true;
    let visited = filter.apply(|part| {
        pure &= !part.is_volatile_node()
            && !matches!(
                part,
                Expr::Exists(_)
                    | Expr::InSubquery(_)
                    | Expr::ScalarSubquery(_)
                    | Expr::OuterReferenceColumn(..)
                    | Expr::Placeholder(_)
            );
        Ok(TreeNodeRecursion::Continue)
    });
    let columns = filter.column_refs();
    match Vec::from_iter(columns)[..] {
        [column] if pure && visited.is_ok() => Some(column.name.clone()),
        _ => None,
    }
}

fn is_of_one_scalar(filter: &Expr, schema: &Schema) -> bool {
    let data_type = column_of(filter)
        .filter(|name| !RANGED.contains(&name.as_str()))
        .and_then(|name| {
            schema
                .field_with_name(&name)
                .ok()
                .map(|field| field.data_type().clone())
        });
    matches!(
        data_type,
        Some(DataType::Int64 | DataType::Utf8View | DataType::Boolean)
    )
}

/// True of what looks at the value of one key of a map.
fn looks_at_key(filter: &Expr, schema: &Schema) -> bool {
    column_of(filter).is_some_and(|column| key::key_of(filter, &column, schema).is_some())
}

/// True of a function of a list or map that is true as soon as it is true of one element or key.
fn is_existential(filter: &Expr, schema: &Schema) -> bool {
    let call = match filter {
        Expr::ScalarFunction(call) if is_existential_name(call.name()) => call,
        // More elements than none.
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Gt,
            right,
        }) => match (left.as_ref(), right.as_ref()) {
            (Expr::ScalarFunction(call), Expr::Literal(ScalarValue::Int64(Some(0)), _)) if call.name() == "size" => {
                call
            }
            _ => return false,
        },
        _ => return false,
    };
    let Some((Expr::Column(column), others)) = call.args.split_first() else {
        return false;
    };
    let field = schema.field_with_name(&column.name);
    field.is_ok_and(|field| matches!(field.data_type(), DataType::List(_) | DataType::Map(..)))
        && others.iter().all(|other| matches!(other, Expr::Literal(..)))
}

fn is_existential_name(name: &str) -> bool {
    // A macro with two names also sees where an element stands, or what a key's value is.
    let names = name.strip_prefix("exists[").and_then(|rest| rest.split_once(" -> "));
    name == "array_has" || names.is_some_and(|(names, _)| !names.contains(','))
}

impl Question {
    /// The name of the column.
    pub(super) fn column(&self) -> &str {
        self.field.name()
    }

    /// The key of a map whose value the question looks at alone.
    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// True of a range of time: what holds of two times holds of those between.
    pub(super) fn is_range(&self) -> bool {
        // No other question is asked of times.
        matches!(self.field.data_type(), DataType::Timestamp(..))
    }

    /// The type of what a dictionary of the column holds: of a list its elements, of a map its keys.
    pub(super) fn value_type(&self) -> &DataType {
        match self.field.data_type() {
            DataType::List(item) => item.data_type(),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) => fields[0].data_type(),
                other => other,
            },
            scalar => scalar,
        }
    }

    /// Of which values the question is true; `None` if that does not tell of which rows it is.
    pub(super) fn truth(&self, values: &ArrayRef) -> Result<Option<Truth>> {
        let data_type = self.field.data_type();
        // The value that comes last stands for an element that is null, or for a row without a value. No key is null.
        let has_null = !matches!(data_type, DataType::Map(..));
        let null = new_null_array(values.data_type(), usize::from(has_null));
        let values = concat(&[values.as_ref(), null.as_ref()])?;
        let (count, is_nested) = (values.len(), data_type.is_nested());
        let column = if is_nested { self.of_one(values, None)? } else { values };
        let found = self.holds(&column)?;
        // A row without elements has none that could make it true.
        if is_nested && (found.value(count) || found.value(count + 1)) {
            return Ok(None);
        }
        let mut of_value: Vec<_> = found.iter().take(count).map(u8::from).collect();
        let of_null = has_null && of_value.pop() == Some(1);
        Ok(Some(Truth { of_value, of_null }))
    }

    /// Of which texts as the value of a key the question is true; then whether it is of null, of a map without the key, and of
    /// no map.
    pub(super) fn truth_of_key(&self, key: &str, texts: &[&str]) -> Result<BooleanBuffer> {
        let items = StringArray::from_iter(texts.iter().map(|text| Some(*text)).chain([None]));
        let keys = StringArray::from_iter_values(std::iter::repeat_n(key, items.len()));
        self.holds(&self.of_one(Arc::new(keys), Some(Arc::new(items)))?)
    }

    /// A column of the table's type: of each value a row that holds it alone, then an empty row, then a null one. In a map it is a
    /// key, with an item or with null.
    fn of_one(&self, values: ArrayRef, items: Option<ArrayRef>) -> Result<ArrayRef> {
        let count = values.len();
        let lengths = (0..count + 2).map(|row| usize::from(row < count));
        let offsets = OffsetBuffer::from_lengths(lengths);
        let nulls = NullBuffer::from_iter((0..count + 2).map(|row| row <= count));
        Ok(match self.field.data_type() {
            DataType::Map(entries, sorted) => {
                let DataType::Struct(fields) = entries.data_type() else {
                    return datafusion::common::internal_err!("a map has entries");
                };
                let items = items.unwrap_or_else(|| new_null_array(fields[1].data_type(), count));
                let pairs = StructArray::try_new(fields.clone(), vec![values, items], None)?;
                Arc::new(MapArray::try_new(
                    entries.clone(),
                    offsets,
                    pairs,
                    Some(nulls),
                    *sorted,
                )?)
            }
            DataType::List(item) => Arc::new(ListArray::try_new(item.clone(), offsets, values, Some(nulls))?),
            _ => values,
        })
    }

    /// The rows of a column of which the question is true.
    pub(super) fn holds(&self, column: &ArrayRef) -> Result<BooleanBuffer> {
        if let (Some(bounds), Some(numbers)) = (self.bounds, column.as_primitive_opt()) {
            return Ok(bounds.hold(numbers));
        }
        let schema = Arc::new(Schema::new(vec![self.field.clone()]));
        let batch = RecordBatch::try_new(schema, vec![column.clone()])?;
        let found = self.predicate.evaluate(&batch)?.into_array(batch.num_rows())?;
        Ok(is_true(found.as_boolean()))
    }
}

/// Where a condition is true, neither false nor null.
fn is_true(found: &BooleanArray) -> BooleanBuffer {
    match found.nulls() {
        Some(nulls) => found.values() & nulls.inner(),
        None => found.values().clone(),
    }
}
