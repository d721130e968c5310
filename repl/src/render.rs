//! Rendering: an answer's values as text that a terminal can take.

pub(crate) mod answer;
pub(crate) mod cell;
pub(crate) mod choice;
pub(crate) mod escape;
pub(crate) mod fit;
pub(crate) mod grid;
pub(crate) mod record;
pub(crate) mod units;
