//! Filters with stages: what they print as, what they mean on a table, and the mistakes they can hold.

use expect_test::{Expect, expect};
use fastrand::Rng;

use super::{ENVIRONMENT, generate};
use crate::ast::Word;
use crate::pipe::parse;
use crate::pipe::tree::{Item, Key, Kind, Pipe, Stage, Value};
use crate::pipe::words::Step;
use crate::{Operation, Read, compile, compile_query, complete, highlight};

/// Compiles, and shows the stages as they print with the columns they make.
#[track_caller]
fn check(texts: &[&str], expect: Expect) {
    let mut shown = String::new();
    for text in texts {
        let query = match compile_query(text, &ENVIRONMENT) {
            Ok(query) => query,
            Err(problems) => panic!("{text}\n{}", problems[0].render(text)),
        };
        shown.push_str(&format!("{}\n", query.filter().typed()));
        for stage in query.stages() {
            shown.push_str(&format!("    | {stage}\n"));
        }
        if let Some(columns) = query.columns() {
            shown.push_str(&format!("    = {}\n", columns.join(", ")));
        }
    }
    expect.assert_eq(&shown);
}

/// Shows the mistakes.
#[track_caller]
fn check_mistakes(texts: &[&str], expect: Expect) {
    let mut shown = String::new();
    for text in texts {
        for problem in compile_query(text, &ENVIRONMENT).expect_err(text) {
            shown.push_str(&problem.render(text));
        }
        shown.push('\n');
    }
    expect.assert_eq(&shown);
}

#[test]
fn stages_print_as_they_mean() {
    check(
        &[
            "http|select src.ip,path as p,elapsed_time/1000 as ms|where ms>1||p=='/'|sort -ms,p|limit 10|tail 3",
            "http | stats count(), sum(response_body_size), p95(elapsed_time) as slow by path, every(90s) | where slow > 10 | sort -count(), -slow",
            "| count by every(\"1h\") as hour, protocol // all of it\n",
            "http | top 5 path by avg(elapsed_time) | select path",
            "dns | top 0x10 dns_rcode | sort -count",
            "http | uniq method, size(path) | where size(path) > 3",
            "http && status_code >= 500 | conns | where dst.port == 80 | entries | packets | where captured_length > 60 | flow",
            "http | sort (-elapsed_time), --status_code, -(has_pcap ? 1 : 2)",
            "http | stats max(elapsed_time) | select max(elapsed_time) / 1000 as ms",
            "http | count by path | stats sum(count) as n, max(count)",
            "path == 'a | b' || path == \"c\" | count",
            "http | select timestamp, id | stats count() by every(duration('1m'))",
        ],
        expect![[r#"
            http:bool
                | select src.ip, path as p, elapsed_time / 1000 as ms
                | where ms > 1 || p == "/"
                | sort -ms, p
                | limit 10
                | tail 3
                = src.ip, p, ms
            http:bool
                | stats count(), sum(response_body_size), p95(elapsed_time) as slow by path, every(1m30s)
                | where slow > 10
                | sort -count(), -slow
                = path, timestamp, count(), sum(response_body_size), slow
            true
                | count by every(1h) as hour, protocol
                = hour, protocol, count
            http:bool
                | top 5 path by avg(elapsed_time)
                | select path
                = path
            dns:bool
                | top 16 dns_rcode
                | sort -count
                = dns_rcode, count
            http:bool
                | uniq method, size(path)
                | where size(path) > 3
                = method, size(path)
            (http:bool && (status_code:int >= 500))
                | conns
                | where dst.port == 80
                | entries
                | packets
                | where captured_length > 60
                | flow
            http:bool
                | sort (-elapsed_time), --status_code, -has_pcap ? 1 : 2
            http:bool
                | stats max(elapsed_time)
                | select max(elapsed_time) / 1000 as ms
                = ms
            http:bool
                | count by path
                | stats sum(count) as n, max(count)
                = n, max(count)
            ((path:string == "a | b") || (path:string == "c"))
                | count
                = count
            http:bool
                | select timestamp, id
                | stats count() by every(1m)
                = timestamp, count()
        "#]],
    );
}

#[test]
fn a_name_alone_is_read_as_it_is_stored() {
    let query = compile_query(
        "| select status_code, status_code + 0 as n, pods, capture_source, http, method",
        &ENVIRONMENT,
    )
    .unwrap();
    let Operation::Select(named) = query.stages()[0].operation() else {
        panic!("it selects")
    };
    let mut shown = String::new();
    for table in [&schema::tables::http::TABLE, &schema::tables::dns::TABLE] {
        for named in named {
            let read = match named.term.on(table) {
                Read::Column(column) => format!("column {column}"),
                Read::Absent => "absent".to_owned(),
                Read::Computed(value) => value.to_string(),
            };
            shown.push_str(&format!("{:5} {:15} {read}\n", table.name, named.name));
        }
    }
    expect![[r#"
        http  status_code     column status_code
        http  n               checked_add(CASE WHEN status_code IS NOT NULL THEN status_code ELSE Int64(0) END, Int64(0))
        http  pods            List([])
        http  capture_source  Utf8View("unspecified")
        http  http            Boolean(true)
        http  method          column method
        dns   status_code     column status_code
        dns   n               checked_add(CASE WHEN status_code IS NOT NULL THEN status_code ELSE Int64(0) END, Int64(0))
        dns   pods            List([])
        dns   capture_source  Utf8View("unspecified")
        dns   http            Boolean(false)
        dns   method          column method
    "#]].assert_eq(&shown);
}

#[test]
fn conditions_before_any_other_stage_are_part_of_the_filter() {
    let query = compile_query(
        "path != '' | where status_code >= 500 | sort path | where http | limit 3 | where dns",
        &ENVIRONMENT,
    )
    .unwrap();
    let mut shown = String::new();
    for table in schema::tables::in_kfl() {
        shown.push_str(&format!("{:6} {:?}\n", table.name, query.opening().on(table)));
    }
    let never = shown.lines().filter(|line| line.ends_with("Never")).count();
    assert_eq!(never, schema::tables::in_kfl().count() - 1, "{shown}");
}

#[test]
fn unknown_stages() {
    check_mistakes(
        &[
            "http | head 5",
            "http | head -n 5 | where pth == ''",
            "http | group by path",
            "http | order by path",
            "http | filter status_code > 3",
            "http | grep foo",
            "http | lmit 5",
            "http | dns",
            "http | path == '/'",
            "http | avg(elapsed_time)",
            "http | xyzzyx 5 | where nothing",
            "http |",
            "http | | count",
            "http | (dns)",
            "http | 5",
        ],
        expect![[r#"
            error[K0502]: there is no stage `head`
              |
            1 | http | head 5
              |        ^^^^
              |
              = help: write limit 5

            error[K0502]: there is no stage `head`
              |
            1 | http | head -n 5 | where pth == ''
              |        ^^^^
              |
              = help: write limit 5
            error[K0201]: there is no variable `pth`
              |
            1 | http | head -n 5 | where pth == ''
              |                          ^^^
              |
              = help: did you mean `path`?

            error[K0502]: there is no stage `group`
              |
            1 | http | group by path
              |        ^^^^^
              |
              = help: write count by path, or stats avg(elapsed_time) by path

            error[K0502]: there is no stage `order`
              |
            1 | http | order by path
              |        ^^^^^
              |
              = help: write sort path

            error[K0502]: there is no stage `filter`
              |
            1 | http | filter status_code > 3
              |        ^^^^^^
              |
              = help: write where status_code > 3

            error[K0502]: there is no stage `grep`
              |
            1 | http | grep foo
              |        ^^^^
              |
              = help: write where path.contains("x")

            error[K0502]: there is no stage `lmit`
              |
            1 | http | lmit 5
              |        ^^^^
              |
              = help: did you mean `limit`?

            error[K0502]: there is no stage `dns`
              |
            1 | http | dns
              |        ^^^
              |
              = help: for `or` write `||`: … || dns

            error[K0502]: there is no stage `path`
              |
            1 | http | path == '/'
              |        ^^^^
              |
              = help: for `or` write `||`: … || path == '/'

            error[K0502]: there is no stage `avg`
              |
            1 | http | avg(elapsed_time)
              |        ^^^
              |
              = help: `avg` is an aggregate: stats avg(…) by path

            error[K0502]: there is no stage `xyzzyx`
              |
            1 | http | xyzzyx 5 | where nothing
              |        ^^^^^^
              |
              = help: the stages are select, where, sort, limit, tail, count, stats, top, uniq, conns, flow, entries, packets

            error[K0502]: expected a stage after `|`, found the end of the filter
              |
            1 | http |
              |       ^
              |
              = help: the stages are select, where, sort, limit, tail, count, stats, top, uniq, conns, flow, entries, packets

            error[K0502]: expected a stage after `|`, found another `|`
              |
            1 | http | | count
              |        ^
              |
              = help: the stages are select, where, sort, limit, tail, count, stats, top, uniq, conns, flow, entries, packets

            error[K0502]: there is no stage `(`
              |
            1 | http | (dns)
              |        ^
              |
              = help: for `or` write `||`: … || (dns)

            error[K0502]: there is no stage `5`
              |
            1 | http | 5
              |        ^
              |
              = help: for `or` write `||`: … || 5

        "#]],
    );
}

#[test]
fn forms_of_stages() {
    check_mistakes(
        &[
            "http | limit",
            "http | limit -1",
            "http | limit 1.5",
            "http | tail \"5\"",
            "http | limit 10, 20",
            "http | top path",
            "http | top 5",
            "http | top 5 path by elapsed_time, status_code",
            "http | select",
            "http | select path as",
            "http | select path as 'p'",
            "http | select path as a b",
            "http | select path, | count",
            "http | sort by path",
            "http | sort elapsed_time desc",
            "http | sort request.headers",
            "http | where",
            "http | where status_code",
            "http | count path",
            "http | count(*) by path",
            "http | conns 5",
            "http | flow && dns",
            "http | stats count() by",
            "http | stats count() by every(5)",
            "http | stats count() by every(1d)",
            "http | stats count() by every(elapsed_time)",
            "http | stats count() by every(0s)",
            "http | where elapsed_time > 1m",
        ],
        expect![[r#"
            error[K0503]: expected a number of rows after `limit`, found the end of the filter
              |
            1 | http | limit
              |             ^
              |
              = help: for example: limit 10

            error[K0503]: `limit` takes one whole number of rows
              |
            1 | http | limit -1
              |              ^^
              |
              = help: for example: limit 10

            error[K0503]: `limit` takes one whole number of rows
              |
            1 | http | limit 1.5
              |              ^^^
              |
              = help: for example: limit 10

            error[K0503]: `tail` takes one whole number of rows
              |
            1 | http | tail "5"
              |             ^^^
              |
              = help: for example: tail 10

            error[K0503]: `limit` takes one whole number of rows
              |
            1 | http | limit 10, 20
              |              ^^^^^^
              |
              = help: for example: limit 10

            error[K0503]: expected how many after `top`
              |
            1 | http | top path
              |            ^^^^
              |
              = help: for example: top 10 path

            error[K0503]: expected a value after `top`, found the end of the filter
              |
            1 | http | top 5
              |             ^
              |
              = help: for example: top 10 path

            error[K0503]: `top` orders by one value
              |
            1 | http | top 5 path by elapsed_time, status_code
              |                                    ^^^^^^^^^^^
              |
              = help: stats computes several: stats … | sort -x | limit 10

            error[K0503]: expected a value after `select`, found the end of the filter
              |
            1 | http | select
              |              ^
              |
              = help: for example: select path, status_code

            error[K0503]: expected a name after `as`
              |
            1 | http | select path as
              |                      ^
              |
              = help: a name is letters, digits and `_`: as slow_calls

            error[K0503]: expected a name after `as`, found a string
              |
            1 | http | select path as 'p'
              |                       ^^^
              |
              = help: a name is letters, digits and `_`: as slow_calls

            error[K0503]: expected a name after `as`, found `a`
              |
            1 | http | select path as a b
              |                       ^^^
              |
              = help: a name is letters, digits and `_`: as slow_calls

            error[K0101]: expected a value, found `|`
              |
            1 | http | select path, | count
              |                     ^

            error[K0503]: `sort` takes its keys without `by`
              |
            1 | http | sort by path
              |             ^^
              |
              = help: write sort path

            error[K0503]: `desc` is no word here
              |
            1 | http | sort elapsed_time desc
              |                          ^^^^
              |
              = help: write sort -elapsed_time

            error[K0303]: rows are not sorted by a map(string, string)
              |
            1 | http | sort request.headers
              |             ^^^^^^^^^^^^^^^
              |
              = help: sort by something of it, for example size(request.headers)

            error[K0503]: expected a condition after `where`, found the end of the filter
              |
            1 | http | where
              |             ^
              |
              = help: for example: where status_code >= 500

            error[K0301]: the condition of `where` must be true or false, this is an int
              |
            1 | http | where status_code
              |              ^^^^^^^^^^^
              |
              = help: compare it: where status_code != 0

            error[K0503]: expected `by`, found `path`
              |
            1 | http | count path
              |              ^^^^
              |
              = help: write count by path

            error[K0503]: the stage `count` takes no brackets
              |
            1 | http | count(*) by path
              |             ^^^^^^^^^^^
              |
              = help: write count, or count by path; stats count(), sum(x) computes more at once

            error[K0503]: `conns` takes nothing after it, found `5`
              |
            1 | http | conns 5
              |              ^
              |
              = help: the next stage follows a pipe: … | conns | …; for `or` write `||`

            error[K0503]: `flow` takes nothing after it, found `&&`
              |
            1 | http | flow && dns
              |             ^^^^^^
              |
              = help: the next stage follows a pipe: … | flow | …; for `or` write `||`

            error[K0503]: expected a value after `by`, found the end of the filter
              |
            1 | http | stats count() by
              |                        ^
              |
              = help: for example: by path, every(1m)

            error[K0503]: `every` takes a length of time above zero
              |
            1 | http | stats count() by every(5)
              |                               ^
              |
              = help: say of what: every(5s)

            error[K0503]: `every` takes a length of time above zero
              |
            1 | http | stats count() by every(1d)
              |                               ^^
              |
              = help: the longest unit is the hour: every(24h)

            error[K0503]: `every` takes a length of time above zero
              |
            1 | http | stats count() by every(elapsed_time)
              |                               ^^^^^^^^^^^^
              |
              = help: for example: every(1m), every("90s"), every(duration("1h"))

            error[K0503]: `every` takes a length of time above zero
              |
            1 | http | stats count() by every(0s)
              |                               ^^
              |
              = help: for example: every(1m), every("90s"), every(duration("1h"))

            error[K0108]: `1m` is no number
              |
            1 | http | where elapsed_time > 1m
              |                             ^^
              |
              = help: a length of time is written duration("1m")

        "#]],
    );
}

#[test]
fn aggregates() {
    check_mistakes(
        &[
            "http | stats count",
            "http | stats count(*)",
            "http | stats count(path)",
            "http | stats mean(elapsed_time), averge(elapsed_time), foo(1)",
            "http | stats sum(path), avg(http), min(request.headers)",
            "http | stats avg(), max(id, index)",
            "http | stats path",
            "http | stats sum(id) / count()",
            "http | where count() > 5",
            "http | select avg(elapsed_time)",
            "http | select every(1m)",
            "count() > 5",
            "http | select path | stats count() by every(1m)",
        ],
        expect![[r#"
            error[K0504]: the aggregate `count` has brackets
              |
            1 | http | stats count
              |              ^^^^^
              |
              = help: write count()

            error[K0504]: `count` takes nothing in its brackets
              |
            1 | http | stats count(*)
              |                    ^
              |
              = help: write count()

            error[K0504]: `count` takes nothing in its brackets
              |
            1 | http | stats count(path)
              |                    ^^^^
              |
              = help: write count(); distinct(path) counts the different values

            error[K0504]: there is no aggregate `mean`
              |
            1 | http | stats mean(elapsed_time), averge(elapsed_time), foo(1)
              |              ^^^^
              |
              = help: did you mean `avg`?
            error[K0504]: there is no aggregate `averge`
              |
            1 | http | stats mean(elapsed_time), averge(elapsed_time), foo(1)
              |                                  ^^^^^^
              |
              = help: the aggregates are count, sum, avg, min, max, p50, p90, p99, distinct
            error[K0504]: there is no aggregate `foo`
              |
            1 | http | stats mean(elapsed_time), averge(elapsed_time), foo(1)
              |                                                        ^^^
              |
              = help: the aggregates are count, sum, avg, min, max, p50, p90, p99, distinct

            error[K0504]: `sum` takes numbers or durations, this is a string
              |
            1 | http | stats sum(path), avg(http), min(request.headers)
              |                  ^^^^
              |
              = help: for example: sum(size(path))
            error[K0504]: `avg` takes numbers or durations, this is a bool
              |
            1 | http | stats sum(path), avg(http), min(request.headers)
              |                             ^^^^
              |
              = help: for example: avg(http ? 1 : 0)
            error[K0504]: `min` takes values that have an order, this is a map(string, string)
              |
            1 | http | stats sum(path), avg(http), min(request.headers)
              |                                        ^^^^^^^^^^^^^^^

            error[K0504]: `avg` takes one value, found 0
              |
            1 | http | stats avg(), max(id, index)
              |              ^^^^^
              |
              = help: for example: avg(elapsed_time)
            error[K0504]: `max` takes one value, found 2
              |
            1 | http | stats avg(), max(id, index)
              |                     ^^^^^^^^^^^^^^
              |
              = help: for example: max(elapsed_time)

            error[K0504]: `stats` takes aggregates, this is a value of each row
              |
            1 | http | stats path
              |              ^^^^
              |
              = help: say what of it: max(path); for its groups: by path

            error[K0504]: `stats` takes aggregates, this computes with something
              |
            1 | http | stats sum(id) / count()
              |              ^^^^^^^^^^^^^^^^^
              |
              = help: name the aggregates, then compute: stats sum(x) as a, count() as n | select a / n

            error[K0504]: `count(…)` is an aggregate: it stands alone in `stats`, or after `by` of `top`
              |
            1 | http | where count() > 5
              |              ^^^^^^^
              |
              = help: compute it first: stats count() as x | where x > 0

            error[K0504]: `avg(…)` is an aggregate: it stands alone in `stats`, or after `by` of `top`
              |
            1 | http | select avg(elapsed_time)
              |               ^^^^^^^^^^^^^^^^^
              |
              = help: compute it first: stats avg(elapsed_time) as x | where x > 0

            error[K0504]: `every(…)` stands after `by`, not after `select`
              |
            1 | http | select every(1m)
              |               ^^^^^^^^^
              |
              = help: for example: stats count() by every(1m)

            error[K0202]: there is no function `count`
              |
            1 | count() > 5
              | ^^^^^
              |
              = help: here it is `size`

            error[K0504]: `every` makes buckets of the column `timestamp`, and there is none here
              |
            1 | http | select path | stats count() by every(1m)
              |                                       ^^^^^^^^^
              |
              = help: keep it in the stage before: select timestamp, …

        "#]],
    );
}

#[test]
fn columns_and_steps() {
    check_mistakes(
        &[
            "http | count by path | where status_code >= 500",
            "http | stats count() by path | sort -cuont",
            "http | stats count() as n by path | where n > 'a'",
            "http | select path, path",
            "http | select path as a, url as a | where a == ''",
            "http | select ip(src.ip) as a",
            "http | uniq request.headers",
            "http | select path | conns",
            "http | count | packets | where captured_length > 3 | where path == '/'",
            "htp | where sttus_code > 3 | sort pth | select pth, path | where pth == 3 | where url == ''",
        ],
        expect![[r#"
            error[K0201]: there is no column `status_code`
              |
            1 | http | count by path | where status_code >= 500
              |                              ^^^^^^^^^^^
              |
              = help: the columns here are `path`, `count`

            error[K0201]: there is no column `cuont`
              |
            1 | http | stats count() by path | sort -cuont
              |                                      ^^^^^
              |
              = help: did you mean `count()`?

            error[K0302]: an int cannot be compared with a string
              |
            1 | http | stats count() as n by path | where n > 'a'
              |                                           ^   --- string
              |                                           |
              |                                           int

            error[K0505]: two columns are named `path`
              |
            1 | http | select path, path
              |                     ^^^^
              |
              = help: give one another name with `as`

            error[K0505]: two columns are named `a`
              |
            1 | http | select path as a, url as a | where a == ''
              |                          ^^^^^^^^
              |
              = help: give one another name with `as`

            error[K0505]: an ip cannot be a column
              |
            1 | http | select ip(src.ip) as a
              |               ^^^^^^^^^^^^^^^
              |
              = help: write string(ip(src.ip))

            error[K0505]: groups are not made of maps
              |
            1 | http | uniq request.headers
              |             ^^^^^^^^^^^^^^^
              |
              = help: name one key: map_get(request.headers, "…", "")

            error[K0506]: `conns` needs rows that belong to connections; after `select` there are only columns
              |
            1 | http | select path | conns
              |                      ^^^^^
              |
              = help: step first: … | conns | select …

            error[K0506]: `packets` needs rows that belong to connections; after `count` there are only columns
              |
            1 | http | count | packets | where captured_length > 3 | where path == '/'
              |                ^^^^^^^
              |
              = help: step first: … | packets | count …
            error[K0201]: there is no column `path`
              |
            1 | http | count | packets | where captured_length > 3 | where path == '/'
              |                                                            ^^^^
              |
              = help: the columns here are `packet`, `timestamp`, `conn_id`, `flow_id`, `interface`, `link_type`, …

            error[K0201]: there is no variable `htp`
              |
            1 | htp | where sttus_code > 3 | sort pth | select pth, path | where pth == 3 | where url == ''
              | ^^^
              |
              = help: did you mean `http`?
            error[K0201]: there is no variable `sttus_code`
              |
            1 | htp | where sttus_code > 3 | sort pth | select pth, path | where pth == 3 | where url == ''
              |             ^^^^^^^^^^
              |
              = help: did you mean `status_code`?
            error[K0201]: there is no variable `pth`
              |
            1 | htp | where sttus_code > 3 | sort pth | select pth, path | where pth == 3 | where url == ''
              |                                   ^^^
              |
              = help: did you mean `path`?
            error[K0201]: there is no variable `pth`
              |
            1 | htp | where sttus_code > 3 | sort pth | select pth, path | where pth == 3 | where url == ''
              |                                                ^^^
              |
              = help: did you mean `path`?
            error[K0201]: there is no column `url`
              |
            1 | htp | where sttus_code > 3 | sort pth | select pth, path | where pth == 3 | where url == ''
              |                                                                                   ^^^
              |
              = help: the columns here are `pth`, `path`

        "#]],
    );
}

#[test]
fn pipes_where_none_can_stand() {
    check_mistakes(
        &[
            "(http | count)",
            "http && (dns | tlsx)",
            "http || count",
            "http || limit 5 | count",
            "(http | count",
            "http) | count by (path",
            "http && | count",
        ],
        expect![[r#"
            error[K0501]: a pipe stands outside all brackets
              |
            1 | (http | count)
              |       ^
              |
              = help: for `or` write `||`; a stage follows the whole filter: http && … | count

            error[K0501]: a pipe stands outside all brackets
              |
            1 | http && (dns | tlsx)
              |              ^
              |
              = help: for `or` write `||`; a stage follows the whole filter: http && … | count

            error[K0501]: `||` joins two conditions, `count` begins a stage
              |
            1 | http || count
              |      ^^
              |
              = help: one `|` leads to a stage

            error[K0501]: `||` joins two conditions, `limit` begins a stage
              |
            1 | http || limit 5 | count
              |      ^^
              |
              = help: one `|` leads to a stage

            error[K0105]: `(` is never closed
              |
            1 | (http | count
              | ^

            error[K0105]: `)` closes no bracket
              |
            1 | http) | count by (path
              |     ^
            error[K0105]: `(` is never closed
              |
            1 | http) | count by (path
              |                  ^

            error[K0101]: expected a value, found the end of the filter
              |
            1 | http && | count
              |         ^

        "#]],
    );
    let mut shown = String::new();
    for text in ["http | count", "http | dns", "(http | count)"] {
        for problem in compile(text, &ENVIRONMENT).expect_err(text) {
            shown.push_str(&problem.render(text));
        }
    }
    expect![[r#"
        error[K0501]: here a filter stands alone, without stages after it
          |
        1 | http | count
          |      ^^^^^^^
          |
          = help: leave out what follows the `|`; for `or` write `||`
        error[K0103]: `|` is no operator here
          |
        1 | http | dns
          |      ^
          |
          = help: write `||`
        error[K0103]: `|` is no operator here
          |
        1 | (http | count)
          |       ^
          |
          = help: write `||`
        error[K0201]: there is no variable `count`
          |
        1 | (http | count)
          |         ^^^^^
    "#]]
    .assert_eq(&shown);
}

#[test]
fn limits_have_mistakes_of_their_own() {
    let code = |text: &str| compile_query(text, &ENVIRONMENT).unwrap_err()[0].code;
    assert_eq!(code(&format!("http{}", " | limit 1".repeat(65))), "K0004");
    assert!(compile_query(&format!("http{}", " | limit 1".repeat(64)), &ENVIRONMENT).is_ok());
    let columns = |count: usize| {
        let columns: Vec<_> = (0..count).map(|place| format!("path as c{place}")).collect();
        format!("http | select {}", columns.join(", "))
    };
    assert_eq!(code(&columns(257)), "K0005");
    assert!(compile_query(&columns(256), &ENVIRONMENT).is_ok());
}

fn item(rng: &mut Rng) -> Item {
    let value = match rng.u8(0..6) {
        0 => Value::Every(Some((rng.i64(1..=i64::MAX) >> rng.u8(0..62)).max(1))),
        _ => Value::Expr(generate::tree(rng, 2)),
    };
    let name = ["slow", "a.b", "_x"][rng.usize(..3)].to_owned();
    Item {
        value,
        name: rng.bool().then_some(Word { text: name, span: 0..0 }),
        span: 0..0,
    }
}

fn items(rng: &mut Rng, least: usize) -> Vec<Item> {
    (0..rng.usize(least..4)).map(|_| item(rng)).collect()
}

fn stage(rng: &mut Rng) -> Stage {
    let key = |rng: &mut Rng| Key {
        value: generate::tree(rng, 2),
        descending: rng.bool(),
    };
    let kind = match rng.u8(0..10) {
        0 => Kind::Select(items(rng, 1)),
        1 => Kind::Where(generate::tree(rng, 3)),
        2 => Kind::Sort((0..rng.usize(1..4)).map(|_| key(rng)).collect()),
        3 => Kind::Limit(rng.u64(..) >> rng.u8(1..64)),
        4 => Kind::Tail(rng.u64(..9)),
        5 => Kind::Count { by: items(rng, 0) },
        6 => Kind::Stats {
            aggregates: items(rng, 1),
            by: items(rng, 0),
        },
        7 => Kind::Top {
            limit: rng.u64(..9),
            of: items(rng, 1),
            by: rng.bool().then(|| item(rng)),
        },
        8 => Kind::Uniq(items(rng, 1)),
        _ => Kind::Step([Step::Connections, Step::Flows, Step::Entries, Step::Packets][rng.usize(..4)]),
    };
    Stage { kind, word: 0..0 }
}

#[test]
fn printed_pipes_parse_to_themselves() {
    let mut rng = Rng::with_seed(7);
    for _ in 0..3000 {
        let pipe = Pipe {
            filter: generate::tree(&mut rng, 3),
            stages: (0..rng.usize(..4)).map(|_| stage(&mut rng)).collect(),
        };
        let text = pipe.to_string();
        let (mut of_filter, mut of_stages) = (Vec::new(), Vec::new());
        let again = parse::parse(&text, &mut of_filter, &mut of_stages);
        assert_eq!((of_filter, of_stages), (vec![], vec![]), "{text}");
        assert_eq!(again, pipe, "{text}");
    }
}

#[test]
fn completions() {
    let mut shown = String::new();
    // `^` is the cursor.
    for marked in [
        "http | ^",
        "http | s^",
        "http | conns | w^",
        "http | limit ^",
        "http | where stat^",
        "http | sort -elap^",
        "http | select path, stat^",
        "http | select path a^",
        "http | select path as ^",
        "http | stats ^",
        "http | stats co^",
        "http | stats sum(response_b^",
        "http | stats count() ^",
        "http | stats count() by ev^",
        "http | top 5 pat^",
        "http | top 5 path by a^",
        "http | count ^",
        "http | stats p99(elapsed_time), count() as n by path | where ^",
        "http | stats p99(elapsed_time), count() as n by path | sort -p^",
        "http | count by path | where path.star^",
        "http | where method == \"G^",
        "dns | packets | where cap^",
        "http | nonsense | where p^",
    ] {
        let cursor = marked.find('^').unwrap();
        let text = marked.replace('^', "");
        let completions = complete(&text, cursor);
        let items: Vec<_> = completions
            .items
            .iter()
            .take(5)
            .map(|item| item.text.as_str())
            .collect();
        let values = completions.values_of.map_or("", |field| field.name);
        shown.push_str(&format!(
            "{marked}\n    `{}` {values}: {}\n",
            &text[completions.range],
            items.join(", ")
        ));
    }
    expect![[r#"
        http | ^
            `` : select, where, sort, limit, tail
        http | s^
            `s` : select, sort, stats
        http | conns | w^
            `w` : where
        http | limit ^
            `` : 
        http | where stat^
            `stat` : status_code
        http | sort -elap^
            `elap` : elapsed_time
        http | select path, stat^
            `stat` : status_code
        http | select path a^
            `a` : as
        http | select path as ^
            `` : 
        http | stats ^
            `` : count(), sum(, avg(, min(, max(
        http | stats co^
            `co` : count()
        http | stats sum(response_b^
            `response_b` : response_body, response_body_size
        http | stats count() ^
            `` : by, as
        http | stats count() by ev^
            `ev` : every(
        http | top 5 pat^
            `pat` : path
        http | top 5 path by a^
            `a` : avg(, amqp, amqp_method, amqp_request, amqp_summary
        http | count ^
            `` : by
        http | stats p99(elapsed_time), count() as n by path | where ^
            `` : n, in, ip(, dyn(, has(
        http | stats p99(elapsed_time), count() as n by path | sort -p^
            `p` : path, p99(elapsed_time)
        http | count by path | where path.star^
            `path.star` : path.startsWith(
        http | where method == "G^
            `G` method: 
        dns | packets | where cap^
            `cap` : captured_length
        http | nonsense | where p^
            `p` : 
    "#]]
    .assert_eq(&shown);
}

#[test]
fn colours() {
    let mut shown = String::new();
    for text in [
        "http | stats sum(elapsed_time) as total, count() by path, every(1m) | sort -total, -count() | where path != ''",
        "http | select src.ip, elapsed_time as of.x | where src.ip == 'a' && status_code == 1 && of.x == 2",
        "http | nope 5 | limit 5",
        "(http | count)",
    ] {
        for (range, kind) in highlight(text) {
            shown.push_str(&format!("{}:{kind:?} ", &text[range]));
        }
        shown.push('\n');
    }
    expect![[r#"
        http:Flag |:Operator stats:Stage sum:Function (:Operator elapsed_time:Variable ):Operator as:Operator total:Variable ,:Operator count:Function (:Operator ):Operator by:Operator path:Variable ,:Operator every:Function (:Operator 1m:Literal ):Operator |:Operator sort:Stage -:Operator total:Variable ,:Operator -:Operator count:Function (:Operator ):Operator |:Operator where:Stage path:Variable !=:Operator '':String 
        http:Flag |:Operator select:Stage src.ip:Variable ,:Operator elapsed_time:Variable as:Operator of:Variable .:Variable x:Variable |:Operator where:Stage src.ip:Variable ==:Operator 'a':String &&:Operator status_code:Error ==:Operator 1:Literal &&:Operator of.x:Variable ==:Operator 2:Literal 
        http:Flag |:Operator nope:Error 5:Literal |:Operator limit:Stage 5:Literal 
        (:Operator http:Flag |:Error count:Error ):Operator 
    "#]].assert_eq(&shown);
}
