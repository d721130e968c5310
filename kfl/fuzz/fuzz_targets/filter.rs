//! Any bytes: a filter, with stages or without, or diagnostics; evaluated on both roads with one end.
#![no_main]

use kfl::{Bindings, Environment, Failure, Fault, Road};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let environment = Environment { now_ns: 0 };
    match kfl::compile_query(&text, &environment) {
        Ok(query) => {
            for table in schema::tables::in_kfl() {
                query.filter().on(table);
                query.filter().faults(table);
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                problem.render(&text);
            }
        }
    }
    kfl::highlight(&text);
    kfl::complete(&text, text.len() / 2);
    let bindings = Bindings::new().unchecked();
    let scalar = kfl::evaluate(&text, &bindings, Road::Scalar);
    if scalar != Err(Failure::Fault(Fault::TooLong)) {
        let columns = kfl::evaluate(&text, &bindings, Road::Columns);
        assert_eq!(scalar.is_ok(), columns.is_ok());
    }
});
