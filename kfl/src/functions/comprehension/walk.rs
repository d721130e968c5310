//! A macro with its body, as a function of the list or map and of the columns that the body names.

use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};
use datafusion::physical_expr::create_physical_expr;
use datafusion::physical_plan::PhysicalExpr;

use super::Macro;
use super::fold::Results;
use crate::functions::udf;
use crate::types::Type;

/// Elements that are laid side by side at a time, unless one row has more.
const CHUNK_ELEMENTS: usize = 1 << 16;

/// What becomes of the results of a row's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Folding {
    Macro(Macro),
    /// The first that is not null: how the fault of a row is found.
    First,
}

/// What is evaluated over elements, and the names it reads them by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Body {
    /// The columns of the first of two names, with its type.
    pub key: Option<(String, Type)>,
    pub element: (String, Type),
    pub condition: Option<Expr>,
    pub body: Expr,
}

/// The list or map that is walked, and the columns that the body captures.
pub(crate) struct Inputs {
    pub range: (Type, Expr),
    pub captured: Vec<(String, Type, Expr)>,
}

/// A macro over one list or map column.
#[derive(Debug)]
pub(crate) struct Comprehension {
    /// The macro with its body, for plans to show.
    name: String,
    folding: Folding,
    /// The list or map that is walked.
    range: Type,
    body: Body,
    captured: Vec<(String, Type)>,
    result: Type,
    compiled: Result<Compiled, String>,
    schema: SchemaRef,
    signature: Signature,
}

#[derive(Debug)]
struct Compiled {
    condition: Option<Arc<dyn PhysicalExpr>>,
    body: Arc<dyn PhysicalExpr>,
}

impl Comprehension {
    /// Calls the macro. Of [`Folding::First`] the body and the result are codes, whatever type is said.
    pub(crate) fn call(folding: Folding, inputs: Inputs, body: Body, result: Type) -> Expr {
        let Inputs { range, captured } = inputs;
        let mut arguments = vec![range.1];
        let named = body.key.iter().chain([&body.element]);
        let mut fields: Vec<_> = named.map(|(name, ty)| Field::new(name, ty.arrow(), true)).collect();
        let mut names = Vec::new();
        for (name, ty, column) in captured {
            fields.push(Field::new(&name, ty.arrow(), true));
            names.push((name, ty));
            arguments.push(column);
        }
        let schema = Arc::new(Schema::new(fields));
        let compiled = compile(&body, &schema).map_err(|error| error.to_string());
        let form = match folding {
            Folding::Macro(form) => form.name(),
            Folding::First => "first_fault",
        };
        let key = body.key.as_ref().map_or(String::new(), |(name, _)| format!("{name}, "));
        let condition = body
            .condition
            .as_ref()
            .map_or(String::new(), |condition| format!("{condition} -> "));
        let comprehension = Self {
            name: format!("{form}[{key}{} -> {condition}{}]", body.element.0, body.body),
            folding,
            range: range.0,
            signature: udf::any(arguments.len()),
            body,
            captured: names,
            result,
            compiled,
            schema,
        };
        ScalarUDF::new_from_impl(comprehension).call(arguments)
    }

    fn result_type(&self) -> DataType {
        match self.folding {
            Folding::First => DataType::UInt64,
            Folding::Macro(_) => self.result.arrow(),
        }
    }

    /// Evaluates the rows of a chunk.
    fn chunk(&self, rows: Range<usize>, walked: &Walked, columns: &[(ArrayRef, bool)]) -> Result<ArrayRef> {
        let first_row = rows.start;
        let walked = walked.slice(&rows);
        let compiled = self
            .compiled
            .as_ref()
            .map_err(|error| DataFusionError::Internal(error.clone()))?;
        let row_of = walked.row_of_each_element(first_row);
        let keys = self.body.key.is_some().then(|| walked.key());
        let (mut conditions, mut bodies) = (Vec::new(), Vec::new());
        for elements in batches(&row_of, columns) {
            let mut batch: Vec<ArrayRef> = Vec::new();
            batch.extend(keys.iter().map(|keys| keys.slice(elements.start, elements.len())));
            batch.push(walked.element.slice(elements.start, elements.len()));
            let rows = row_of.slice(elements.start, elements.len());
            let once = UInt32Array::from(vec![0; if columns.is_empty() { 0 } else { elements.len() }]);
            for (column, constant) in columns {
                let taken = take(column, if *constant { &once } else { &rows }, None)?;
                batch.push(udf::bounded(taken, &self.name)?);
            }
            let options = RecordBatchOptions::new().with_row_count(Some(elements.len()));
            let batch = RecordBatch::try_new_with_options(self.schema.clone(), batch, &options)?;
            let evaluated = |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(&batch)?.into_array(elements.len());
            conditions.extend(compiled.condition.as_ref().map(evaluated).transpose()?);
            bodies.push(evaluated(&compiled.body)?);
        }
        let condition = (!conditions.is_empty()).then(|| joined(conditions)).transpose()?;
        let body = joined(bodies)?;
        let results = Results {
            lengths: walked.offsets.lengths().collect(),
            nulls: walked.nulls.as_ref(),
            condition: condition.as_ref().map(|condition| condition.as_boolean()),
        };
        Ok(match (self.folding, &self.result) {
            (Folding::First, _) => Arc::new(results.first(body.as_primitive())) as ArrayRef,
            (Folding::Macro(form), _) if form.is_test() => Arc::new(results.tests(form, body.as_boolean())),
            (Folding::Macro(Macro::Filter), _) => results.kept(&walked.element, body.as_boolean())?,
            (Folding::Macro(Macro::TransformMap), ty @ Type::Map(key, value)) => {
                let key = udf::canonical(walked.key(), key)?;
                results.map(ty, &key, &udf::canonical(body, value)?)?
            }
            (Folding::Macro(Macro::TransformMapEntry), ty) => results.merged(ty, &body),
            (Folding::Macro(_), Type::List(item)) => results.list(&udf::canonical(body, item)?)?,
            (Folding::Macro(_), _) => {
                return Err(DataFusionError::Internal("a macro over lists makes a list".to_owned()));
            }
        })
    }
}

fn joined(mut arrays: Vec<ArrayRef>) -> Result<ArrayRef> {
    match arrays.len() {
        1 => Ok(arrays.swap_remove(0)),
        _ => Ok(concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>())?),
    }
}

/// Ranges of elements that are evaluated at a time: a list or map that the body captures is laid out once for each of them.
fn batches(row_of: &UInt32Array, columns: &[(ArrayRef, bool)]) -> Vec<Range<usize>> {
    let count = row_of.len();
    let captured: Vec<_> = columns
        .iter()
        .filter_map(|(column, constant)| lengths(column, *constant))
        .collect();
    if captured.is_empty() {
        return std::iter::once(0..count).collect();
    }
    let (mut batches, mut start, mut weight) = (Vec::new(), 0, 0);
    for element in 0..count {
        let row = row_of.value(element) as usize;
        weight += captured.iter().map(|length| length(row)).sum::<usize>();
        if weight > CHUNK_ELEMENTS && element > start {
            batches.push(start..element);
            (start, weight) = (element, 0);
        }
    }
    batches.push(start..count);
    batches
}

/// How many elements the list or map of a row has; `None` of another column.
fn lengths(column: &ArrayRef, constant: bool) -> Option<Box<dyn Fn(usize) -> usize + '_>> {
    let offsets = match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().offsets(),
        DataType::Map(..) => column.as_map().offsets(),
        _ => return None,
    };
    Some(Box::new(move |row| {
        let row = if constant { 0 } else { row };
        (offsets[row + 1] - offsets[row]) as usize
    }))
}

fn compile(body: &Body, schema: &SchemaRef) -> Result<Compiled> {
    let schema = DFSchema::try_from(schema.clone())?;
    let compile = |expr: &Expr| create_physical_expr(expr, &schema, &ExecutionProps::new(), &Default::default());
    Ok(Compiled {
        condition: body.condition.as_ref().map(compile).transpose()?,
        body: compile(&body.body)?,
    })
}

/// A column of lists or maps as a macro sees it.
struct Walked {
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
    /// The keys of maps that are walked by key and value; of lists positions are made where they are asked for.
    keys: Option<ArrayRef>,
    element: ArrayRef,
}

impl Walked {
    /// Takes a column as it is stored. Only what the body sees is brought to the language's own Arrow types.
    fn new(range: &ArrayRef, ty: &Type, two_names: bool) -> Result<Self> {
        match (ty, range.data_type()) {
            (Type::Map(key, value), DataType::Map(..)) => {
                let map = range.as_map();
                let keys = udf::canonical(map.keys().clone(), key)?;
                let element = match two_names {
                    true => udf::canonical(map.values().clone(), value)?,
                    false => keys.clone(),
                };
                Ok(Self {
                    offsets: map.offsets().clone(),
                    nulls: map.nulls().cloned(),
                    element,
                    keys: Some(keys),
                })
            }
            (Type::List(element), DataType::List(_)) => {
                let list = range.as_list::<i32>();
                Ok(Self {
                    offsets: list.offsets().clone(),
                    nulls: list.nulls().cloned(),
                    keys: None,
                    element: udf::canonical(list.values().clone(), element)?,
                })
            }
            _ => Walked::new(&udf::canonical(range.clone(), ty)?, ty, two_names),
        }
    }

    fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Some of the rows, with their elements alone. A null list may cover elements; they are laid out too, and its row is
    /// null whatever they give.
    fn slice(&self, rows: &Range<usize>) -> Self {
        let first = self.offsets[rows.start] as usize;
        let count = self.offsets[rows.end] as usize - first;
        Self {
            offsets: self.offsets.slice(rows.start, rows.len()),
            nulls: self.nulls.as_ref().map(|nulls| nulls.slice(rows.start, rows.len())),
            keys: self.keys.as_ref().map(|keys| keys.slice(first, count)),
            element: self.element.slice(first, count),
        }
    }

    /// The first of two names: keys, or positions in a list.
    fn key(&self) -> ArrayRef {
        match &self.keys {
            Some(keys) => keys.clone(),
            None => {
                let positions = self.offsets.lengths().flat_map(|length| 0..length as i64);
                Arc::new(Int64Array::from_iter_values(positions))
            }
        }
    }

    fn row_of_each_element(&self, first_row: usize) -> UInt32Array {
        let lengths = self.offsets.lengths().enumerate();
        UInt32Array::from_iter_values(
            lengths.flat_map(|(row, length)| std::iter::repeat_n((first_row + row) as u32, length)),
        )
    }

    /// Ranges of rows that have about as many elements as a chunk may hold.
    fn chunked(&self) -> Vec<Range<usize>> {
        let (mut chunks, mut start) = (Vec::new(), 0);
        for row in 0..self.rows() {
            if row > start && (self.offsets[row + 1] - self.offsets[start]) as usize > CHUNK_ELEMENTS {
                chunks.push(start..row);
                start = row;
            }
        }
        if start < self.rows() {
            chunks.push(start..self.rows());
        }
        chunks
    }
}

impl PartialEq for Comprehension {
    fn eq(&self, other: &Self) -> bool {
        (self.folding, &self.range, &self.body, &self.captured, &self.result)
            == (other.folding, &other.range, &other.body, &other.captured, &other.result)
    }
}

impl Eq for Comprehension {}

impl Hash for Comprehension {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.folding, &self.range, &self.body, &self.captured, &self.result).hash(state);
    }
}

impl ScalarUDFImpl for Comprehension {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.result_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut arguments = args.args.iter();
        let range = arguments
            .next()
            .ok_or_else(|| DataFusionError::Internal("a macro walks a list or a map".to_owned()))?;
        let range = range.to_array(args.number_rows)?;
        let walked = Walked::new(&range, &self.range, self.body.key.is_some())?;
        let constant = |argument: &ColumnarValue| matches!(argument, ColumnarValue::Scalar(_));
        let columns = arguments
            .zip(&self.captured)
            .map(|(argument, (_, ty))| Ok((udf::column(argument, ty)?, constant(argument))))
            .collect::<Result<Vec<_>>>()?;
        let mut chunks = Vec::new();
        for rows in walked.chunked() {
            chunks.push(self.chunk(rows, &walked, &columns)?);
        }
        let chunks: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
        let result = match chunks.as_slice() {
            [] => datafusion::arrow::array::new_empty_array(&self.result_type()),
            chunks => concat(chunks)?,
        };
        udf::bounded(result, &self.name).map(ColumnarValue::Array)
    }
}
