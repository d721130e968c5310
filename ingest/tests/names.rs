//! Names of addresses on the whole road: talks with DNS in them, and the names of all rows.

mod common;

use arrow_array::Array as _;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use common::{Kept, ingest};
use expect_test::{Expect, expect};
use ingest::talk::Talk;
use ingest::{Limits, Options, Report};

/// The rows as text: table, id, and the two ends, each with its name behind it if it has one.
fn rows(kept: &Kept) -> String {
    let mut text = String::new();
    for table in schema::tables::in_kfl() {
        for batch in kept.of(table.name) {
            let column = |name: &str| batch.column_by_name(name).expect("every row has this column");
            let id = column("id").as_primitive::<Int64Type>();
            let end = |address: &str, name: &str, row: usize| {
                let address = column(address).as_string::<i32>().value(row).to_owned();
                let name = column(name).as_string::<i32>();
                match name.is_valid(row) {
                    true => format!("{address}={}", name.value(row)),
                    false => address,
                }
            };
            for row in 0..batch.num_rows() {
                let (src, dst) = (end("src_ip", "src_dns", row), end("dst_ip", "dst_dns", row));
                text.push_str(&format!("{} {} {src} > {dst}\n", table.name, id.value(row)));
            }
        }
    }
    text
}

#[track_caller]
fn check(talk: &str, expect: Expect) {
    let (kept, _) = ingest(&Talk::parse(talk).pcap(), &Options::default());
    expect.assert_eq(&rows(&kept));
}

/// A query for the type of the first record, and its response: lines of a talk. A record is owner, type, data.
fn dns(question: &str, records: &[[&str; 3]]) -> String {
    let kind = records.first().map_or("A", |[_, kind, _]| kind);
    let query = message(0x0100, &[question], kind, &[]);
    format!(
        "10.0.0.1:51000 > 10.0.0.53:53 udp\n> {query}\n< {}\n",
        message(0x8180, &[question], kind, records)
    )
}

/// An announcement by multicast.
fn announce(records: &[[&str; 3]]) -> String {
    let message = message(0x8400, &[], "A", records);
    format!("10.0.0.7:5353 > 224.0.0.251:5353 udp\n> {message}\n")
}

/// A DNS message as a line of a talk writes bytes.
fn message(flags: u16, questions: &[&str], kind: &str, records: &[[&str; 3]]) -> String {
    let mut bytes = vec![0x12, 0x34];
    for word in [flags, questions.len() as u16, records.len() as u16, 0, 0] {
        bytes.extend(word.to_be_bytes());
    }
    for question in questions {
        bytes.extend(name(question));
        bytes.extend([0, number(kind), 0, 1]);
    }
    for [owner, kind, data] in records {
        let data = match *kind {
            "A" => data
                .parse::<std::net::Ipv4Addr>()
                .expect("an address")
                .octets()
                .to_vec(),
            "AAAA" => data
                .parse::<std::net::Ipv6Addr>()
                .expect("an address")
                .octets()
                .to_vec(),
            _ => name(data),
        };
        bytes.extend(name(owner));
        // An announcement's records replace what was known: the cache-flush bit.
        let class = if questions.is_empty() { 0x80 } else { 0 };
        bytes.extend([0, number(kind), class, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        bytes.extend(data);
    }
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn number(kind: &str) -> u8 {
    match kind {
        "A" => 1,
        "CNAME" => 5,
        "PTR" => 12,
        "AAAA" => 28,
        _ => panic!("expected A, AAAA, CNAME or PTR, found {kind:?}"),
    }
}

/// Two datagrams that no dissector knows.
fn connection(client: &str, server: &str) -> String {
    format!("{client}:40000 > {server}:9999 udp\n> hello\n< hello\n")
}

/// A response, and a connection after it.
#[track_caller]
fn check_named(question: &str, records: &[[&str; 3]], address: &str, expect: Option<&str>) {
    let client = if address.contains(':') { "[fd00::1]" } else { "10.0.0.1" };
    let bracketed = if address.contains(':') {
        format!("[{address}]")
    } else {
        address.to_owned()
    };
    let talk = format!("{}{}", dns(question, records), connection(client, &bracketed));
    let (kept, _) = ingest(&Talk::parse(&talk).pcap(), &Options::default());
    let text = rows(&kept);
    let ends: Vec<Option<&str>> = text
        .lines()
        .filter_map(|row| row.split_once(&format!("> {address}")))
        .map(|(_, name)| name.strip_prefix('='))
        .collect();
    assert_eq!(ends, [expect; 2], "the flow and the connection in\n{text}");
}

#[test]
fn an_answer_names_the_rows_that_begin_after_it() {
    let http = r"10.0.0.1:51000 > 192.0.2.1:80
> GET / HTTP/1.1\r\nHost: a\r\n\r\n
< HTTP/1.1 204 No Content\r\n\r\n
";
    let answer = dns("www.example.com", &[["www.example.com", "A", "192.0.2.1"]]);
    check(
        &format!("{http}{answer}{}", http.replace("51000", "51001")),
        expect![[r#"
            flows 1 10.0.0.1 > 192.0.2.1=www.example.com
            flows 9 10.0.0.1 > 10.0.0.53
            conns 1 10.0.0.1 > 192.0.2.1
            conns 9 10.0.0.1 > 10.0.0.53
            conns 11 10.0.0.1 > 192.0.2.1=www.example.com
            http 4 10.0.0.1 > 192.0.2.1
            http 14 10.0.0.1 > 192.0.2.1=www.example.com
            dns 9 10.0.0.1 > 10.0.0.53
        "#]],
    );
}

#[test]
fn the_name_is_what_was_asked_for() {
    let www = "www.example.com";
    check_named(www, &[[www, "A", "192.0.2.1"]], "192.0.2.1", Some(www));
    check_named(www, &[[www, "AAAA", "2001:db8::1"]], "2001:db8::1", Some(www));
    check_named(
        www,
        &[
            [www, "CNAME", "www.cdn.example"],
            ["WWW.cdn.example", "CNAME", "a.cdn.example"],
            ["a.cdn.example", "A", "192.0.2.1"],
            ["a.cdn.example", "A", "192.0.2.2"],
        ],
        "192.0.2.2",
        Some(www),
    );
    // Not reached from the question, and so about itself.
    check_named(
        www,
        &[[www, "A", "192.0.2.1"], ["ftp.example.com", "A", "192.0.2.2"]],
        "192.0.2.2",
        Some("ftp.example.com"),
    );
    check_named(www, &[["WWW.Example.com", "A", "192.0.2.1"]], "192.0.2.1", Some(www));
    check_named(www, &[[www, "A", "0.0.0.0"]], "0.0.0.0", None);
    check_named(www, &[[www, "A", "127.0.0.1"]], "127.0.0.1", Some(www));
    check_named(www, &[], "192.0.2.1", None);
}

#[test]
fn names_that_are_pointers_are_those_they_lead_to() {
    // www.example.com is an alias of a.example.com, at the end of whose name stands a pointer; its owner is a pointer into that.
    let answer = r"\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04\x01a\xc0\x10\xc0\x2d\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01";
    check(
        &format!(
            "10.0.0.1:51000 > 10.0.0.53:53 udp\n< {answer}\n{}",
            connection("10.0.0.1", "192.0.2.1")
        ),
        expect![[r#"
            flows 1 10.0.0.1 > 10.0.0.53
            flows 2 10.0.0.1 > 192.0.2.1=www.example.com
            conns 1 10.0.0.1 > 10.0.0.53
            conns 2 10.0.0.1 > 192.0.2.1=www.example.com
            dns 1 10.0.0.1 > 10.0.0.53
        "#]],
    );
}

#[test]
fn a_chain_longer_than_any_resolver_follows_ends() {
    let names: Vec<String> = (0..40).map(|number| format!("n{number}.example")).collect();
    let mut records: Vec<[&str; 3]> = names.windows(2).map(|pair| [&*pair[0], "CNAME", &*pair[1]]).collect();
    records.push(["n10.example", "A", "192.0.2.1"]);
    records.push(["n39.example", "A", "192.0.2.2"]);
    check_named("n0.example", &records, "192.0.2.1", Some("n0.example"));
    check_named("n0.example", &records, "192.0.2.2", Some("n39.example"));
}

#[test]
fn aliases_that_lead_in_a_circle_end() {
    let circle = [
        ["a.example", "CNAME", "b.example"],
        ["b.example", "CNAME", "a.example"],
        ["b.example", "A", "192.0.2.1"],
    ];
    check_named("a.example", &circle, "192.0.2.1", Some("a.example"));
}

#[test]
fn reverse_lookups_name_the_address_in_the_question() {
    let asked = "1.2.0.192.in-addr.arpa";
    check_named(
        asked,
        &[[asked, "PTR", "host.example.com"]],
        "192.0.2.1",
        Some("host.example.com"),
    );
    // Delegation of less than an octet (RFC 2317).
    let delegated = "1.0/26.2.0.192.in-addr.arpa";
    check_named(
        asked,
        &[[asked, "CNAME", delegated], [delegated, "PTR", "host.example.com"]],
        "192.0.2.1",
        Some("host.example.com"),
    );
    let asked = format!("1.{}8.b.d.0.1.0.0.2.ip6.arpa", "0.".repeat(23));
    check_named(
        &asked,
        &[[&asked, "PTR", "host.example.com"]],
        "2001:db8::1",
        Some("host.example.com"),
    );
    check_named(
        "_http._tcp.local",
        &[["_http._tcp.local", "PTR", "web._http._tcp.local"]],
        "192.0.2.1",
        None,
    );
}

#[test]
fn a_reverse_lookup_does_not_replace_what_was_asked_for() {
    let forward = dns("www.example.com", &[["www.example.com", "A", "192.0.2.1"]]);
    let asked = "1.2.0.192.in-addr.arpa";
    let reverse = dns(asked, &[[asked, "PTR", "host.example.com"]]);
    let talk = format!(
        "{reverse}{}{forward}{}{reverse}{}",
        connection("10.0.0.1", "192.0.2.1"),
        connection("10.0.0.2", "192.0.2.1"),
        connection("10.0.0.3", "192.0.2.1"),
    );
    check(
        &talk,
        expect![[r#"
        flows 1 10.0.0.1 > 10.0.0.53
        flows 3 10.0.0.1 > 192.0.2.1=host.example.com
        flows 7 10.0.0.2 > 192.0.2.1=www.example.com
        flows 11 10.0.0.3 > 192.0.2.1=www.example.com
        conns 1 10.0.0.1 > 10.0.0.53
        conns 3 10.0.0.1 > 192.0.2.1=host.example.com
        conns 7 10.0.0.2 > 192.0.2.1=www.example.com
        conns 11 10.0.0.3 > 192.0.2.1=www.example.com
        dns 1 10.0.0.1 > 10.0.0.53
        dns 5 10.0.0.1 > 10.0.0.53
        dns 9 10.0.0.1 > 10.0.0.53
    "#]],
    );
}

#[test]
fn later_answers_count_for_rows_that_begin_later() {
    let talk = format!(
        "{}{}{}{}",
        dns("a.example", &[["a.example", "A", "192.0.2.1"]]),
        connection("10.0.0.1", "192.0.2.1"),
        dns("b.example", &[["b.example", "A", "192.0.2.1"]]),
        connection("10.0.0.1", "192.0.2.1").replace("40000", "40001"),
    );
    // The flow, of both connections, has the last name.
    check(
        &talk,
        expect![[r#"
        flows 1 10.0.0.1 > 10.0.0.53
        flows 3 10.0.0.1 > 192.0.2.1=b.example
        conns 1 10.0.0.1 > 10.0.0.53
        conns 3 10.0.0.1 > 192.0.2.1=a.example
        conns 7 10.0.0.1 > 192.0.2.1=b.example
        dns 1 10.0.0.1 > 10.0.0.53
        dns 5 10.0.0.1 > 10.0.0.53
    "#]],
    );
}

#[test]
fn a_connection_takes_a_name_that_came_while_it_lasted() {
    let answer = dns("www.example.com", &[["www.example.com", "A", "192.0.2.1"]]);
    let talk = format!("{}{answer}", connection("10.0.0.1", "192.0.2.1"));
    check(
        &talk,
        expect![[r#"
        flows 1 10.0.0.1 > 192.0.2.1
        flows 3 10.0.0.1 > 10.0.0.53
        conns 1 10.0.0.1 > 192.0.2.1
        conns 3 10.0.0.1 > 10.0.0.53
        dns 3 10.0.0.1 > 10.0.0.53
    "#]],
    );
    // The response before the connection's last packet.
    check(
        &format!("{talk}  reorder 2 4\n"),
        expect![[r#"
        flows 1 10.0.0.1 > 192.0.2.1=www.example.com
        flows 2 10.0.0.1 > 10.0.0.53
        conns 1 10.0.0.1 > 192.0.2.1=www.example.com
        conns 2 10.0.0.1 > 10.0.0.53
        dns 2 10.0.0.1 > 10.0.0.53
        dns 3 10.0.0.1 > 10.0.0.53
    "#]],
    );
}

#[test]
fn announcements_name_by_their_owner() {
    let announced = announce(&[["printer.local", "A", "10.0.0.7"], ["printer.local", "AAAA", "fe80::7"]]);
    let talk = format!(
        "{announced}{}{}",
        connection("10.0.0.1", "10.0.0.7"),
        connection("[fe80::1]", "[fe80::7]")
    );
    check(
        &talk,
        expect![[r#"
        flows 1 10.0.0.7=printer.local > 224.0.0.251
        flows 2 10.0.0.1 > 10.0.0.7=printer.local
        flows 4 fe80::1 > fe80::7=printer.local
        conns 1 10.0.0.7=printer.local > 224.0.0.251
        conns 2 10.0.0.1 > 10.0.0.7=printer.local
        conns 4 fe80::1 > fe80::7=printer.local
        dns 1 10.0.0.7 > 224.0.0.251
    "#]],
    );
}

#[test]
fn failures_and_queries_name_nothing() {
    let www = "www.example.com";
    for flags in [0x8183, 0x8182, 0x0100, 0xa800] {
        let message = message(flags, &[www], "A", &[[www, "A", "192.0.2.1"]]);
        let talk = format!(
            "10.0.0.1:51000 > 10.0.0.53:53 udp\n< {message}\n{}",
            connection("10.0.0.1", "192.0.2.1")
        );
        let (kept, _) = ingest(&Talk::parse(&talk).pcap(), &Options::default());
        assert!(!rows(&kept).contains('='), "flags {flags:04x}");
    }
}

/// Many clients that ask for names of few addresses, whose names change, and connect to them.
fn busy() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(3);
    let mut talk = String::new();
    for round in 0..600 {
        let (client, server) = (random.u8(1..20), random.u8(1..30));
        let address = format!("192.0.2.{server}");
        match random.u8(..4) {
            0 => {
                let asked = format!("n{}.example", random.u8(..40));
                talk.push_str(
                    &dns(&asked, &[[&asked, "A", &address]]).replace("10.0.0.1:", &format!("10.0.0.{client}:")),
                );
            }
            1 => {
                let asked = format!("{server}.2.0.192.in-addr.arpa");
                talk.push_str(&dns(&asked, &[[&asked, "PTR", "reverse.example"]]));
            }
            _ => talk.push_str(
                &connection(&format!("10.0.0.{client}"), &address).replace("40000", &(30_000 + round).to_string()),
            ),
        }
    }
    Talk::parse(&talk).pcap()
}

fn ingest_busy(threads: usize, limits: Limits) -> (Kept, Report) {
    let options = Options {
        threads,
        limits,
        ..Options::default()
    };
    ingest(&busy(), &options)
}

#[test]
fn names_do_not_depend_on_threads() {
    let small_steps = Limits {
        read_bytes: 3000,
        epoch_bytes: 10_000,
        ..Limits::default()
    };
    let tight = Limits {
        name_bytes_per_shard: 500,
        name_bytes: 3000,
        ..small_steps.clone()
    };
    for (limits, expect) in [(small_steps, 100), (tight, 10)] {
        let one = ingest_busy(1, limits.clone());
        let named = rows(&one.0).matches('=').count();
        assert!(named > expect, "{named} names");
        for threads in [2, 3, 8, 16] {
            assert_eq!(ingest_busy(threads, limits.clone()), one, "{threads} threads");
        }
    }
}

#[test]
fn epochs_change_no_name() {
    let whole = rows(&ingest_busy(1, Limits::default()).0);
    let epochs = Limits {
        read_bytes: 3000,
        epoch_bytes: 10_000,
        ..Limits::default()
    };
    // Rows come in other batches, and are the same rows.
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&rows(&ingest_busy(1, epochs).0)), sorted(&whole));
}

#[test]
fn names_over_their_bound_are_given_up_and_told() {
    let limits = Limits {
        name_bytes: 1000,
        ..Limits::default()
    };
    let (kept, report) = ingest_busy(2, limits);
    let (whole, untold) = ingest_busy(2, Limits::default());
    let kinds = |report: &Report| report.anomalies.iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert!(kinds(&report).contains(&"name_limit".to_owned()));
    assert!(!kinds(&untold).contains(&"name_limit".to_owned()));
    let names = |kept: &Kept| rows(kept).matches('=').count();
    assert!((1..names(&whole)).contains(&names(&kept)));
}
