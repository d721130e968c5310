//! `kfl('filter')`, `kfl('filter | stage')`: what a KFL query finds, as a table of SQL.

use std::sync::Arc;

use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use kfl::Environment;

use crate::{Tables, filtered, piped};

/// The name of the function.
pub(crate) const NAME: &str = "kfl";

/// The table function.
#[derive(Debug)]
pub(crate) struct Kfl {
    tables: Arc<dyn Tables>,
}

impl Kfl {
    pub(crate) fn new(tables: Arc<dyn Tables>) -> Self {
        Self { tables }
    }
}

impl TableFunctionImpl for Kfl {
    /// The filter's plan is given as a view, so that the optimizer sees one plan and pushes columns and predicates of
    /// the surrounding SQL through it.
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let text = match args.exprs() {
            [Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _)] => text,
            _ => return datafusion::common::plan_err!("kfl() takes one string: kfl('http && status_code >= 500')"),
        };
        match kfl::compile_query(text, &Environment::now()) {
            Ok(query) => {
                // Rows without stages have no order inside SQL; what stages order stays so where SQL asks for no other.
                let plan = match query.stages() {
                    [] => filtered(query.filter(), self.tables.as_ref())?,
                    _ => piped(&query, self.tables.as_ref(), None)?,
                };
                Ok(Arc::new(ViewTable::new(plan, None)))
            }
            Err(mistakes) => {
                let rendered: Vec<_> = mistakes.iter().map(|mistake| mistake.render(text)).collect();
                datafusion::common::plan_err!("the filter of kfl() is wrong\n{}", rendered.join("\n").trim_end())
            }
        }
    }
}
