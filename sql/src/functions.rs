//! The functions that this crate adds to SQL, one a file.

pub(crate) mod kfl;
mod pcap;
pub(crate) mod percentile;

use datafusion::logical_expr::AggregateUDF;

/// The aggregate functions of SQL; percentiles are those of pipes alone, SQL has its own.
pub(crate) fn aggregates() -> [AggregateUDF; 1] {
    [pcap::function()]
}
