//! The bounds of the language, each with its reason. A filter beyond one is refused with a diagnostic that names it.

/// Length of a filter in bytes: what a person or a program writes is far shorter, and all work is linear in it.
pub(crate) const TEXT_BYTES: usize = 64 * 1024;

/// Depth of the tree: every walk over it recurses.
pub(crate) const DEPTH: u16 = 250;

/// Macros over lists inside each other: each multiplies the work of a row.
pub(crate) const COMPREHENSIONS: usize = 8;

/// Syntax mistakes reported at once: after each the text is parsed again without the part that failed.
pub(crate) const SYNTAX_MISTAKES: usize = 8;

/// Mistakes reported in all: nobody reads more, and a text of garbage has one at every byte.
pub(crate) const MISTAKES: usize = 100;

/// Values inside each other that a list made by row may hold: lists of lists of themselves would grow without end. More than
/// a text has room for, so that no list that is written out is refused.
pub(crate) const LIST_PARTS: usize = 64 << 10;

/// Bytes that what a function makes of one batch may take. Macros inside macros multiply, and no pool counts them.
pub(crate) const BATCH_BYTES: usize = 1 << 30;

/// Values that `cel.block` names: each is a part inside the next.
pub(crate) const BLOCK: usize = 100;

/// Stack that one step down a tree may take; where less is left, the walk goes on on a new one. A tree of the greatest depth
/// takes more than the stack of a thread in a program that is not optimised.
const STEP_BYTES: usize = 128 * 1024;
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Takes a step down a tree.
pub(crate) fn on_enough_stack<T>(step: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STEP_BYTES, STACK_BYTES, step)
}

/// Stages after a filter: each is a level of the plan, and planning walks all levels at every step.
pub(crate) const STAGES: usize = 64;

/// Columns that a stage makes: what a person reads or a program asks for has far fewer, and names are compared pairwise.
pub(crate) const COLUMNS: usize = 256;
