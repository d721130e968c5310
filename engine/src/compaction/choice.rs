//! Which neighbouring parts are joined: sizes in, ranges out. Pure.
//!
//! A part is joined only into one that has at least twice its rows. So each row is rewritten as often as its part doubles,
//! and N equal ingests rewrite N log N rows. Parts that are half of what a joined part may be stay as they are.

use std::ops::Range;

use crate::store::Part;

/// How large a part is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Size {
    pub(super) fn of(part: &Part) -> Self {
        Self {
            rows: part.rows,
            bytes: part.bytes,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows.saturating_add(other.rows),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    fn fits(self, most: Self) -> bool {
        self.rows <= most.rows && self.bytes <= most.bytes
    }
}

/// What is worth joining.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Fewer parts stay as they are.
    pub(super) least_parts: usize,
    /// The most that is joined into one.
    pub(super) most: Size,
    /// Parts of so few bytes together are joined whatever their sizes are.
    pub(super) trifle_bytes: u64,
}

impl Rule {
    /// True if a part is large enough.
    fn is_full(&self, part: Size) -> bool {
        part.rows > self.most.rows / 2 || part.bytes > self.most.bytes / 2
    }
}

/// The ranges of neighbouring parts to be joined, in their order.
pub(super) fn choose(parts: &[Size], rule: &Rule) -> Vec<Range<usize>> {
    let mut chosen = Vec::new();
    let mut begin = 0;
    let mut sum = Size::default();
    for (index, part) in parts.iter().enumerate() {
        let is_full = rule.is_full(*part);
        let next = sum.plus(*part);
        if is_full || !next.fits(rule.most) {
            choose_among(parts, begin..index, rule, &mut chosen);
            (begin, sum) = match is_full {
                true => (index + 1, Size::default()),
                false => (index, *part),
            };
        } else {
            sum = next;
        }
    }
    choose_among(parts, begin..parts.len(), rule, &mut chosen);
    chosen
}

/// Chooses among parts that all fit into one. The largest is left out if it is more than all others together; no deeper
/// than the rows halve.
fn choose_among(parts: &[Size], range: Range<usize>, rule: &Rule, chosen: &mut Vec<Range<usize>>) {
    let among = parts.get(range.clone()).unwrap_or_default();
    if among.len() < rule.least_parts {
        return;
    }
    let Some((at, largest)) = among.iter().enumerate().max_by_key(|(_, part)| part.rows) else {
        return;
    };
    let sum = among.iter().fold(Size::default(), |sum, part| sum.plus(*part));
    if largest.rows <= sum.rows / 2 || sum.bytes <= rule.trifle_bytes {
        chosen.push(range);
        return;
    }
    let at = range.start + at;
    choose_among(parts, range.start..at, rule, chosen);
    choose_among(parts, at + 1..range.end, rule, chosen);
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const MOST: Size = Size {
        rows: 1000,
        bytes: 100_000,
    };
    const MANY: Rule = Rule {
        least_parts: 4,
        most: MOST,
        trifle_bytes: 0,
    };
    const ANY: Rule = Rule {
        least_parts: 2,
        most: MOST,
        trifle_bytes: 50,
    };

    /// Parts by their rows, of one byte each; what is chosen stands in brackets.
    #[track_caller]
    fn check(rule: &Rule, rows: &[u64], expect: Expect) {
        let sizes: Vec<_> = rows
            .iter()
            .map(|rows| Size {
                rows: *rows,
                bytes: *rows,
            })
            .collect();
        let chosen = choose(&sizes, rule);
        let mut text = String::new();
        for (index, rows) in rows.iter().enumerate() {
            let opens = chosen.iter().any(|range| range.start == index);
            let closes = chosen.iter().any(|range| range.end == index + 1);
            text += &format!(
                "{}{rows}{} ",
                if opens { "[" } else { "" },
                if closes { "]" } else { "" }
            );
        }
        expect.assert_eq(text.trim_end());
    }

    #[test]
    fn many_small_neighbours_are_joined() {
        check(&MANY, &[1, 1, 1], expect!["1 1 1"]);
        check(&MANY, &[1, 1, 1, 1], expect!["[1 1 1 1]"]);
        check(&ANY, &[1, 1], expect!["[1 1]"]);
        check(&ANY, &[1], expect!["1"]);
        check(&ANY, &[], expect![""]);
    }

    #[test]
    fn the_largest_is_left_out_unless_its_rows_double_or_are_few() {
        check(&MANY, &[100, 1, 1, 1], expect!["100 1 1 1"]);
        check(&MANY, &[100, 1, 1, 1, 1], expect!["100 [1 1 1 1]"]);
        check(
            &MANY,
            &[1, 1, 1, 1, 100, 2, 2, 2, 2],
            expect!["[1 1 1 1] 100 [2 2 2 2]"],
        );
        check(&MANY, &[100, 30, 30, 40], expect!["[100 30 30 40]"]);
        check(&ANY, &[30, 1], expect!["[30 1]"]);
        check(&ANY, &[300, 1], expect!["300 1"]);
        check(&ANY, &[300, 1, 1], expect!["300 [1 1]"]);
    }

    #[test]
    fn a_full_part_stays_and_no_more_is_joined_than_one_may_hold() {
        check(&ANY, &[1, 1, 501, 1, 1], expect!["[1 1] 501 [1 1]"]);
        check(&ANY, &[300, 300, 300, 300, 400], expect!["[300 300 300] 300 400"]);
        check(
            &ANY,
            &[u64::MAX, u64::MAX],
            expect!["18446744073709551615 18446744073709551615"],
        );
    }

    /// What ingests left.
    #[derive(Default)]
    struct Ingested {
        parts: Vec<Size>,
        most_parts: usize,
        rewritten_rows: u64,
    }

    /// Ingests parts and joins what the rule chooses after each.
    fn ingest(parts: impl Iterator<Item = u64>, rule: &Rule) -> Ingested {
        let mut ingested = Ingested::default();
        for rows in parts {
            let stored = &mut ingested.parts;
            stored.push(Size { rows, bytes: rows });
            for range in choose(stored, rule).into_iter().rev() {
                let sum = stored[range.clone()]
                    .iter()
                    .fold(Size::default(), |sum, part| sum.plus(*part));
                assert!(
                    range.len() >= rule.least_parts && sum.fits(rule.most),
                    "{range:?} {sum:?}"
                );
                ingested.rewritten_rows += sum.rows;
                stored.splice(range, [sum]);
            }
            ingested.most_parts = ingested.most_parts.max(ingested.parts.len());
        }
        ingested
    }

    #[test]
    fn equal_ingests_leave_few_parts_and_rewrite_each_row_a_few_times() {
        let rule = Rule {
            least_parts: 16,
            most: Size {
                rows: 1 << 40,
                bytes: 1 << 40,
            },
            trifle_bytes: 0,
        };
        let Ingested {
            parts,
            most_parts,
            rewritten_rows,
        } = ingest((0..10_000).map(|_| 1), &rule);
        assert_eq!(parts.iter().map(|part| part.rows).sum::<u64>(), 10_000);
        expect!["24 parts at most, each row rewritten 5 times"].assert_eq(&format!(
            "{most_parts} parts at most, each row rewritten {} times",
            rewritten_rows / 10_000
        ));
    }

    #[test]
    fn any_ingests_rewrite_a_row_no_more_often_than_its_part_doubles() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..50 {
            let parts: Vec<u64> = (0..500).map(|_| 1 << random.u32(0..12)).collect();
            let rows = parts.iter().sum::<u64>();
            let rule = Rule {
                least_parts: random.usize(2..20),
                most: Size {
                    rows: 1 << random.u32(4..20),
                    bytes: u64::MAX,
                },
                trifle_bytes: 0,
            };
            let ingested = ingest(parts.into_iter(), &rule);
            let parts = ingested.parts;
            assert_eq!(parts.iter().map(|part| part.rows).sum::<u64>(), rows);
            let doublings = u64::from(rule.most.rows.ilog2());
            assert!(ingested.rewritten_rows <= rows * doublings, "{rows} rows, {rule:?}");
            // What is full is half of what a part may be, and between such parts there are few.
            let full = parts.iter().filter(|part| rule.is_full(**part)).count();
            assert!(
                ingested.most_parts <= (full + 1) * rule.least_parts * doublings as usize,
                "{} parts, {full} full, {rule:?}",
                ingested.most_parts
            );
        }
    }
}
