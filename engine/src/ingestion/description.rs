//! The row of table `captures`: what an ingest found of the capture as a whole.

use datafusion::arrow::array::RecordBatch;
use ingest::Report;
use schema::Build;
use schema::tables::captures;

pub(super) fn capture_row(
    name: &str,
    digest: &str,
    size_bytes: u64,
    first_packet: u64,
    report: &Report,
) -> RecordBatch {
    let interfaces: Vec<_> = report.interfaces.iter().map(String::as_str).collect();
    let comments: Vec<_> = report.comments.iter().map(String::as_str).collect();
    let counts: Vec<_> = report
        .anomalies
        .iter()
        .map(|(kind, finding)| (kind, finding.count.to_string()))
        .collect();
    let anomalies: Vec<_> = counts
        .iter()
        .map(|(kind, count)| (kind.as_str(), count.as_str()))
        .collect();
    let int = |number: u64| Some(i64::try_from(number).unwrap_or(i64::MAX));
    let mut builder = captures::CaptureBuilder::default();
    builder.append(captures::Capture {
        own: captures::CaptureOwn {
            capture_id: int(first_packet),
            name: Some(name),
            digest: Some(digest),
            size_bytes: int(size_bytes),
            format: Some(report.format).filter(|format| !format.is_empty()),
            compression: report.compression,
            interfaces: &interfaces,
            comments: &comments,
            secrets: Some(&*report.secrets).filter(|secrets| !secrets.is_empty()),
            packets: int(report.packets),
            dropped: report.dropped.and_then(int),
            captured_bytes: int(report.captured_bytes),
            original_bytes: int(report.original_bytes),
            first_time: report.first_time_ns,
            last_time: report.last_time_ns,
            ingested_time: chrono::Utc::now().timestamp_nanos_opt(),
            anomalies: &anomalies,
        },
    });
    builder.finish()
}
