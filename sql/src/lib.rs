//! SQL over the tables: views, functions, and `kfl('filter')` as a table function.
//!
//! In come table providers, by [`Tables`]; out go logical plans and the functions of a session. A filter becomes one
//! plan here, in [`filtered`], and with stages after it in [`piped`], whether it came as KFL or inside SQL, so the two meet
//! in one place.
//!
//! Absent on purpose: functions that change anything; SQL reads.
//!
//! **Architecture invariant:** this crate knows neither where parts lie nor how captures are read.

pub mod capture_file;
mod faults;
mod filtered;
mod functions;
mod groups;
mod piped;
mod views;

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::error::Result;
use datafusion::execution::registry::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use schema::Table;

pub use faults::{LeftOut, faults, left_out};
pub use filtered::{Columns, Share, filtered, order, shares, tables_of};
pub use piped::{connections, piped};
pub use views::{View, view, views};

/// The columns that plans of this crate are joined and ordered by; a test proves that they are declared.
pub(crate) const TIMESTAMP: &str = "timestamp";
pub(crate) const CONN_ID: &str = "conn_id";
pub(crate) const FLOW_ID: &str = "flow_id";
pub(crate) const PACKET: &str = "packet";

/// Where the tables come from.
pub trait Tables: Debug + Send + Sync {
    /// The provider of one table. All providers of one `Tables` show the same commit.
    fn provider(&self, table: &'static Table) -> Arc<dyn TableProvider>;

    /// False if a table is known to have no rows; a union leaves it out, but for its columns.
    fn has_rows(&self, _: &'static Table) -> bool {
        true
    }
}

/// Adds this crate's functions to a session.
///
/// # Errors
///
/// If the session refuses a function.
pub fn register(state: &mut SessionState, tables: Arc<dyn Tables>) -> Result<()> {
    state.register_udtf(functions::kfl::NAME, Arc::new(functions::kfl::Kfl::new(tables)));
    for aggregate in functions::aggregates() {
        state.register_udaf(Arc::new(aggregate))?;
    }
    Ok(())
}
