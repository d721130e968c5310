//! One value of an answer as a harmless line of text.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, DurationNanosecondType, Int64Type, TimeUnit, TimestampNanosecondType};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{escape, units};

/// The value at an index; `None` where it is null.
pub(crate) fn text(array: &dyn Array, index: usize) -> Option<String> {
    if array.is_null(index) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Utf8 => escape::line(array.as_string::<i32>().value(index)).into_owned(),
        DataType::LargeUtf8 => escape::line(array.as_string::<i64>().value(index)).into_owned(),
        DataType::Utf8View => escape::line(array.as_string_view().value(index)).into_owned(),
        DataType::Binary => escape::bytes(array.as_binary::<i32>().value(index)),
        DataType::LargeBinary => escape::bytes(array.as_binary::<i64>().value(index)),
        DataType::BinaryView => escape::bytes(array.as_binary_view().value(index)),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let instant = units::instant(array.as_primitive::<TimestampNanosecondType>().value(index));
            format!("{} {}", instant.date, instant.time)
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            engine::duration_text(array.as_primitive::<DurationNanosecondType>().value(index))
        }
        DataType::List(_) => items(&array.as_list::<i32>().value(index)),
        DataType::LargeList(_) => items(&array.as_list::<i64>().value(index)),
        DataType::Map(_, _) => {
            let entries = array.as_map().value(index);
            let (keys, values) = (entries.column(0), entries.column(1));
            let pair = |at| {
                format!(
                    "{}: {}",
                    text(keys, at).unwrap_or_default(),
                    text(values, at).unwrap_or_default()
                )
            };
            (0..entries.len()).map(pair).collect::<Vec<_>>().join(", ")
        }
        _ => match ArrayFormatter::try_new(array, &FormatOptions::default().with_null("null")) {
            Ok(formatter) => escape::line(&formatter.value(index).to_string()).into_owned(),
            // A type that Arrow cannot print (none that SQL makes today).
            Err(_) => array.data_type().to_string(),
        },
    })
}

fn items(list: &dyn Array) -> String {
    (0..list.len())
        .map(|at| text(list, at).unwrap_or_else(|| "null".to_owned()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The integer at an index; `None` where it is null or the column holds something else.
pub(crate) fn int(array: &dyn Array, index: usize) -> Option<i64> {
    let ints = array.as_primitive_opt::<Int64Type>()?;
    ints.is_valid(index).then(|| ints.value(index))
}

/// The instant at an index in nanoseconds; `None` where it is null or the column holds something else.
pub(crate) fn time_ns(array: &dyn Array, index: usize) -> Option<i64> {
    let times = array.as_primitive_opt::<TimestampNanosecondType>()?;
    times.is_valid(index).then(|| times.value(index))
}

/// True if values of the type are read from the right: numbers.
pub(crate) fn is_number(ty: &DataType) -> bool {
    ty.is_numeric()
}
