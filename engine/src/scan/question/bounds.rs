//! Comparisons of a column of whole numbers with a number: what DataFusion's operators say, without an array between.

use datafusion::arrow::array::{Array, Int64Array};
use datafusion::arrow::buffer::{BooleanBuffer, Buffer};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

/// The numbers from one to another, both among them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    from: i64,
    to: i64,
}

impl Bounds {
    /// What a filter over one column compares it with, if it is such a comparison.
    pub(super) fn of(filter: &Expr) -> Option<Self> {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else {
            return None;
        };
        let (operator, number) = match (left.as_ref(), right.as_ref()) {
            (Expr::Column(_), Expr::Literal(ScalarValue::Int64(number), _)) => (*op, (*number)?),
            (Expr::Literal(ScalarValue::Int64(number), _), Expr::Column(_)) => (op.swap()?, (*number)?),
            _ => return None,
        };
        let (from, to) = match operator {
            Operator::Eq => (number, number),
            Operator::Gt => (number.checked_add(1)?, i64::MAX),
            Operator::GtEq => (number, i64::MAX),
            Operator::Lt => (i64::MIN, number.checked_sub(1)?),
            Operator::LtEq => (i64::MIN, number),
            _ => return None,
        };
        Some(Self { from, to })
    }

    /// The numbers of a column that lie within.
    pub(super) fn hold(self, column: &Int64Array) -> BooleanBuffer {
        let span = self.to.wrapping_sub(self.from) as u64;
        let is_within = |number: &i64| number.wrapping_sub(self.from) as u64 <= span;
        let word = |numbers: &[i64]| {
            let bits = numbers.iter().map(is_within).enumerate();
            bits.fold(0, |word, (place, bit)| word | u64::from(bit) << place)
                .to_le()
        };
        let words: Vec<u64> = column.values().chunks(u64::BITS as usize).map(word).collect();
        let found = BooleanBuffer::new(Buffer::from_vec(words), 0, column.len());
        match column.nulls() {
            Some(nulls) => &found & nulls.inner(),
            None => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    type Compare = fn(i64, i64) -> bool;

    #[test]
    fn comparisons_are_those_of_numbers() {
        let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, 7, i64::MAX - 1, i64::MAX];
        let column: Int64Array = (0..200)
            .map(|row| (row % 9 > 0).then(|| ends[row % ends.len()]))
            .collect();
        let comparisons: [(Operator, Compare); 5] = [
            (Operator::Eq, |one, other| one == other),
            (Operator::Lt, |one, other| one < other),
            (Operator::LtEq, |one, other| one <= other),
            (Operator::Gt, |one, other| one > other),
            (Operator::GtEq, |one, other| one >= other),
        ];
        let binary = |left, op, right| Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)));
        for (operator, holds) in comparisons {
            for number in ends {
                for mirrored in [false, true] {
                    let filter = match mirrored {
                        false => binary(col("n"), operator, lit(number)),
                        true => binary(lit(number), operator.swap().unwrap(), col("n")),
                    };
                    // What no number is beyond is for the operator itself.
                    let Some(bounds) = Bounds::of(&filter) else {
                        assert!(number == i64::MIN || number == i64::MAX, "{filter}");
                        continue;
                    };
                    let expected: BooleanBuffer = (column.iter())
                        .map(|value| value.is_some_and(|value| holds(value, number)))
                        .collect();
                    assert_eq!(bounds.hold(&column), expected, "{filter}");
                }
            }
        }
        assert!(Bounds::of(&col("n").not_eq(lit(1_i64))).is_none());
        assert!(Bounds::of(&col("n").gt(lit(ScalarValue::Int64(None)))).is_none());
    }
}
