//! Capture bytes to rows.
//!
//! The packet's road is [`pipeline`], one straight line: capture → decode → defragment → connection → reassemble →
//! dissect → pair → row → batch. Stages pass values.
//!
//! **Architecture invariant:** this crate knows neither DataFusion, nor Parquet, nor tokio, nor where files lie, nor KFL.

pub mod anomaly;
mod batch;
mod capture;
mod connection;
mod decode;
mod defragment;
pub mod dissect;
pub mod limits;
mod names;
pub mod pipeline;
mod reassemble;
mod recognise;
mod route;
mod rows;
mod shard;
mod tables;
#[cfg(any(test, feature = "talk"))]
pub mod talk;

pub use anomaly::{Anomalies, Anomaly};
pub use limits::Limits;
pub use pipeline::{Error, Options, Progress, Report, Sink, ingest};
pub use recognise::{Ports, Recognition};
pub use tables::Tables;
