//! The registry of diagnostic codes: every mistake a filter can hold has one, and only one.

/// A kind of mistake.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The code as it is shown.
    pub code: &'static str,
    /// The kind of mistake, in a few words.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($name:ident $code:literal $meaning:literal;)*) => {
        $(#[doc = $meaning] pub(crate) const $name: &Code = &Code { code: $code, meaning: $meaning };)*

        /// Every code, in order.
        pub const CODES: &[&Code] = &[$($name),*];
    };
}

codes! {
    TOO_LONG "K0001" "the filter is longer than the limit";
    TOO_DEEP "K0002" "the filter is nested deeper than the limit";
    COMPREHENSION_DEPTH "K0003" "macros over lists are nested deeper than the limit";
    TOO_MANY_STAGES "K0004" "a filter has more stages than the limit";
    TOO_MANY_COLUMNS "K0005" "a stage has more columns than the limit";
    SYNTAX "K0101" "something stands where the grammar has no place for it";
    UNKNOWN_CHARACTER "K0102" "a character is no part of the language";
    FOREIGN_SPELLING "K0103" "an operator is spelt as another language spells it";
    UNCLOSED_STRING "K0104" "a string is not closed";
    BRACKET "K0105" "a bracket has no partner";
    RESERVED_WORD "K0106" "a reserved word is used as a name";
    COMMENT "K0107" "a comment is spelt as another language spells it";
    NUMBER "K0108" "a number is misspelt or out of range";
    ESCAPE "K0109" "an escape sequence of a string is misspelt";
    UNKNOWN_NAME "K0201" "a name is no variable";
    UNKNOWN_FUNCTION "K0202" "a name is no function";
    FOREIGN_NAME "K0203" "a variable is named as another tool names it";
    NO_FIELD "K0204" "a value has no fields";
    NOT_BOOL "K0301" "true or false is needed";
    COMPARISON "K0302" "two values cannot be compared";
    OPERAND "K0303" "an operator does not take these values";
    ARGUMENTS "K0304" "a function does not take these arguments";
    MIXED "K0305" "values of one list, map or condition differ in type";
    MACRO "K0306" "a macro does not take this form";
    BAD_VALUE "K0401" "a constant is malformed";
    PIPE "K0501" "a pipe stands where none can";
    STAGE "K0502" "a word is no stage";
    STAGE_FORM "K0503" "a stage does not take this form";
    AGGREGATE "K0504" "an aggregate is misspelt, stands outside its place or does not take this value";
    COLUMN "K0505" "a value cannot be a column, or two columns have one name";
    STEP "K0506" "a step has no connections or flows to start from";
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
