//! The ids that a filter lists, or the one that it asks for: parts and row groups that hold none of them are not opened.
//!
//! Statistics are compared with each value of a short list only; of a long one they know the smallest and the largest, between
//! which lies nearly all of a store. Lists are those of `IN`, of [`IdSet`], and of a join's keys, whose tuples come
//! as structures.
//!
//! Absent on purpose: anything but conjuncts of a filter, and keys of which some are null.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, InListExpr, Literal};
use datafusion::physical_expr::{ScalarFunctionExpr, split_conjunction};
use datafusion::physical_plan::PhysicalExpr;

use crate::members::IdSet;

/// What makes a structure of several columns.
const STRUCTURE: &str = "struct";

/// Values of a column of whole numbers, of which a row must have one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) column: String,
    /// Ascending.
    values: Vec<i64>,
}

impl Wanted {
    /// A list of a column's values.
    pub(super) fn new(column: &str, mut values: Vec<i64>) -> Self {
        values.sort_unstable();
        values.dedup();
        Self {
            column: column.to_owned(),
            values,
        }
    }

    /// All lists among the conjuncts of a filter, which is as of now.
    pub(super) fn of(filter: &Arc<dyn PhysicalExpr>) -> Vec<Self> {
        let conjuncts = split_conjunction(filter).into_iter();
        conjuncts.flat_map(Self::listed).collect()
    }

    fn listed(conjunct: &Arc<dyn PhysicalExpr>) -> Vec<Self> {
        if let Some(call) = ScalarFunctionExpr::try_downcast_func::<IdSet>(conjunct.as_ref()) {
            let set = call.fun().inner().downcast_ref::<IdSet>();
            let column = call.args().first().and_then(name);
            let wanted = set.zip(column).map(|(set, column)| Self {
                column,
                values: set.ids().to_vec(),
            });
            return wanted.into_iter().collect();
        }
        if let Some(equality) = conjunct.downcast_ref::<BinaryExpr>() {
            return Self::equal(equality).into_iter().collect();
        }
        let Some(list) = conjunct.downcast_ref::<InListExpr>().filter(|list| !list.negated()) else {
            return Vec::new();
        };
        let values: Option<Vec<_>> = list
            .list()
            .iter()
            .map(|value| value.downcast_ref::<Literal>().map(Literal::value))
            .collect();
        let Some(values) = values else { return Vec::new() };
        let columns = match list.expr().downcast_ref::<ScalarFunctionExpr>() {
            Some(call) if call.fun().name() == STRUCTURE => call.args(),
            _ => std::slice::from_ref(list.expr()),
        };
        let wanted = columns.iter().enumerate().filter_map(|(place, column)| {
            let value = |value: &&ScalarValue| whole(value, place);
            let values = values.iter().map(value).collect::<Option<_>>()?;
            Some(Self::new(&name(column)?, values))
        });
        wanted.collect()
    }

    /// The one value that a column is compared with.
    fn equal(equality: &BinaryExpr) -> Option<Self> {
        let (left, right) = (equality.left(), equality.right());
        let mut sides = [(left, right), (right, left)].into_iter();
        sides.find_map(|(column, value)| match value.downcast_ref::<Literal>()?.value() {
            ScalarValue::Int64(Some(value)) if *equality.op() == Operator::Eq => Some(Self {
                column: name(column)?,
                values: vec![*value],
            }),
            _ => None,
        })
    }

    /// True if a conjunct says that a row has one of the values, and nothing else: of a tuple it says more, which no list may tell.
    pub(super) fn is_said_by(&self, conjunct: &Arc<dyn PhysicalExpr>) -> bool {
        let list = conjunct.downcast_ref::<InListExpr>();
        let is_of_tuples = list.is_some_and(|list| !list.expr().is::<Column>());
        !is_of_tuples && matches!(&Self::listed(conjunct)[..], [alone] if alone == self)
    }

    /// The values, ascending.
    pub(super) fn values(&self) -> &[i64] {
        &self.values
    }

    /// True of the values.
    pub(super) fn has(&self, value: i64) -> bool {
        match self.values[..] {
            [one] => value == one,
            _ => self.values.binary_search(&value).is_ok(),
        }
    }

    /// True if one of the values lies in a range.
    pub(super) fn may_lie_in(&self, first: i64, last: i64) -> bool {
        let from = self.values.partition_point(|value| *value < first);
        self.values.get(from).is_some_and(|value| *value <= last)
    }
}

fn name(expr: &Arc<dyn PhysicalExpr>) -> Option<String> {
    expr.downcast_ref::<Column>().map(|column| column.name().to_owned())
}

/// A whole number, or that which a structure has at a place.
fn whole(value: &ScalarValue, place: usize) -> Option<i64> {
    match value {
        ScalarValue::Int64(value) => *value,
        ScalarValue::Struct(structure) => {
            let field = structure.columns().get(place)?.as_primitive_opt::<Int64Type>()?;
            (field.len() == 1 && field.is_valid(0) && structure.is_valid(0)).then(|| field.value(0))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{ArrayRef, Int64Array, StructArray};
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use datafusion::common::config::ConfigOptions;
    use datafusion::functions::core::r#struct;
    use datafusion::physical_expr::expressions::{col, lit};

    use super::*;

    fn schema() -> Schema {
        let field = |name| Field::new(name, DataType::Int64, true);
        Schema::new(vec![field("id"), field("index")])
    }

    fn list(name: &str, values: &[i64], negated: bool) -> Arc<dyn PhysicalExpr> {
        let values = values.iter().map(|value| lit(*value)).collect();
        Arc::new(InListExpr::try_new(col(name, &schema()).unwrap(), values, negated, &schema()).unwrap())
    }

    /// A list of keys of two columns, as a join makes it.
    fn keys(ids: Int64Array, indexes: Int64Array) -> Arc<dyn PhysicalExpr> {
        let fields = ["c0", "c1"].map(|name| Arc::new(Field::new(name, DataType::Int64, true)));
        let columns = ["id", "index"].map(|name| col(name, &schema()).unwrap());
        let keys = [Arc::new(ids) as ArrayRef, Arc::new(indexes)];
        let keys = StructArray::from(fields.clone().into_iter().zip(keys).collect::<Vec<_>>());
        let whole = Field::new("keys", keys.data_type().clone(), true);
        let options = Arc::new(ConfigOptions::default());
        let call = ScalarFunctionExpr::new(STRUCTURE, r#struct(), columns.to_vec(), Arc::new(whole), options);
        Arc::new(InListExpr::try_new_from_array(Arc::new(call), Arc::new(keys), false, &schema()).unwrap())
    }

    #[track_caller]
    fn check(filter: Arc<dyn PhysicalExpr>, expected: &[(&str, &[i64])]) {
        let expected = expected.iter().map(|(column, values)| Wanted {
            column: (*column).to_owned(),
            values: values.to_vec(),
        });
        assert_eq!(Wanted::of(&filter), expected.collect::<Vec<_>>());
    }

    #[test]
    fn lists_of_conjuncts() {
        let both = |one, operator, other| Arc::new(BinaryExpr::new(one, operator, other)) as Arc<dyn PhysicalExpr>;
        let (some, others) = (list("id", &[7, 3, 7], false), list("index", &[0], false));
        check(some.clone(), &[("id", &[3, 7])]);
        check(
            both(some.clone(), Operator::And, others.clone()),
            &[("id", &[3, 7]), ("index", &[0])],
        );
        check(both(some, Operator::Or, others), &[]);
        check(list("id", &[3], true), &[]);
        let compared = |operator| both(lit(5_i64), operator, col("id", &schema()).unwrap());
        check(compared(Operator::Eq), &[("id", &[5])]);
        check(compared(Operator::Lt), &[]);
    }

    #[test]
    fn keys_of_a_join() {
        let indexes = || Int64Array::from(vec![0, 1, 0]);
        check(
            keys(Int64Array::from(vec![9, 9, 2]), indexes()),
            &[("id", &[2, 9]), ("index", &[0, 1])],
        );
        // Of keys some of which are null nothing is concluded.
        check(
            keys(Int64Array::from(vec![Some(9), None, Some(2)]), indexes()),
            &[("index", &[0, 1])],
        );
    }

    #[test]
    fn what_says_that_a_row_has_one_of_the_values() {
        let said = |values: &[i64], conjunct| Wanted::new("id", values.to_vec()).is_said_by(&conjunct);
        assert!(said(&[3, 7], list("id", &[7, 3], false)));
        assert!(!said(&[3, 7], list("id", &[7], false)));
        assert!(!said(&[3, 7], list("id", &[3, 7], true)));
        assert!(!said(&[3, 7], list("index", &[3, 7], false)));
        // Of a tuple the other column's value matters as well.
        let tuples = keys(Int64Array::from(vec![3, 7]), Int64Array::from(vec![0, 1]));
        assert!(!said(&[3, 7], tuples));
        // Where one of the others is null nothing is concluded of them.
        let tuples = keys(Int64Array::from(vec![3, 7]), Int64Array::from(vec![Some(0), None]));
        assert_eq!(Wanted::of(&tuples).len(), 1);
        assert!(!said(&[3, 7], tuples));
    }

    #[test]
    fn ranges_that_hold_a_value() {
        let wanted = Wanted {
            column: "id".to_owned(),
            values: vec![3, 7],
        };
        for (first, last, expected) in [
            (0, 2, false),
            (0, 3, true),
            (4, 6, false),
            (7, 7, true),
            (8, 9, false),
            (0, 9, true),
        ] {
            assert_eq!(wanted.may_lie_in(first, last), expected, "{first} to {last}");
        }
    }
}
