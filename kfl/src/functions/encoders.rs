//! Bytes as texts of other alphabets.
//!
//! Specification: RFC 4648 §4, as cel-go's encoders extension takes it: padding may be left out, line breaks do not count.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::kernel::TEXT_BYTES;
use super::{Function, Overload};
use crate::fault::Fault;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "base64.encode",
        doc: "The bytes in base64, padded.",
        examples: &[
            ("base64.encode(b'hello')", "\"aGVsbG8=\""),
            ("base64.encode(b'')", "\"\""),
        ],
        overloads: &[Overload::new("base64.encode(bytes) -> string", |args| {
            let bytes = args.bytes(0);
            args.written(|row, out| {
                PADDED.encode_string(bytes.at(row)?, out);
                (out.len() <= TEXT_BYTES).then_some(())
            })
        })
        .fails(Fault::Overflow)],
    },
    Function {
        name: "base64.decode",
        doc: "The bytes that a text in base64 stands for, padded or not.",
        examples: &[
            ("base64.decode('aGVsbG8=')", "b\"hello\""),
            ("base64.decode('aGVsbG8')", "b\"hello\""),
            ("base64.decode('aGVs\\nbG8=')", "b\"hello\""),
            ("base64.decode('a')", "error"),
            ("base64.decode('YQ=')", "error"),
            ("base64.decode('-_')", "error"),
        ],
        overloads: &[Overload::new("base64.decode(string) -> bytes", |args| {
            let text = args.string(0);
            args.binaries(|row| decode(text.at(row)?))
        })
        .fails(Fault::BadConversion)],
    },
];

/// Bits left over after the last byte are not looked at, as Go does not.
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
const PADDED: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const BARE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    CONFIG.with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.contains(['\r', '\n']) {
        return decode(&text.replace(['\r', '\n'], ""));
    }
    PADDED.decode(text).or_else(|_| BARE.decode(text)).ok()
}
