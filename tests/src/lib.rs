//! Whole-road tests, laws and drift checks. The tests are in `tests/`, captures made by us in `captures/`.
