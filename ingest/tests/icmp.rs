//! ICMP on the whole road: messages to rows, errors to the connections that they are about.

mod common;

use arrow_array::cast::AsArray as _;
use expect_test::{Expect, expect};
use ingest::talk::Talk;
use ingest::{Limits, Options};

/// Compares the entries and the connections of a talk.
#[track_caller]
fn check(talk: &str, expect: Expect) {
    let (kept, _) = common::ingest(&Talk::parse(talk).pcap(), &Options::default());
    expect.assert_eq(&(common::entries(&kept) + &common::connections(&kept)));
}

#[test]
fn an_echo_request_with_its_reply_is_one_row() {
    check(
        r"10.0.0.1:0 > 10.0.0.2:0 icmp
> \x08\x00\x00\x00\x00\x07\x00\x01abcdefgh
< \x00\x00\x00\x00\x00\x07\x00\x01abcdefgh
> \x08\x00\x00\x00\x00\x07\x00\x02abcdefgh
",
        expect![[r#"
            icmp id=1 index=0 elapsed_time=1000 status_code=0 method="echo request" summary="echo request id 7 seq 1 → reply" request_packet=1 response_packet=2 icmp_type="echo request" icmp_version=4 icmp_length=16
            icmp id=3 index=0 method="echo request" summary="echo request id 7 seq 2" request_packet=3 icmp_type="echo request" icmp_version=4 icmp_length=16
            1 of flow 1: icmp 10.0.0.1:0 > 10.0.0.2:0 open 2/72/16 1/36/8 entries 2 packets [1, 2, 3]
        "#]],
    );
    check(
        r"[2001:db8::1]:0 > [2001:db8::2]:0 icmp
> \x80\x00\x00\x00\x00\x07\x00\x01abcd
< \x81\x00\x00\x00\x00\x07\x00\x01abcd
",
        expect![[r#"
            icmp id=1 index=0 elapsed_time=1000 status_code=0 method="echo request" summary="echo request id 7 seq 1 → reply" request_packet=1 response_packet=2 icmp_type="echo request" icmp_version=6 icmp_length=12
            1 of flow 1: icmp6 2001:db8::1:0 > 2001:db8::2:0 open 1/52/4 1/52/4 entries 1 packets [1, 2]
        "#]],
    );
}

#[test]
fn a_reply_without_its_request_has_the_asking_side_as_src() {
    check(
        r"10.0.0.2:0 > 10.0.0.1:0 icmp
> \x00\x00\x00\x00\x00\x07\x00\x01
",
        expect![[r#"
            icmp id=1 index=0 status_code=0 method="echo reply" summary="→ reply to echo request id 7 seq 1" response_packet=1 icmp_type="echo reply" icmp_version=4 icmp_length=8
            1 of flow 1: icmp 10.0.0.1:0 > 10.0.0.2:0 open 0/0/0 1/28/0 entries 1 packets [1]
        "#]],
    );
}

#[test]
fn a_reply_that_was_lost_shifts_no_pair() {
    check(
        r"10.0.0.1:0 > 10.0.0.2:0 icmp
> \x08\x00\x00\x00\x00\x07\x00\x00
> \x08\x00\x00\x00\x00\x07\x00\x00
< \x00\x00\x00\x00\x00\x07\x00\x00
> \x08\x00\x00\x00\x00\x07\x00\x00
< \x00\x00\x00\x00\x00\x07\x00\x00
",
        expect![[r#"
            icmp id=1 index=0 method="echo request" summary="echo request id 7 seq 0" request_packet=1 icmp_type="echo request" icmp_version=4 icmp_length=8
            icmp id=2 index=0 elapsed_time=1000 status_code=0 method="echo request" summary="echo request id 7 seq 0 → reply" request_packet=2 response_packet=3 icmp_type="echo request" icmp_version=4 icmp_length=8
            icmp id=4 index=0 elapsed_time=1000 status_code=0 method="echo request" summary="echo request id 7 seq 0 → reply" request_packet=4 response_packet=5 icmp_type="echo request" icmp_version=4 icmp_length=8
            1 of flow 1: icmp 10.0.0.1:0 > 10.0.0.2:0 open 3/84/0 2/56/0 entries 3 packets [1, 2, 3, 4, 5]
        "#]],
    );
}

#[test]
fn two_pings_at_once_are_two_connections_of_one_flow() {
    check(
        r"10.0.0.1:0 > 10.0.0.2:0 icmp
> \x08\x00\x00\x00\x00\x07\x00\x01
> \x08\x00\x00\x00\x00\x08\x00\x01
< \x00\x00\x00\x00\x00\x08\x00\x01
< \x00\x00\x00\x00\x00\x07\x00\x01
",
        expect![[r#"
            icmp id=1 index=0 elapsed_time=3000 status_code=0 method="echo request" summary="echo request id 7 seq 1 → reply" request_packet=1 response_packet=4 icmp_type="echo request" icmp_version=4 icmp_length=8
            icmp id=2 index=0 elapsed_time=1000 status_code=0 method="echo request" summary="echo request id 8 seq 1 → reply" request_packet=2 response_packet=3 icmp_type="echo request" icmp_version=4 icmp_length=8
            1 of flow 1: icmp 10.0.0.1:0 > 10.0.0.2:0 open 1/28/0 1/28/0 entries 1 packets [1, 4]
            2 of flow 1: icmp 10.0.0.1:0 > 10.0.0.2:0 open 1/28/0 1/28/0 entries 1 packets [2, 3]
        "#]],
    );
}

#[test]
fn other_queries_pair_likewise() {
    check(
        r"10.0.0.1:0 > 10.0.0.2:0 icmp
> \x0d\x00\x00\x00\x00\x07\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00
< \x0e\x00\x00\x00\x00\x07\x00\x01\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x02
> \x11\x00\x00\x00\x00\x07\x00\x01\x00\x00\x00\x00
< \x12\x00\x00\x00\x00\x07\x00\x01\xff\xff\xff\x00
> \x2a\x00\x00\x00\x00\x07\x01\x01
< \x2b\x02\x00\x00\x00\x07\x01\x00
",
        expect![[r#"
            icmp id=1 index=0 elapsed_time=1000 status_code=0 method=timestamp summary="timestamp id 7 seq 1 → reply" request_packet=1 response_packet=2 icmp_type=timestamp icmp_version=4 icmp_length=20
            icmp id=3 index=0 elapsed_time=1000 status_code=0 method="address mask request" summary="address mask request id 7 seq 1 → reply" request_packet=3 response_packet=4 icmp_type="address mask request" icmp_version=4 icmp_length=12
            icmp id=5 index=0 elapsed_time=1000 status_code=2 method="extended echo request" summary="extended echo request id 7 seq 1 → reply" request_packet=5 response_packet=6 icmp_type="extended echo request" icmp_version=4 icmp_length=8
            1 of flow 1: icmp 10.0.0.1:0 > 10.0.0.2:0 open 3/100/16 3/100/16 entries 3 packets [1, 2, 3, 4, 5, 6]
        "#]],
    );
}

#[test]
fn messages_that_nobody_answers() {
    check(
        r"[fe80::1]:0 > [ff02::1]:0 icmp
> \x86\x00\x00\x00\x40\x00\x07\x08\x00\x00\x00\x00\x00\x00\x00\x00
[fe80::2]:0 > [ff02::1:ff00:1]:0 icmp
> \x87\x00\x00\x00\x00\x00\x00\x00\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01
[fe80::1]:0 > [fe80::2]:0 icmp
> \x88\x00\x00\x00\x60\x00\x00\x00\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01
< \x85\x00\x00\x00\x00\x00\x00\x00
[fe80::1]:0 > [ff02::16]:0 icmp
> \x8f\x00\x00\x00\x00\x00\x00\x02
> \x83\x00\x00\x00\x00\x00\x00\x00\xff\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xfb
> \xc7\x00
10.0.0.254:0 > 224.0.0.1:0 icmp
> \x09\x00\x00\x00\x01\x02\x07\x08\x0a\x00\x00\xfe\x00\x00\x00\x00
",
        expect![[r#"
            icmp id=1 index=0 method="router advertisement" summary="router advertisement, lifetime 1800 s" request_packet=1 icmp_type="router advertisement" icmp_version=6 icmp_length=16
            icmp id=2 index=0 method="neighbor solicitation" summary="neighbor solicitation for fe80::1" request_packet=2 icmp_type="neighbor solicitation" icmp_version=6 icmp_length=24
            icmp id=3 index=0 method="neighbor advertisement" summary="neighbor advertisement of fe80::1" request_packet=3 icmp_type="neighbor advertisement" icmp_version=6 icmp_length=24
            icmp id=4 index=0 method="router solicitation" summary="router solicitation" request_packet=4 icmp_type="router solicitation" icmp_version=6 icmp_length=8
            icmp id=5 index=0 method="version 2 multicast listener report" summary="version 2 multicast listener report, 2 records" request_packet=5 icmp_type="version 2 multicast listener report" icmp_version=6 icmp_length=8
            icmp id=6 index=0 method="multicast listener report" summary="multicast listener report of ff02::fb" request_packet=6 icmp_type="multicast listener report" icmp_version=6 icmp_length=24
            icmp id=7 index=0 method="type 199" summary="type 199" request_packet=7 icmp_type="type 199" icmp_version=6 icmp_length=2
            icmp id=8 index=0 method="router advertisement" summary="router advertisement, lifetime 1800 s" request_packet=8 icmp_type="router advertisement" icmp_version=4 icmp_length=16
            1 of flow 1: icmp6 fe80::1:0 > ff02::1:0 open 1/56/8 0/0/0 entries 1 packets [1]
            2 of flow 2: icmp6 fe80::2:0 > ff02::1:ff00:1:0 open 1/64/16 0/0/0 entries 1 packets [2]
            3 of flow 3: icmp6 fe80::1:0 > fe80::2:0 open 1/64/16 1/48/0 entries 2 packets [3, 4]
            5 of flow 5: icmp6 fe80::1:0 > ff02::16:0 open 3/154/16 0/0/0 entries 3 packets [5, 6, 7]
            8 of flow 8: icmp 10.0.0.254:0 > 224.0.0.1:0 open 1/36/8 0/0/0 entries 1 packets [8]
        "#]],
    );
}

const UDP: &str = r"10.0.0.1:51000 > 10.0.0.2:4500 udp
> hello
";

#[test]
fn an_error_is_of_the_connection_it_quotes() {
    check(
        &format!(
            r"{UDP}10.0.0.2:0 > 10.0.0.1:0 icmp
> \x03\x03\x00\x00\x00\x00\x00\x00\q1
10.0.0.254:0 > 10.0.0.1:0 icmp
> \x0b\x00\x00\x00\x00\x00\x00\x00\q1
> \x05\x01\x00\x00\x0a\x00\x00\xfd\q1
10.0.0.1:51000 > 10.0.0.2:4500 udp
> again
"
        ),
        expect![[r#"
            icmp id=2 index=0 status_code=3 method="destination unreachable" summary="destination unreachable: port unreachable, quoting udp 10.0.0.1:51000 > 10.0.0.2:4500" response_packet=2 icmp_type="destination unreachable" icmp_version=4 icmp_length=36
            icmp id=3 index=0 status_code=0 method="time exceeded" summary="time exceeded: time to live exceeded in transit, from 10.0.0.254, quoting udp 10.0.0.1:51000 > 10.0.0.2:4500" response_packet=3 icmp_type="time exceeded" icmp_version=4 icmp_length=36
            icmp id=4 index=0 status_code=1 method=redirect summary="redirect: for the host, to 10.0.0.253, from 10.0.0.254, quoting udp 10.0.0.1:51000 > 10.0.0.2:4500" response_packet=4 icmp_type=redirect icmp_version=4 icmp_length=36
            1 of flow 1: udp 10.0.0.1:51000 > 10.0.0.2:4500 open 2/66/10 0/0/0 entries 3 packets [1, 2, 3, 4, 5]
        "#]],
    );
}

#[test]
fn errors_about_tcp_over_ipv6_and_about_a_ping() {
    check(
        r"[2001:db8::1]:51000 > [2001:db8::2]:4500
> hello
[2001:db8::fe]:0 > [2001:db8::1]:0 icmp
> \x02\x00\x00\x00\x00\x00\x05\x00\q4
10.0.0.1:0 > 10.0.0.2:0 icmp
> \x08\x00\x00\x00\x00\x07\x00\x01
10.0.0.254:0 > 10.0.0.1:0 icmp
> \x0b\x00\x00\x00\x00\x00\x00\x00\q6
  open
",
        expect![[r#"
            icmp id=5 index=0 status_code=0 method="packet too big" summary="packet too big, mtu 1280, from 2001:db8::fe, quoting tcp [2001:db8::1]:51000 > [2001:db8::2]:4500" response_packet=5 icmp_type="packet too big" icmp_version=6 icmp_length=56
            icmp id=6 index=0 method="echo request" summary="echo request id 7 seq 1" request_packet=6 icmp_type="echo request" icmp_version=4 icmp_length=8
            icmp id=7 index=0 status_code=0 method="time exceeded" summary="time exceeded: time to live exceeded in transit, from 10.0.0.254, quoting icmp 10.0.0.1 > 10.0.0.2 echo request id 7 seq 1" response_packet=7 icmp_type="time exceeded" icmp_version=4 icmp_length=36
            1 of flow 1: tcp 2001:db8::1:51000 > 2001:db8::2:4500 open 3/185/5 1/60/0 entries 1 packets [1, 2, 3, 4, 5]
            6 of flow 6: icmp 10.0.0.1:0 > 10.0.0.2:0 open 1/28/0 0/0/0 entries 2 packets [6, 7]
        "#]],
    );
}

#[test]
fn errors_about_unknown_traffic_are_of_an_icmp_connection() {
    check(
        &format!(
            r"{UDP}10.0.0.254:0 > 10.0.0.1:0 icmp
> \x03\x01\x00\x00\x00\x00\x00\x00\q1
> \x03\x04\x00\x00\x00\x00\x05\x78\q1
> \x0c\x00\x00\x00\x14\x00\x00\x00\q1
> \x03\x0d\x00\x00\x00\x00\x00\x00
  drop 1
"
        ),
        expect![[r#"
            icmp id=1 index=0 status_code=1 method="destination unreachable" summary="destination unreachable: host unreachable, quoting udp 10.0.0.1:51000 > 10.0.0.2:4500" response_packet=1 icmp_type="destination unreachable" icmp_version=4 icmp_length=36
            icmp id=2 index=0 status_code=4 method="destination unreachable" summary="destination unreachable: fragmentation needed and don't fragment was set, mtu 1400, quoting udp 10.0.0.1:51000 > 10.0.0.2:4500" response_packet=2 icmp_type="destination unreachable" icmp_version=4 icmp_length=36
            icmp id=3 index=0 status_code=0 method="parameter problem" summary="parameter problem: pointer indicates the error, pointer 20, quoting udp 10.0.0.1:51000 > 10.0.0.2:4500" response_packet=3 icmp_type="parameter problem" icmp_version=4 icmp_length=36
            icmp id=4 index=0 status_code=13 method="destination unreachable" summary="destination unreachable: communication administratively prohibited" response_packet=4 icmp_type="destination unreachable" icmp_version=4 icmp_length=8
            1 of flow 1: icmp 10.0.0.254:0 > 10.0.0.1:0 open 4/196/84 0/0/0 entries 4 packets [1, 2, 3, 4]
        "#]],
    );
}

#[test]
fn a_quoted_middle_of_a_datagram_has_no_ports() {
    // The quote's fragment offset is its bytes 6 and 7.
    check(
        &format!(
            r"{UDP}10.0.0.254:0 > 10.0.0.1:0 icmp
> \x03\x01\x00\x00\x00\x00\x00\x00\x45\x00\x00\x21\x00\x00\x00\x10\x40\x11\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\xc7\x38\x11\x94\x00\x00\x00\x00
"
        ),
        expect![[r#"
            icmp id=2 index=0 status_code=1 method="destination unreachable" summary="destination unreachable: host unreachable, quoting protocol 17 10.0.0.1 > 10.0.0.2" response_packet=2 icmp_type="destination unreachable" icmp_version=4 icmp_length=36
            1 of flow 1: udp 10.0.0.1:51000 > 10.0.0.2:4500 open 1/33/5 0/0/0 entries 0 packets [1]
            2 of flow 2: icmp 10.0.0.254:0 > 10.0.0.1:0 open 1/56/28 0/0/0 entries 1 packets [2]
        "#]],
    );
}

#[test]
fn messages_that_were_cut_keep_what_is_there() {
    let talk = r"10.0.0.1:0 > 10.0.0.2:0 icmp
> \x08\x00\x00\x00\x00\x07\x00\x01abcdefgh
< \x00\x00\x00\x00\x00\x07\x00\x01abcdefgh
";
    check(
        &format!("{talk}  snap 42\n"),
        expect![[r#"
            icmp id=1 index=0 elapsed_time=1000 status_code=0 method="echo request" summary="echo request id 7 seq 1 → reply" request_packet=1 response_packet=2 icmp_type="echo request" icmp_version=4 icmp_length=16
            1 of flow 1: icmp 10.0.0.1:0 > 10.0.0.2:0 open 1/36/8 1/36/8 entries 1 packets [1, 2]
        "#]],
    );
    check(
        &format!("{talk}  snap 40\n"),
        expect![[r#"
            icmp id=1 index=0 method="echo request" summary="echo request" request_packet=1 icmp_type="echo request" icmp_version=4 icmp_length=16
            icmp id=2 index=0 method="echo reply" summary="echo reply" request_packet=2 icmp_type="echo reply" icmp_version=4 icmp_length=16
            1 of flow 1: icmp 10.0.0.1:0 > 10.0.0.2:0 open 1/36/8 1/36/8 entries 2 packets [1, 2]
        "#]],
    );
    check(&format!("{talk}  snap 35\n"), expect![""]);
}

#[test]
fn queries_beyond_the_limit_become_rows_without_reply() {
    let talk = r"10.0.0.1:0 > 10.0.0.2:0 icmp
> \x08\x00\x00\x00\x00\x07\x00\x01
> \x08\x00\x00\x00\x00\x07\x00\x02
< \x00\x00\x00\x00\x00\x07\x00\x01
";
    let limits = Limits {
        pending_requests: 1,
        ..Limits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let (kept, report) = common::ingest(&Talk::parse(talk).pcap(), &options);
    expect![[r#"
        icmp id=1 index=0 method="echo request" summary="echo request id 7 seq 1" request_packet=1 icmp_type="echo request" icmp_version=4 icmp_length=8
        icmp id=2 index=0 method="echo request" summary="echo request id 7 seq 2" request_packet=2 icmp_type="echo request" icmp_version=4 icmp_length=8
        icmp id=3 index=0 status_code=0 method="echo reply" summary="→ reply to echo request id 7 seq 1" response_packet=3 icmp_type="echo reply" icmp_version=4 icmp_length=8
    "#]].assert_eq(&common::entries(&kept));
    let kinds: Vec<String> = report.anomalies.iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["limit_pending_requests"]);
}

/// Compares the community ID of a message's connection with the one that Wireshark computes.
#[track_caller]
fn check_community_id(source: &str, destination: &str, message: &str, expect: &str) {
    let talk = format!("{source}:0 > {destination}:0 icmp\n> {message}\n");
    let (kept, _) = common::ingest(&Talk::parse(&talk).pcap(), &Options::default());
    let batch = kept.of("conns").next().expect("there is a connection");
    let ids = batch.column_by_name("community_id").expect("a common column");
    assert_eq!(ids.as_string::<i32>().value(0), expect);
}

#[test]
fn community_ids() {
    let (one, other) = ("192.168.0.89", "192.168.0.1");
    check_community_id(one, other, r"\x08\x00", "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    check_community_id(other, one, r"\x00\x00", "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    check_community_id(one, other, r"\x14\x00", "1:3o2RFccXzUgjl7zDpqmY7yJi8rI=");
    check_community_id(one, other, r"\x14\x01", "1:tz/fHIDUHs19NkixVVoOZywde+I=");
    check_community_id(other, one, r"\x14\x00", "1:xka8imJTHE0ZCHTDqMsnK5QKoh8=");
    check_community_id(other, one, r"\x03\x03", "1:ZouhgnVac3AK62b9tKlLG4N+dVQ=");
    let (one, other) = ("[fe80::200:86ff:fe05:80da]", "[fe80::260:97ff:fe07:69ea]");
    check_community_id(one, other, r"\x87\x00", "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
    check_community_id(other, one, r"\x88\x00", "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
    check_community_id(one, other, r"\x80\x00", "1:QrVnZEjGihSsEkRF1XxqheQ1Za8=");
}

/// Traffic of many address pairs with errors of routers about all of it, known and unknown.
fn crowd() -> String {
    let mut text = String::new();
    let mut packet = 0;
    for host in 1..60 {
        let (client, server) = (format!("10.0.{host}.1"), format!("10.1.0.{host}"));
        text += &format!("{client}:51000 > {server}:4500 udp\n> a\n");
        text += &format!(
            "10.0.{host}.254:0 > {client}:0 icmp\n> \\x0b\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\q{}\n",
            packet + 1
        );
        text += &format!("{client}:0 > {server}:0 icmp\n> \\x08\\x00\\x00\\x00\\x00\\x07\\x00\\x01\n");
        packet += 3;
    }
    text
}

#[test]
fn rows_do_not_depend_on_threads() {
    // One in three of the packets that errors quote was not captured.
    let drops: Vec<String> = (1..60).step_by(3).map(|host| (3 * host - 2).to_string()).collect();
    for talk in [crowd(), format!("{}  drop {}\n", crowd(), drops.join(" "))] {
        let bytes = Talk::parse(&talk).pcap();
        let with = |threads| {
            let limits = Limits {
                read_bytes: 2000,
                epoch_bytes: 3000,
                part_bytes: 6000,
                ..Limits::default()
            };
            let options = Options {
                threads,
                limits,
                ..Options::default()
            };
            common::ingest(&bytes, &options)
        };
        let one = with(1);
        assert_eq!(one.0.rows("icmp"), 118);
        for threads in [2, 3, 8, 16] {
            assert_eq!(with(threads), one, "{threads} threads");
        }
    }
}

#[test]
fn an_error_reaches_its_connection_whatever_the_addresses() {
    let (kept, _) = common::ingest(&Talk::parse(&crowd()).pcap(), &Options::default());
    let text = common::connections(&kept);
    assert_eq!(text.lines().filter(|line| line.contains(": udp ")).count(), 59);
    assert!(
        text.lines()
            .filter(|line| line.contains(": udp "))
            .all(|line| line.contains(" entries 1 packets ["))
    );
    assert_eq!(
        text.lines().filter(|line| line.contains(": icmp ")).count(),
        59,
        "{text}"
    );
}

#[test]
fn errors_of_one_router_about_unknown_traffic_are_one_flow() {
    let mut talk = String::new();
    let mut drops = Vec::new();
    for host in 1..40 {
        talk += &format!(
            "10.0.0.1:51000 > 10.1.0.{host}:4500 udp\n> a\n10.0.0.254:0 > 10.0.0.1:0 icmp\n> \\x0b\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\q{}\n",
            2 * host - 1
        );
        drops.push((2 * host - 1).to_string());
    }
    talk += &format!("  drop {}\n", drops.join(" "));
    let (kept, _) = common::ingest(&Talk::parse(&talk).pcap(), &Options::default());
    assert_eq!((kept.rows("icmp"), kept.rows("conns"), kept.rows("flows")), (39, 1, 1));
}

#[test]
fn any_bytes_give_rows_or_anomalies() {
    let mut random = fastrand::Rng::with_seed(3);
    let bytes = Talk::parse(&crowd()).pcap();
    for round in 0..60 {
        let mut damaged = bytes.clone();
        for _ in 0..random.usize(1..600) {
            let at = random.usize(24..damaged.len());
            damaged[at] = random.u8(..);
        }
        let options = Options {
            threads: round % 3 + 1,
            ..Options::default()
        };
        let (kept, report) = common::ingest(&damaged, &options);
        assert_eq!(kept.rows("packets") as u64, report.packets, "round {round}");
    }
}
