//! Choosing: which columns of an answer a person sees, and how.
//!
//! Comes in: an [`Answer`]. Goes out: a [`View`] for each column of the screen. Rows of one table show that table's main
//! columns, rows of several a compact set that all have; what SQL selected is shown in its order. Columns without a value
//! are left out of KFL answers, which carry every column of their tables. `\show` has them all.

use datafusion::arrow::datatypes::DataType;

use super::answer::{Answer, Row};
use super::{cell, units};
use crate::names;

/// What a cut cell of text keeps at least.
const LEAST: usize = 12;

/// What a cut endpoint keeps at least: an IPv4 address with its port is never cut.
const ENDPOINT: usize = "255.255.255.255:65535".len();

/// Numbers and times are never cut: half a number is a lie.
pub(crate) const RIGID: usize = usize::MAX;

/// A column of the screen.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The head.
    pub(crate) title: String,
    /// What its cells show.
    show: Show,
    /// Columns that its cells need at least, if they are longer.
    pub(crate) least: usize,
    /// True for numbers.
    pub(crate) is_right_aligned: bool,
    /// Columns of a higher rank give way first on a narrow screen.
    pub(crate) rank: usize,
}

#[derive(Clone, Debug)]
enum Show {
    /// The row's number.
    Number,
    /// The time of day of an instant, on days that are all the same.
    TimeOfDay(&'static str),
    /// An address and its port.
    Endpoint(&'static str, &'static str),
    /// A span of microseconds.
    Span(&'static str),
    /// The column at this place.
    Column(usize),
}

impl View {
    fn new(title: impl Into<String>, show: Show, rank: usize) -> Self {
        let is_number = matches!(show, Show::Number | Show::Span(_));
        let least = match show {
            Show::Number | Show::Span(_) | Show::TimeOfDay(_) => RIGID,
            Show::Endpoint(..) => ENDPOINT,
            Show::Column(_) => LEAST,
        };
        Self {
            title: title.into(),
            show,
            least,
            is_right_aligned: is_number,
            rank,
        }
    }

    /// A column of a list that is no answer: its cells are made elsewhere.
    pub(crate) fn of_list(title: &str, is_right_aligned: bool, rank: usize) -> Self {
        Self {
            least: if is_right_aligned { RIGID } else { LEAST },
            is_right_aligned,
            ..Self::new(title, Show::Number, rank)
        }
    }

    /// The cell of a row with this number.
    pub(crate) fn cell(&self, number: usize, row: &Row<'_>) -> String {
        match self.show {
            Show::Number => Some(number.to_string()),
            Show::TimeOfDay(column) => row.time_ns(column).map(|ns| units::instant(ns).time),
            Show::Endpoint(ip, port) => row.endpoint(ip, port),
            Show::Span(column) => row.int(column).map(units::span_us),
            Show::Column(at) => row.text_at(at),
        }
        .unwrap_or_default()
    }
}

/// The columns that are worth a place on screen.
pub(crate) fn views(answer: &Answer) -> Vec<View> {
    let tables = answer.tables();
    let number = View::new("#", Show::Number, 0);
    let rest = match tables[..] {
        [] => selected(answer),
        [table] => match names::MAIN.iter().find(|(name, _)| *name == table.name) {
            Some((_, main)) => main_of(answer, main),
            None => compact(answer),
        },
        _ => compact(answer),
    };
    std::iter::once(number).chain(rest).collect()
}

/// The columns that rows of every table have.
fn compact(answer: &Answer) -> Vec<View> {
    let mut views = vec![time(answer)];
    views.extend(column(answer, names::PROTOCOL, 3));
    views.extend(ends());
    views.extend(column(answer, names::STATUS_CODE, 6).map(|view| View {
        title: "status".to_owned(),
        ..view
    }));
    views.push(View::new("elapsed", Show::Span(names::ELAPSED_TIME), 7));
    views.extend(column(answer, names::SUMMARY, 2));
    views
}

/// Time, both ends, and the main columns of one table.
fn main_of(answer: &Answer, main: &[names::Main]) -> Vec<View> {
    let mut views = vec![time(answer)];
    views.extend(ends());
    views.extend(main.iter().filter_map(|main| {
        let view = column(answer, main.column, main.rank)?;
        Some(View {
            title: main.title.to_owned(),
            ..view
        })
    }));
    views.push(View::new("elapsed", Show::Span(names::ELAPSED_TIME), 7));
    views
}

fn ends() -> [View; 2] {
    [
        View::new("src", Show::Endpoint(names::SRC_IP, names::SRC_PORT), 4),
        View::new("dst", Show::Endpoint(names::DST_IP, names::DST_PORT), 1),
    ]
}

/// The row's start. If all rows are of one day, the day stands in the head alone.
fn time(answer: &Answer) -> View {
    let mut days: Vec<String> = answer
        .rows()
        .filter_map(|row| row.time_ns(names::TIMESTAMP))
        .map(|ns| units::instant(ns).date)
        .collect();
    days.dedup();
    match (&days[..], answer.schema().index_of(names::TIMESTAMP)) {
        ([day], _) => View::new(format!("{day} UTC"), Show::TimeOfDay(names::TIMESTAMP), 5),
        (_, Ok(at)) => View {
            least: RIGID,
            ..View::new("time UTC", Show::Column(at), 5)
        },
        // Answers of KFL always have the column.
        (_, Err(_)) => View::new("time UTC", Show::TimeOfDay(names::TIMESTAMP), 5),
    }
}

/// A column by name, if some row has a value in it.
fn column(answer: &Answer, name: &str, rank: usize) -> Option<View> {
    let at = answer.schema().index_of(name).ok()?;
    (!answer.is_null_everywhere(at)).then(|| of_place(answer, at, rank))
}

fn of_place(answer: &Answer, at: usize, rank: usize) -> View {
    let field = answer.schema().field(at);
    let is_number = cell::is_number(field.data_type());
    let is_rigid = is_number || matches!(field.data_type(), DataType::Boolean | DataType::Timestamp(_, _));
    let title = super::escape::line(field.name()).into_owned();
    View {
        least: if is_rigid { RIGID } else { LEAST },
        is_right_aligned: is_number,
        ..View::new(title, Show::Column(at), rank)
    }
}

/// More columns than this, and those without a value give way.
const MANY: usize = 20;

/// What SQL selected, in its order; the last give way first.
fn selected(answer: &Answer) -> Vec<View> {
    let places = 0..answer.schema().fields().len();
    let is_wide = places.len() > MANY;
    places
        .filter(|at| !(is_wide && answer.is_null_everywhere(*at)))
        .map(|at| of_place(answer, at, 1 + at))
        .collect()
}
