//! Compile times of filters, from text to the expressions of all tables.

use std::hint::black_box;
use std::time::Instant;

use kfl::{Environment, compile};

/// Times each filter is compiled.
const RUNS: u32 = 200;
/// Bytes of the long filter.
const LONG_BYTES: usize = 10 << 10;

/// Prints the median time of each filter.
pub(crate) fn measure() {
    let long = {
        let mut text = String::from("status_code >= 500");
        let mut number = 0;
        while text.len() < LONG_BYTES {
            number += 1;
            text += &format!(
                " || src.ip == '10.0.{}.{}' && path.startsWith('/p{number}')",
                number / 256,
                number % 256
            );
        }
        text
    };
    let filters = [
        "http && status_code >= 500",
        "http && request.headers.exists(k, k == \"cookie\")",
        "!flow && !conn && flow_id == 15",
        "src.ip in cidr(\"10.0.0.0/8\") && timestamp > now() - duration(\"1h\")",
        &long,
    ];
    // The first compilation of a process makes the catalogue of names.
    for (state, runs) in [("first", 1), ("then", RUNS)] {
        for filter in filters {
            let mut times: Vec<_> = (0..runs).map(|_| once(filter)).collect();
            times.sort_by(f64::total_cmp);
            let shown = if filter.len() > 80 {
                "10 KB of comparisons"
            } else {
                filter
            };
            println!("{state:5} {:9.3} ms  {shown}", times[times.len() / 2]);
        }
    }
}

fn once(filter: &str) -> f64 {
    let start = Instant::now();
    let filter = compile(filter, &Environment { now_ns: 0 }).expect("the filters here are right");
    for table in schema::tables::in_kfl() {
        black_box(filter.on(table));
    }
    start.elapsed().as_secs_f64() * 1000.0
}
