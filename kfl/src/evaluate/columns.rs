//! The columns' road of an evaluation: every literal and every given value becomes a column of a batch, and the expression
//! is lowered as a query's is.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema, UInt64Type};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr as df;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::physical_expr::create_physical_expr;

use crate::fault::Fault;
use crate::limits;
use crate::lower;
use crate::typed::{Expr, Kind};
use crate::types::Type;
use crate::value::{self, Value};

/// Rows of the batch: all alike, so that a kernel that mixes up rows with a single one that stands for all is found.
const ROWS: usize = 3;

/// Evaluates a tree over columns.
pub(super) fn evaluate(expr: &Expr, values: &BTreeMap<Arc<str>, Value>) -> Result<Value, Fault> {
    let mut batch = Batch::default();
    let hoisted = batch.hoist(expr.clone());
    let mut unbound = false;
    batch.given(&hoisted, values, &mut unbound);
    let (lowered, code) = lower::given(&hoisted);
    let result = batch.run(&lowered).map_err(|_| Fault::WrongType)?;
    if let Some(value) = value::read(&result, ROWS - 1, &expr.ty) {
        return Ok(value);
    }
    let code = code
        .map(|code| batch.run(&code))
        .transpose()
        .map_err(|_| Fault::WrongType)?;
    let code = code.and_then(|codes| {
        let codes = codes.as_primitive_opt::<UInt64Type>()?.clone();
        codes.iter().last().flatten()
    });
    Err(match code.and_then(|code| Fault::of_code(u8::try_from(code).ok()?)) {
        Some(fault) => fault,
        None if unbound => Fault::UnknownName,
        None => Fault::WrongType,
    })
}

#[derive(Default)]
struct Batch {
    names: Vec<Arc<str>>,
    types: Vec<Type>,
    arrays: Vec<ArrayRef>,
}

impl Batch {
    fn column(&mut self, name: Arc<str>, ty: &Type, value: Option<&Value>) {
        self.arrays.push(value::array(&[value; ROWS], ty));
        self.types.push(ty.clone());
        self.names.push(name);
    }

    /// Puts a column in the place of every literal.
    fn hoist(&mut self, expr: Expr) -> Expr {
        let Kind::Value(value) = &expr.kind else {
            return limits::on_enough_stack(|| expr.map_parts(&mut |part| self.hoist(part)));
        };
        let name: Arc<str> = format!("literal{}", self.names.len()).into();
        self.column(name.clone(), &expr.ty, Some(value));
        Expr::new(Kind::Column(name), expr.ty, expr.span)
    }

    /// Makes columns of the values that the expression names; what has none is an error on every row.
    fn given(&mut self, expr: &Expr, values: &BTreeMap<Arc<str>, Value>, unbound: &mut bool) {
        if let Kind::Column(name) = &expr.kind
            && !self.names.contains(name)
        {
            *unbound |= !values.contains_key(name);
            self.column(name.clone(), &expr.ty, values.get(name));
        }
        limits::on_enough_stack(|| expr.each_part(&mut |part| self.given(part, values, unbound)));
    }

    fn run(&self, expr: &df::Expr) -> Result<ArrayRef, DataFusionError> {
        let fields = self.names.iter().zip(&self.types);
        let fields: Vec<_> = fields
            .map(|(name, ty)| Field::new(name.as_ref(), ty.arrow(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let options = RecordBatchOptions::new().with_row_count(Some(ROWS));
        let batch = RecordBatch::try_new_with_options(schema.clone(), self.arrays.clone(), &options)?;
        let schema = DFSchema::try_from(schema)?;
        let physical = create_physical_expr(expr, &schema, &ExecutionProps::new(), &Default::default())?;
        physical.evaluate(&batch)?.into_array(ROWS)
    }
}
