//! Mistakes and how they are shown.

use expect_test::{Expect, expect};

use super::ENVIRONMENT;
use crate::compile;

#[track_caller]
fn check(texts: &[&str], expect: Expect) {
    let mut shown = String::new();
    for text in texts {
        let problems = compile(text, &ENVIRONMENT).expect_err(text);
        for problem in problems {
            shown.push_str(&problem.render(text));
        }
        shown.push('\n');
    }
    expect.assert_eq(&shown);
}

#[test]
fn syntax() {
    check(
        &[
            "http &&",
            "http dns",
            "http && && dns",
            "(http",
            "http)",
            "[1, 2",
            "(http]",
            "a ? b",
            "status_code == ",
            "path.contains(",
            "src. == 'a'",
            "path == 'abc",
            "path == \"a\\d\"",
            "http § dns",
            "for == 1",
            "9223372036854775808 == 1",
            "99999999999999999999 == 1",
            "1e999 > 1.0",
            "{'a' 1}",
            "a.exists(1, true)",
        ],
        expect![[r#"
            error[K0101]: expected a value, found the end of the filter
              |
            1 | http &&
              |        ^

            error[K0101]: expected an operator, found `dns`
              |
            1 | http dns
              |      ^^^
              |
              = help: join two conditions with `&&` or `||`

            error[K0101]: expected a value, found `&&`
              |
            1 | http && && dns
              |         ^^

            error[K0105]: `(` is never closed
              |
            1 | (http
              | ^

            error[K0105]: `)` closes no bracket
              |
            1 | http)
              |     ^

            error[K0105]: `[` is never closed
              |
            1 | [1, 2
              | ^

            error[K0105]: expected `)`, found `]`
              |
            1 | (http]
              | -    ^
              | |
              | opened here

            error[K0101]: expected `:`, found the end of the filter
              |
            1 | a ? b
              |      ^

            error[K0101]: expected a value, found the end of the filter
              |
            1 | status_code == 
              |                ^

            error[K0304]: expected `string.contains(string)`, found `string.contains()`
              |
            1 | path.contains(
              |      ^^^^^^^^
            error[K0105]: `(` is never closed
              |
            1 | path.contains(
              |              ^

            error[K0101]: expected a name, found `==`
              |
            1 | src. == 'a'
              |      ^^

            error[K0104]: this string is not closed
              |
            1 | path == 'abc
              |         ^^^^
              |
              = help: close it with the quote that opened it; a string over several lines takes three: """…"""

            error[K0109]: this escape is misspelt: expected one of `\n \r \t \\ \" \' \xHH \uHHHH \UHHHHHHHH \ooo`
              |
            1 | path == "a\d"
              |           ^^
              |
              = help: a backslash itself is written `\\`, or leave the string raw: r"…"

            error[K0102]: this character is no part of the language
              |
            1 | http § dns
              |      ^

            error[K0106]: `for` is a reserved word and names no variable
              |
            1 | for == 1
              | ^^^

            error[K0108]: this number is out of range
              |
            1 | 9223372036854775808 == 1
              | ^^^^^^^^^^^^^^^^^^^
              |
              = help: an int goes from -9223372036854775808 to 9223372036854775807

            error[K0108]: this number is out of range
              |
            1 | 99999999999999999999 == 1
              | ^^^^^^^^^^^^^^^^^^^^
              |
              = help: an int goes from -9223372036854775808 to 9223372036854775807

            error[K0108]: this number is out of range
              |
            1 | 1e999 > 1.0
              | ^^^^^
              |
              = help: a double reaches about 1.8e308

            error[K0101]: expected an operator or `:`, found `1`
              |
            1 | {'a' 1}
              |      ^

            error[K0306]: expected a name for the element, found `1`
              |
            1 | a.exists(1, true)
              |          ^

        "#]],
    );
}

#[test]
fn several_mistakes_at_once() {
    check(
        &["http = 1 and sttus_code == \"200\" && path.contain(\"x\") && (src.ip == 3 || ) or not dns # all of them"],
        expect![[r#"
            error[K0302]: a bool cannot be compared with an int
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              | ^^^^   - int
              | |
              | bool
            error[K0103]: `=` is no operator here
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              |      ^
              |
              = help: write `==`
            error[K0103]: `and` is no operator here
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              |          ^^^
              |
              = help: write `&&`
            error[K0201]: there is no variable `sttus_code`
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              |              ^^^^^^^^^^
              |
              = help: did you mean `status_code`?
            error[K0202]: there is no function `contain`
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              |                                          ^^^^^^^
              |
              = help: did you mean `contains`?
            error[K0302]: a string cannot be compared with an int
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              |                                                           ^^^^^^    - int
              |                                                           |
              |                                                           string
              |
              = help: write the text in quotes: "3"
            error[K0101]: expected a value, found `)`
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              |                                                                          ^
            error[K0103]: `or` is no operator here
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              |                                                                            ^^
              |
              = help: write `||`
            error[K0103]: `not` is no operator here
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              |                                                                               ^^^
              |
              = help: write `!`
            error[K0107]: `#` begins no comment here
              |
            1 | http = 1 and sttus_code == "200" && path.contain("x") && (src.ip == 3 || ) or not dns # all of them
              |                                                                                       ^^^^^^^^^^^^^
              |
              = help: write `//` before a comment

        "#]],
    );
}

#[test]
fn spellings_of_elsewhere() {
    check(
        &[
            "http and dns",
            "http or not dns",
            "method not in ['GET']",
            "not(http)",
            "status_code = 200",
            "method <> 'GET'",
            "http & dns",
            "http | dns",
            "http # comment",
            "response.status == 200",
            "request.method == 'GET'",
            "src.ns == 'default'",
            "http.status_code == 200",
            "dns.questions == 1",
            "ip.src == '10.0.0.1'",
            "tcp.port == 80",
            "http.request.method == 'GET'",
            "status_code == \"200\"",
            "status_code in ['200']",
            "http && r'^/api'",
            "r'^/api'",
            "dns_questions.contains('a')",
            "dns_questions == 'a'",
            "contains(path, 'a')",
            "path.toLower() == 'a'",
            "'/api' in path",
            "src.ip == 10.0.0.1",
            "src.ip in '10.0.0.0/8'",
            "elapsed_time > 5ms",
            "elapsed_time > duration('5ms')",
            "timestamp > '2026-01-01T00:00:00Z'",
        ],
        expect![[r#"
            error[K0103]: `and` is no operator here
              |
            1 | http and dns
              |      ^^^
              |
              = help: write `&&`

            error[K0103]: `or` is no operator here
              |
            1 | http or not dns
              |      ^^
              |
              = help: write `||`
            error[K0103]: `not` is no operator here
              |
            1 | http or not dns
              |         ^^^
              |
              = help: write `!`

            error[K0103]: `not in` is no operator here
              |
            1 | method not in ['GET']
              |        ^^^
              |
              = help: write `!(x in list)`

            error[K0103]: `not` is no operator here
              |
            1 | not(http)
              | ^^^
              |
              = help: write `!`

            error[K0103]: `=` is no operator here
              |
            1 | status_code = 200
              |             ^
              |
              = help: write `==`

            error[K0103]: `<>` is no operator here
              |
            1 | method <> 'GET'
              |        ^^
              |
              = help: write `!=`

            error[K0103]: `&` is no operator here
              |
            1 | http & dns
              |      ^
              |
              = help: write `&&`

            error[K0103]: `|` is no operator here
              |
            1 | http | dns
              |      ^
              |
              = help: write `||`

            error[K0107]: `#` begins no comment here
              |
            1 | http # comment
              |      ^^^^^^^^^
              |
              = help: write `//` before a comment

            error[K0203]: there is no variable `response.status`
              |
            1 | response.status == 200
              | ^^^^^^^^^^^^^^^
              |
              = help: here it is `status_code`

            error[K0203]: there is no variable `request.method`
              |
            1 | request.method == 'GET'
              | ^^^^^^^^^^^^^^
              |
              = help: here it is `method`

            error[K0203]: there is no variable `src.ns`
              |
            1 | src.ns == 'default'
              | ^^^^^^
              |
              = help: here it is `src.namespace`

            error[K0203]: there is no variable `http.status_code`
              |
            1 | http.status_code == 200
              | ^^^^^^^^^^^^^^^^
              |
              = help: here it is `http && status_code`

            error[K0203]: `dns` is a flag, true or false, and has no fields
              |
            1 | dns.questions == 1
              | ^^^^^^^^^^^^^
              |
              = help: write `dns && dns_questions …`

            error[K0203]: there is no variable `ip.src`
              |
            1 | ip.src == '10.0.0.1'
              | ^^^^^^
              |
              = help: here it is `src.ip`

            error[K0203]: there is no variable `tcp.port`
              |
            1 | tcp.port == 80
              | ^^^^^^^^
              |
              = help: here it is `80 in [src.port, dst.port]`

            error[K0203]: there is no variable `http.request.method`
              |
            1 | http.request.method == 'GET'
              | ^^^^^^^^^^^^^^^^^^^
              |
              = help: here it is `http && method`

            error[K0302]: an int cannot be compared with a string
              |
            1 | status_code == "200"
              | ^^^^^^^^^^^    ----- string
              | |
              | int
              |
              = help: write the number without quotes: 200

            error[K0303]: the list holds string values, never an int
              |
            1 | status_code in ['200']
              |                ^^^^^^^
              |
              = help: write the numbers in the list without quotes

            error[K0301]: a regular expression alone tests nothing
              |
            1 | http && r'^/api'
              |         ^^^^^^^^
              |
              = help: say which variable it tests: path.matches(r'^/api')

            error[K0301]: a filter must be true or false, this is a string
              |
            1 | r'^/api'
              | ^^^^^^^^
              |
              = help: say which variable the regular expression tests: path.matches(r'^/api')

            error[K0304]: expected `string.contains(string)`, found `list(string).contains(string)`
              |
            1 | dns_questions.contains('a')
              |               ^^^^^^^^
              |
              = help: write 'a' in dns_questions

            error[K0302]: a list(string) cannot be compared with a string
              |
            1 | dns_questions == 'a'
              | ^^^^^^^^^^^^^    --- string
              | |
              | list(string)
              |
              = help: write 'a' in dns_questions

            error[K0304]: expected `string.contains(string)`, found `contains(string, string)`
              |
            1 | contains(path, 'a')
              | ^^^^^^^^
              |
              = help: write path.contains('a')

            error[K0202]: there is no function `toLower`
              |
            1 | path.toLower() == 'a'
              |      ^^^^^^^
              |
              = help: here it is `lowerAscii`

            error[K0303]: expected a list, a map or a network after `in`, found a string
              |
            1 | '/api' in path
              |           ^^^^
              |
              = help: write path.contains('/api')

            error[K0108]: an address is a string, found `10.0.0.1` without quotes
              |
            1 | src.ip == 10.0.0.1
              |           ^^^^^^^^
              |
              = help: write "10.0.0.1"

            error[K0303]: expected a list, a map or a network after `in`, found a string
              |
            1 | src.ip in '10.0.0.0/8'
              |           ^^^^^^^^^^^^
              |
              = help: a network is written cidr('10.0.0.0/8')

            error[K0108]: `5ms` is no number
              |
            1 | elapsed_time > 5ms
              |                ^^^
              |
              = help: a length of time is written duration("5ms")

            error[K0302]: an int cannot be compared with a duration
              |
            1 | elapsed_time > duration('5ms')
              | ^^^^^^^^^^^^   --------------- duration
              | |
              | int
              |
              = help: a time in an int counts microseconds: 5 ms is 5000

            error[K0302]: a timestamp cannot be compared with a string
              |
            1 | timestamp > '2026-01-01T00:00:00Z'
              | ^^^^^^^^^   ---------------------- string
              | |
              | timestamp
              |
              = help: write timestamp("2026-01-01T00:00:00Z")

        "#]],
    );
}

#[test]
fn names_and_types() {
    check(
        &[
            "sttaus_code == 200",
            "src.adress == 'a'",
            "src == 'a'",
            "status_code.x == 1",
            "size == 3",
            "path",
            "status_code",
            "!path",
            "path && http",
            "path ? http : dns",
            "(http ? 1 : 'a') == 1",
            "1 + 1.0 == 2.0",
            "'a' + 1 == 'a1'",
            "-path == 'a'",
            "-http",
            "path == null",
            "{1.5: 1} == {1.5: 1}",
            "path < http",
            "dns_questions < dns_questions",
            "path.contains(1)",
            "path.startsWth('a')",
            "foo(path)",
            "path.size(1) == 1",
            "method('GET')",
            "has(path)",
            "has()",
            "exists(path)",
            "path.exists(c, true)",
            "dns_questions.exists('q', true)",
            "dns_questions[http] == 'a'",
            "status_code[0] == 1",
            "request.headers[0] == 'a'",
            "3 in 3",
            "3 in request.headers",
            "path.matches('[')",
            "timestamp > timestamp('yesterday')",
            "duration('5') > duration('1s')",
            "src.ip in cidr('10.0.0.0/40')",
        ],
        expect![[r#"
            error[K0201]: there is no variable `sttaus_code`
              |
            1 | sttaus_code == 200
              | ^^^^^^^^^^^
              |
              = help: did you mean `status_code`?

            error[K0201]: there is no variable `src.adress`
              |
            1 | src.adress == 'a'
              | ^^^^^^^^^^
              |
              = help: there is `src.dns`, `src.ip`, `src.name` or `src.namespace`

            error[K0201]: there is no variable `src`
              |
            1 | src == 'a'
              | ^^^
              |
              = help: there is `src.dns`, `src.ip`, `src.name` or `src.namespace`

            error[K0204]: `status_code` is an int and has no field `x`
              |
            1 | status_code.x == 1
              |             ^

            error[K0201]: there is no variable `size`
              |
            1 | size == 3
              | ^^^^
              |
              = help: `size` is a function; it is called with parentheses

            error[K0301]: a filter must be true or false, this is a string
              |
            1 | path
              | ^^^^
              |
              = help: compare it: path != ""

            error[K0301]: a filter must be true or false, this is an int
              |
            1 | status_code
              | ^^^^^^^^^^^
              |
              = help: compare it: status_code != 0

            error[K0301]: the operand of `!` must be true or false, this is a string
              |
            1 | !path
              |  ^^^^
              |
              = help: compare it: path != ""

            error[K0301]: each side of `&&` must be true or false, this is a string
              |
            1 | path && http
              | ^^^^
              |
              = help: compare it: path != ""

            error[K0301]: the condition before `?` must be true or false, this is a string
              |
            1 | path ? http : dns
              | ^^^^
              |
              = help: compare it: path != ""

            error[K0305]: both results of `?:` must have one type, found an int and a string
              |
            1 | (http ? 1 : 'a') == 1
              |         -   ^^^ string
              |         |
              |         int

            error[K0303]: `+` does not take an int and a double
              |
            1 | 1 + 1.0 == 2.0
              | ^   --- double
              | |
              | int
              |
              = help: arithmetic never mixes types; convert one side: double(1)

            error[K0303]: `+` does not take a string and an int
              |
            1 | 'a' + 1 == 'a1'
              | ^^^   - int
              | |
              | string
              |
              = help: make it a text first: string(1)

            error[K0303]: `-` takes an int, a double or a duration, found a string
              |
            1 | -path == 'a'
              |  ^^^^

            error[K0303]: `-` takes an int, a double or a duration, found a bool
              |
            1 | -http
              |  ^^^^
              |
              = help: the opposite of a condition is written `!`

            error[K0302]: a string cannot be compared with null
              |
            1 | path == null
              | ^^^^    ---- null
              | |
              | string
              |
              = help: a variable is never null: what a row does not have reads as "", 0 or false

            error[K0305]: a key of a map is a bool, int, uint or string, this is a double
              |
            1 | {1.5: 1} == {1.5: 1}
              |  ^^^
            error[K0305]: a key of a map is a bool, int, uint or string, this is a double
              |
            1 | {1.5: 1} == {1.5: 1}
              |              ^^^

            error[K0302]: a string cannot be compared with a bool
              |
            1 | path < http
              | ^^^^   ---- bool
              | |
              | string
              |
              = help: true and false are no texts

            error[K0302]: values of type list(string) have no order
              |
            1 | dns_questions < dns_questions
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error[K0304]: expected `string.contains(string)`, found `string.contains(int)`
              |
            1 | path.contains(1)
              |      ^^^^^^^^
              |
              = help: a string holds strings: write the text in quotes, or string(1)

            error[K0202]: there is no function `startsWth`
              |
            1 | path.startsWth('a')
              |      ^^^^^^^^^
              |
              = help: did you mean `startsWith`?

            error[K0202]: there is no function `foo`
              |
            1 | foo(path)
              | ^^^

            error[K0304]: expected `string.size()`, `bytes.size()`, `list(T).size()` or `map(K, V).size()`, found `string.size(int)`
              |
            1 | path.size(1) == 1
              |      ^^^^

            error[K0202]: there is no function `method`
              |
            1 | method('GET')
              | ^^^^^^
              |
              = help: `method` is a variable; compare it: method == 'GET'

            error[K0306]: `has` takes a field: has(map.key)
              |
            1 | has(path)
              |     ^^^^
              |
              = help: compare the variable: path != …

            error[K0306]: `has` does not take this form
              |
            1 | has()
              | ^^^^^
              |
              = help: it is used as has(map.key) -> bool

            error[K0202]: there is no function `exists`
              |
            1 | exists(path)
              | ^^^^^^
              |
              = help: it is used as list.exists(x, condition) -> bool

            error[K0306]: expected a list or a map, found a string
              |
            1 | path.exists(c, true)
              | ^^^^

            error[K0306]: expected a name for the element, found `'q'`
              |
            1 | dns_questions.exists('q', true)
              |                      ^^^

            error[K0303]: expected an int in the brackets, found a bool
              |
            1 | dns_questions[http] == 'a'
              |               ^^^^

            error[K0303]: `status_code` is an int, which has no elements
              |
            1 | status_code[0] == 1
              | ^^^^^^^^^^^

            error[K0303]: expected a string in the brackets, found an int
              |
            1 | request.headers[0] == 'a'
              |                 ^

            error[K0303]: expected a list, a map or a network after `in`, found an int
              |
            1 | 3 in 3
              |      ^

            error[K0303]: the map has string keys, never an int
              |
            1 | 3 in request.headers
              |      ^^^^^^^^^^^^^^^

            error[K0401]: this is no regular expression: unclosed character class
              |
            1 | path.matches('[')
              |              ^^^

            error[K0401]: expected a time such as 2026-01-31T12:00:00Z, found `yesterday`
              |
            1 | timestamp > timestamp('yesterday')
              |                       ^^^^^^^^^^^

            error[K0401]: expected a length of time such as 5m, 1h30m or 250ms, found `5`
              |
            1 | duration('5') > duration('1s')
              |          ^^^

            error[K0401]: expected a network such as 10.0.0.0/8, found `10.0.0.0/40`
              |
            1 | src.ip in cidr('10.0.0.0/40')
              |                ^^^^^^^^^^^^^

        "#]],
    );
}

#[test]
fn limits_name_themselves() {
    let deep = format!("{}http{}", "(".repeat(300), ")".repeat(300));
    let nested = format!("{}true{}", "vlan.all(x, ".repeat(9), ")".repeat(9));
    let long = " ".repeat(70_000);
    let mut shown = String::new();
    for text in [&deep, &nested, &long] {
        let problems = compile(text, &ENVIRONMENT).expect_err("a limit");
        for problem in &problems {
            shown.push_str(&format!("{} {} {:?}\n", problem.code, problem.message, problem.span()));
        }
    }
    expect![[r#"
        K0002 a filter may be nested 250 deep, this part is nested deeper 300..304
        K0003 macros over lists may stand 8 deep in each other 101..104
        K0001 a filter may have 64 KiB of text, this one has 70000 bytes 65536..70000
    "#]]
    .assert_eq(&shown);
}
