//! Words that complete a line of SQL: tables, columns, and the keywords that begin clauses.

const KEYWORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS NULL",
    "IS NOT NULL",
    "LIKE",
    "BETWEEN",
    "DISTINCT",
    "AS",
    "DESC",
    "count(*)",
    "WITH",
    "EXPLAIN",
    "DESCRIBE",
    "SHOW",
];

/// The words that begin like this one, in the order tables, columns, keywords.
pub(super) fn beginning(word: &str) -> Vec<String> {
    let tables = schema::tables::ALL.iter().map(|table| table.name);
    let columns = schema::tables::ALL
        .iter()
        .flat_map(|table| table.fields())
        .filter(|field| field.is_stored())
        .map(|field| field.column);
    let mut words: Vec<String> = Vec::new();
    for candidate in tables.chain(columns).chain(KEYWORDS.iter().copied()) {
        let begins = candidate
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word));
        if begins && !words.iter().any(|known| known == candidate) {
            words.push(candidate.to_owned());
        }
    }
    words
}
