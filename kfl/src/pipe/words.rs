//! The words of pipes: the stages, the aggregates, and what people who come from elsewhere write in their place. One table
//! each; parsing, completion, colouring and help follow from them.

use std::fmt;

/// A stage's word, with what help says of it.
#[derive(Debug, PartialEq, Eq)]
pub struct StageForm {
    /// The word.
    pub name: &'static str,
    /// How the stage is written.
    pub form: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    pub(crate) verb: Verb,
}

/// Which stage a word begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Select,
    Where,
    Sort,
    Limit,
    Tail,
    Count,
    Stats,
    Top,
    Uniq,
    Step(Step),
}

/// Where a stage steps to from the rows found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Their connections; of a flow, all of it.
    Connections,
    /// Their flows.
    Flows,
    /// The entries of their connections; of a flow, all of it.
    Entries,
    /// The packets of their connections; of a flow, all of it.
    Packets,
}

const fn form(verb: Verb, name: &'static str, form: &'static str, doc: &'static str) -> StageForm {
    StageForm { name, form, doc, verb }
}

/// Every stage, in the order in which help lists them.
pub const STAGES: &[StageForm] = &[
    form(
        Verb::Select,
        "select",
        "select a, b, expr as name",
        "keeps these columns",
    ),
    form(
        Verb::Where,
        "where",
        "where condition",
        "keeps the rows on which this is true",
    ),
    form(
        Verb::Sort,
        "sort",
        "sort a, -b",
        "orders the rows; a `-` before a key puts the greatest first",
    ),
    form(Verb::Limit, "limit", "limit n", "keeps the first n rows"),
    form(Verb::Tail, "tail", "tail n", "keeps the last n rows"),
    form(
        Verb::Count,
        "count",
        "count [by a, b]",
        "counts the rows, of each group",
    ),
    form(
        Verb::Stats,
        "stats",
        "stats sum(x), p99(y) [as name] [by a, every(1m)]",
        "computes aggregates, of each group",
    ),
    form(
        Verb::Top,
        "top",
        "top n x [by y]",
        "the n most frequent values of x, or those with the greatest sum of y",
    ),
    form(Verb::Uniq, "uniq", "uniq a, b", "every combination of values once"),
    form(
        Verb::Step(Step::Connections),
        "conns",
        "conns",
        "steps to the connections of the rows found",
    ),
    form(
        Verb::Step(Step::Flows),
        "flow",
        "flow",
        "steps to the flows of the rows found",
    ),
    form(
        Verb::Step(Step::Entries),
        "entries",
        "entries",
        "steps to all entries of the connections of the rows found",
    ),
    form(
        Verb::Step(Step::Packets),
        "packets",
        "packets",
        "steps to the packets of the connections of the rows found",
    ),
];

/// The stage that a word begins.
pub(crate) fn stage(word: &str) -> Option<&'static StageForm> {
    STAGES.iter().find(|stage| stage.name == word)
}

/// The names of the stages, as a sentence lists them.
pub(crate) fn stages_in_words() -> String {
    let names: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
    names.join(", ")
}

/// Words of other tools in the place of a stage: written, what to write, and the stage that is meant. Where what follows
/// the word is written as ours is, `…` stands for it.
pub(crate) const FOREIGN_STAGES: &[(&str, &str, Verb)] = &[
    ("head", "limit …", Verb::Limit),
    ("take", "limit …", Verb::Limit),
    ("first", "limit …", Verb::Limit),
    ("last", "tail …", Verb::Tail),
    (
        "group",
        "count by path, or stats avg(elapsed_time) by path",
        Verb::Count,
    ),
    ("order", "sort …", Verb::Sort),
    ("orderby", "sort …", Verb::Sort),
    ("filter", "where …", Verb::Where),
    ("search", "where path.contains(\"x\")", Verb::Where),
    ("having", "where …", Verb::Where),
    ("grep", "where path.contains(\"x\")", Verb::Where),
    ("egrep", "where path.matches(r\"…\")", Verb::Where),
    ("fields", "select …", Verb::Select),
    ("project", "select …", Verb::Select),
    ("table", "select …", Verb::Select),
    ("cut", "select …", Verb::Select),
    ("eval", "select path, elapsed_time / 1000 as milliseconds", Verb::Select),
    (
        "extend",
        "select path, elapsed_time / 1000 as milliseconds",
        Verb::Select,
    ),
    ("rename", "select path as target", Verb::Select),
    ("summarize", "stats …", Verb::Stats),
    ("summarise", "stats …", Verb::Stats),
    ("summary", "stats …", Verb::Stats),
    ("aggregate", "stats …", Verb::Stats),
    ("dedup", "uniq …", Verb::Uniq),
    ("distinct", "uniq …", Verb::Uniq),
    ("unique", "uniq …", Verb::Uniq),
    ("wc", "count", Verb::Count),
    ("conn", "conns", Verb::Step(Step::Connections)),
    ("connection", "conns", Verb::Step(Step::Connections)),
    ("connections", "conns", Verb::Step(Step::Connections)),
    ("flows", "flow", Verb::Step(Step::Flows)),
    ("entry", "entries", Verb::Step(Step::Entries)),
    ("rows", "entries", Verb::Step(Step::Entries)),
    ("packet", "packets", Verb::Step(Step::Packets)),
    ("pcap", "packets", Verb::Step(Step::Packets)),
];

/// What is computed of the rows of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// How many rows there are.
    Count,
    /// The sum of the values.
    Sum,
    /// Their mean.
    Avg,
    /// The smallest.
    Min,
    /// The greatest.
    Max,
    /// The value below which so many hundredths of them lie, 1 to 99.
    Percentile(u8),
    /// How many different ones there are.
    Distinct,
}

/// Every aggregate with its form and one line of help. Percentiles go from p1 to p99; these are the usual ones.
pub const AGGREGATES: &[(Aggregate, &str, &str)] = &[
    (Aggregate::Count, "count()", "how many rows"),
    (Aggregate::Sum, "sum(x)", "the sum"),
    (Aggregate::Avg, "avg(x)", "the mean"),
    (Aggregate::Min, "min(x)", "the smallest value"),
    (Aggregate::Max, "max(x)", "the greatest value"),
    (Aggregate::Percentile(50), "p50(x)", "the median"),
    (Aggregate::Percentile(90), "p90(x)", "the 90th percentile"),
    (Aggregate::Percentile(95), "p95(x)", "the 95th percentile"),
    (Aggregate::Percentile(99), "p99(x)", "the 99th percentile"),
    (Aggregate::Distinct, "distinct(x)", "how many different values"),
];

impl Aggregate {
    /// The aggregate of a name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        if let Some(digits) = name.strip_prefix('p') {
            let number = digits.parse().ok().filter(|number: &u8| (1..=99).contains(number))?;
            return (digits == number.to_string()).then_some(Aggregate::Percentile(number));
        }
        let mut all = AGGREGATES.iter().map(|(aggregate, ..)| *aggregate);
        all.find(|aggregate| aggregate.to_string() == name)
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Aggregate::Count => f.write_str("count"),
            Aggregate::Sum => f.write_str("sum"),
            Aggregate::Avg => f.write_str("avg"),
            Aggregate::Min => f.write_str("min"),
            Aggregate::Max => f.write_str("max"),
            Aggregate::Percentile(number) => write!(f, "p{number}"),
            Aggregate::Distinct => f.write_str("distinct"),
        }
    }
}

/// Names of other tools in the place of an aggregate, and what is meant.
pub(crate) const FOREIGN_AGGREGATES: &[(&str, &str)] = &[
    ("average", "avg"),
    ("mean", "avg"),
    ("total", "sum"),
    ("median", "p50"),
    ("perc50", "p50"),
    ("minimum", "min"),
    ("maximum", "max"),
    ("dc", "distinct"),
    ("dcount", "distinct"),
    ("uniq", "distinct"),
    ("count_distinct", "distinct"),
    ("percentile", "p99"),
    ("quantile", "p99"),
    ("size", "count"),
    ("len", "count"),
    ("num", "count"),
];

/// The word that makes buckets of time in `by`.
pub(crate) const EVERY: &str = "every";
/// The word before the name of a column.
pub(crate) const AS: &str = "as";
/// The word before the keys of groups.
pub(crate) const BY: &str = "by";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_aggregate_is_found_by_the_name_it_prints() {
        for (aggregate, form, _) in AGGREGATES {
            assert!(form.starts_with(&format!("{aggregate}(")), "{form}");
            assert_eq!(Aggregate::find(&aggregate.to_string()), Some(*aggregate));
        }
        assert_eq!(["p0", "p100", "p07", "p", "path"].map(Aggregate::find), [None; 5]);
    }

    #[test]
    fn no_word_of_another_tool_is_one_of_ours() {
        for (written, meant, _) in FOREIGN_STAGES {
            assert!(stage(written).is_none(), "{written}");
            let word = meant.split([' ', ',']).next().unwrap_or_default();
            assert!(stage(word).is_some(), "{meant}");
        }
        for (written, meant) in FOREIGN_AGGREGATES {
            assert!(
                Aggregate::find(written).is_none() && Aggregate::find(meant).is_some(),
                "{written}"
            );
        }
    }
}
