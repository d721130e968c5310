//! The functions that this crate adds to SQL, one a file.

pub(crate) mod kfl;
mod pcap;

use datafusion::logical_expr::AggregateUDF;

/// The aggregate functions.
pub(crate) fn aggregates() -> [AggregateUDF; 1] {
    [pcap::function()]
}
