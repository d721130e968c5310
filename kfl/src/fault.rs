//! Why a part of a filter has no value on a row.

use std::fmt;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why a filter is neither true nor false of a row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Fault {
            $($(#[$doc])* $name = $code,)*
        }

        impl Fault {
            /// Every fault.
            pub const ALL: &'static [Fault] = &[$(Fault::$name),*];

            /// The fault in a few words.
            pub fn text(self) -> &'static str {
                match self {
                    $(Fault::$name => $text,)*
                }
            }
        }
    };
}

faults! {
    /// A map has no such key.
    MissingKey = 1, "missing key";
    /// A list has no such element, a string no such character.
    OutOfRange = 2, "index out of range";
    /// A result is beyond what its type holds.
    Overflow = 3, "overflow";
    /// A division by zero.
    DivisionByZero = 4, "division by zero";
    /// A text that spells no value of the type, or a value that the type does not hold.
    BadConversion = 5, "bad conversion";
    /// An argument that the function does not take, such as a pattern that is none.
    BadArgument = 6, "bad argument";
    /// Values of types that the operator or function does not take.
    WrongType = 7, "wrong type";
    /// A map made with one key twice, or with a key of a type that none has.
    BadMap = 8, "bad key of a map";
    /// The value of an optional that has none.
    NoValue = 9, "optional without a value";
    /// A name that means nothing.
    UnknownName = 10, "unknown name";
    /// More steps than an evaluation may take.
    TooLong = 11, "too many steps";
    /// One of so many that it is not looked for.
    Untold = 12, "a reason that is not told";
}

impl Fault {
    /// The fault of a code, as [`crate::Filter::faults`] gives it.
    pub fn of_code(code: u8) -> Option<Fault> {
        Fault::ALL.iter().copied().find(|fault| *fault as u8 == code)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
