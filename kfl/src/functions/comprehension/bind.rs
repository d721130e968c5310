//! `cel.bind`: a value by a name, evaluated once a batch.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};
use datafusion::physical_expr::create_physical_expr;
use datafusion::physical_plan::PhysicalExpr;

use crate::functions::udf;
use crate::types::Type;

/// An expression over a named value and the columns it captures.
#[derive(Debug)]
pub(crate) struct Bind {
    name: String,
    body: Expr,
    /// The name that is bound, then the columns.
    inputs: Vec<(String, Type)>,
    result: DataType,
    compiled: Result<Arc<dyn PhysicalExpr>, String>,
    schema: SchemaRef,
    signature: Signature,
}

impl Bind {
    /// Calls the body on the named value and on the columns that it captures.
    pub(crate) fn call(
        named: (String, Type, Expr),
        captured: Vec<(String, Type, Expr)>,
        body: Expr,
        result: DataType,
    ) -> Expr {
        let (mut inputs, mut arguments) = (Vec::new(), Vec::new());
        for (name, ty, value) in [named].into_iter().chain(captured) {
            inputs.push((name, ty));
            arguments.push(value);
        }
        let fields: Vec<_> = inputs
            .iter()
            .map(|(name, ty)| Field::new(name, ty.arrow(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let bind = Self {
            name: format!("bind[{} -> {body}]", inputs[0].0),
            compiled: compile(&body, &schema).map_err(|error| error.to_string()),
            body,
            inputs,
            result,
            schema,
            signature: udf::any(arguments.len()),
        };
        ScalarUDF::new_from_impl(bind).call(arguments)
    }
}

fn compile(body: &Expr, schema: &SchemaRef) -> Result<Arc<dyn PhysicalExpr>> {
    let schema = DFSchema::try_from(schema.clone())?;
    create_physical_expr(body, &schema, &ExecutionProps::new(), &Default::default())
}

impl PartialEq for Bind {
    fn eq(&self, other: &Self) -> bool {
        (&self.body, &self.inputs) == (&other.body, &other.inputs)
    }
}

impl Eq for Bind {}

impl Hash for Bind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.body, &self.inputs).hash(state);
    }
}

impl ScalarUDFImpl for Bind {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.result.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = args
            .args
            .iter()
            .zip(&self.inputs)
            .map(|(argument, (_, ty))| udf::canonical(argument.to_array(args.number_rows)?, ty))
            .collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(args.number_rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
        let body = self
            .compiled
            .as_ref()
            .map_err(|error| DataFusionError::Internal(error.clone()))?;
        Ok(ColumnarValue::Array(
            body.evaluate(&batch)?.into_array(args.number_rows)?,
        ))
    }
}
