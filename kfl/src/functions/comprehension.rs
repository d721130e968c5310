//! Macros over lists and maps, on columns: all elements of a batch are laid side by side, the body is evaluated once over
//! them with the columns it names repeated by row, and the results are folded back by row.
//!
//! An error in the body is null, and absorbs or is absorbed as KFL.md §3 says: `exists` and `all` as `||` and `&&` do,
//! the others not at all. Rows are taken in chunks, so that memory does not grow with the lists of a whole batch.

use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, RecordBatch, RecordBatchOptions, UInt32Array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{concat, filter, take};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};
use datafusion::physical_expr::create_physical_expr;
use datafusion::physical_plan::PhysicalExpr;

use super::udf;
use crate::types::Type;

/// Elements that are laid side by side at a time, unless one row has more.
const CHUNK_ELEMENTS: usize = 1 << 16;

/// Which macro it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Macro {
    Exists,
    All,
    ExistsOne,
    Filter,
    Map,
}

impl Macro {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Macro::Exists => "exists",
            Macro::All => "all",
            Macro::ExistsOne => "exists_one",
            Macro::Filter => "filter",
            Macro::Map => "map",
        }
    }

    /// The macro of a method's name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        [Macro::Exists, Macro::All, Macro::ExistsOne, Macro::Filter, Macro::Map]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

/// A macro with its body, as a function of the list and of the columns that the body names.
#[derive(Debug)]
pub(crate) struct Comprehension {
    /// The macro with its body, for plans to show.
    name: String,
    form: Macro,
    /// The list or map that is walked.
    range: Type,
    /// The body, over a column for the element and one for each name of `captured`.
    body: Expr,
    /// The name of the element's column.
    element: String,
    captured: Vec<(String, Type)>,
    result: Type,
    compiled: Result<Arc<dyn PhysicalExpr>, String>,
    schema: SchemaRef,
    signature: Signature,
}

impl Comprehension {
    /// Calls the macro on a list and on the columns that its body captures.
    pub(crate) fn call(
        form: Macro,
        (range, list): (Type, Expr),
        element: (String, Type),
        body: Expr,
        captured: Vec<(String, Type, Expr)>,
        result: Type,
    ) -> Expr {
        let mut arguments = vec![list];
        let mut fields = vec![Field::new(&element.0, element.1.arrow(), true)];
        let mut names = Vec::new();
        for (name, ty, column) in captured {
            fields.push(Field::new(&name, ty.arrow(), true));
            names.push((name, ty));
            arguments.push(column);
        }
        let schema = Arc::new(Schema::new(fields));
        let compiled = compile(&body, &schema).map_err(|error| error.to_string());
        let signature = udf::any(arguments.len());
        let (name, element) = (format!("{}[{} -> {body}]", form.name(), element.0), element.0);
        let comprehension = Self {
            name,
            form,
            range,
            body,
            element,
            captured: names,
            result,
            compiled,
            schema,
            signature,
        };
        ScalarUDF::new_from_impl(comprehension).call(arguments)
    }

    /// Evaluates the rows of a chunk.
    fn chunk(&self, rows: Range<usize>, list: &ListArray, columns: &[(ArrayRef, bool)]) -> Result<ArrayRef> {
        let list = list.slice(rows.start, rows.len());
        // A null list may cover elements; they are laid out too, and its row is null whatever they give.
        let first = list.value_offsets()[0] as usize;
        let count = list.value_offsets()[list.len()] as usize - first;
        let elements = list.values().slice(first, count);
        let row_of = row_of_each_element(&list, rows.start);
        let once = UInt32Array::from(vec![0; count]);
        let mut batch = vec![elements.clone()];
        for (column, constant) in columns {
            batch.push(take(column, if *constant { &once } else { &row_of }, None)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), batch, &options)?;
        let body = self
            .compiled
            .as_ref()
            .map_err(|error| DataFusionError::Internal(error.clone()))?;
        let body = body.evaluate(&batch)?.into_array(count)?;
        let lengths: Vec<_> = list.offsets().lengths().collect();
        Ok(match self.form {
            Macro::Exists | Macro::All | Macro::ExistsOne => {
                let fold = Fold {
                    form: self.form,
                    body: body.as_boolean(),
                };
                Arc::new(fold.rows(&list, &lengths))
            }
            Macro::Filter => self.kept(&list, &lengths, &elements, body.as_boolean())?,
            Macro::Map => self.mapped(&list, &lengths, udf::canonical(body, self.item())?),
        })
    }

    /// The type of the elements of a resulting list.
    fn item(&self) -> &Type {
        match &self.result {
            Type::List(item) => item,
            _ => &Type::Null,
        }
    }

    fn kept(&self, list: &ListArray, lengths: &[usize], elements: &ArrayRef, body: &BooleanArray) -> Result<ArrayRef> {
        let values = filter(elements, body)?;
        let (mut at, mut kept, mut nulls) = (0, Vec::new(), Vec::new());
        for (row, length) in lengths.iter().enumerate() {
            let range = at..at + length;
            kept.push(
                range
                    .clone()
                    .filter(|element| body.is_valid(*element) && body.value(*element))
                    .count(),
            );
            nulls.push(list.is_valid(row) && range.clone().all(|element| body.is_valid(element)));
            at = range.end;
        }
        Ok(self.list(values, kept, nulls))
    }

    fn mapped(&self, list: &ListArray, lengths: &[usize], values: ArrayRef) -> ArrayRef {
        let (mut at, mut nulls) = (0, Vec::new());
        for (row, length) in lengths.iter().enumerate() {
            nulls.push(list.is_valid(row) && (at..at + length).all(|element| values.is_valid(element)));
            at += length;
        }
        self.list(values, lengths.to_vec(), nulls)
    }

    fn list(&self, values: ArrayRef, lengths: Vec<usize>, nulls: Vec<bool>) -> ArrayRef {
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        Arc::new(ListArray::new(
            field,
            OffsetBuffer::from_lengths(lengths),
            values,
            Some(NullBuffer::from(nulls)),
        ))
    }
}

fn compile(body: &Expr, schema: &SchemaRef) -> Result<Arc<dyn PhysicalExpr>> {
    let schema = DFSchema::try_from(schema.clone())?;
    create_physical_expr(body, &schema, &ExecutionProps::new(), &Default::default())
}

fn row_of_each_element(list: &ListArray, first_row: usize) -> UInt32Array {
    let lengths = list.offsets().lengths().enumerate();
    lengths
        .flat_map(|(row, length)| std::iter::repeat_n((first_row + row) as u32, length))
        .collect::<Vec<_>>()
        .into()
}

/// Folds the results of the elements of each row into one.
struct Fold<'a> {
    form: Macro,
    body: &'a BooleanArray,
}

impl Fold<'_> {
    fn rows(&self, list: &ListArray, lengths: &[usize]) -> BooleanArray {
        let mut at = 0;
        let fold = |(row, length): (usize, &usize)| {
            let range = at..at + length;
            at = range.end;
            if list.is_valid(row) { self.row(range) } else { None }
        };
        lengths.iter().enumerate().map(fold).collect()
    }

    fn row(&self, elements: Range<usize>) -> Option<bool> {
        let (mut trues, mut falses, mut errors) = (0, 0, 0);
        for element in elements {
            match (self.body.is_valid(element), self.body.value(element)) {
                (false, _) => errors += 1,
                (true, true) => trues += 1,
                (true, false) => falses += 1,
            }
        }
        match self.form {
            Macro::Exists if trues > 0 => Some(true),
            Macro::All if falses > 0 => Some(false),
            _ if errors > 0 => None,
            Macro::Exists => Some(false),
            Macro::All => Some(true),
            _ => Some(trues == 1),
        }
    }
}

impl PartialEq for Comprehension {
    fn eq(&self, other: &Self) -> bool {
        (self.form, &self.range, &self.body, &self.element, &self.captured)
            == (other.form, &other.range, &other.body, &other.element, &other.captured)
    }
}

impl Eq for Comprehension {}

impl Hash for Comprehension {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.form, &self.range, &self.body, &self.element, &self.captured).hash(state);
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
        Ok(self.result.arrow())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut arguments = args.args.iter();
        let range = arguments
            .next()
            .ok_or_else(|| DataFusionError::Internal("a macro walks a list".to_owned()))?;
        let range = udf::canonical(range.to_array(args.number_rows)?, &self.range)?;
        let list = match &self.range {
            Type::Map(..) => keys(&range),
            _ => range.as_list::<i32>().clone(),
        };
        let constant = |argument: &ColumnarValue| matches!(argument, ColumnarValue::Scalar(_));
        let columns = arguments
            .zip(&self.captured)
            .map(|(argument, (_, ty))| Ok((udf::column(argument, ty)?, constant(argument))))
            .collect::<Result<Vec<_>>>()?;
        let mut chunks = Vec::new();
        for rows in chunked(&list) {
            chunks.push(self.chunk(rows, &list, &columns)?);
        }
        let chunks: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(match chunks.as_slice() {
            [] => datafusion::arrow::array::new_empty_array(&self.result.arrow()),
            chunks => concat(chunks)?,
        }))
    }
}

/// Maps are walked by their keys.
fn keys(map: &ArrayRef) -> ListArray {
    let map = map.as_map();
    let field = Arc::new(Field::new_list_field(map.keys().data_type().clone(), true));
    ListArray::new(field, map.offsets().clone(), map.keys().clone(), map.nulls().cloned())
}

/// Ranges of rows that have about as many elements as a chunk may hold.
fn chunked(list: &ListArray) -> Vec<Range<usize>> {
    let offsets = list.value_offsets();
    let (mut chunks, mut start) = (Vec::new(), 0);
    for row in 0..list.len() {
        if row > start && (offsets[row + 1] - offsets[start]) as usize > CHUNK_ELEMENTS {
            chunks.push(start..row);
            start = row;
        }
    }
    if start < list.len() {
        chunks.push(start..list.len());
    }
    chunks
}
