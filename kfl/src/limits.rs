//! The bounds of the language, each with its reason. A filter beyond one is refused with a diagnostic that names it.

/// Length of a filter in bytes: what a person or a program writes is far shorter, and all work is linear in it.
pub(crate) const TEXT_BYTES: usize = 64 * 1024;

/// Depth of the tree: every walk over it recurses, and this depth fits the smallest stack a thread has.
pub(crate) const DEPTH: u16 = 250;

/// Macros over lists inside each other: each multiplies the work of a row.
pub(crate) const COMPREHENSIONS: usize = 8;

/// Syntax mistakes reported at once: after each the text is parsed again without the part that failed.
pub(crate) const SYNTAX_MISTAKES: usize = 8;

/// Mistakes reported in all: nobody reads more, and a text of garbage has one at every byte.
pub(crate) const MISTAKES: usize = 100;

/// Stages after a filter: each is a level of the plan, and planning walks all levels at every step.
pub(crate) const STAGES: usize = 64;

/// Columns that a stage makes: what a person reads or a program asks for has far fewer, and names are compared pairwise.
pub(crate) const COLUMNS: usize = 256;
