use expect_test::{Expect, expect};

use super::TCP;
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole as check_whole_rows, recognise};

const OPEN: &str = "10.0.0.1:51000 > 10.0.0.2:9092\n";

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&TCP, &format!("{OPEN}{talk}"), expect);
}

#[track_caller]
fn check_whole(talk: &str, expect: Expect) {
    check_whole_rows(&TCP, &format!("{OPEN}{talk}"), expect);
}

/// The bytes of a text of `\xNN` and characters.
fn bytes(text: &str) -> Vec<u8> {
    let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
    talk.packets()
        .flat_map(|(_, packet, _)| packet.payload.clone())
        .collect()
}

/// A message of pieces of text; `|` between them is for the reader.
fn message(text: &str) -> String {
    let text: String = text.split('|').map(str::trim).collect();
    let length = bytes(&text).len();
    format!(r"\x00\x00\x{:02x}\x{:02x}{text}", length >> 8, length & 0xff)
}

/// Pieces of messages that come often.
const ONE: &str = r"\x00\x00\x00\x01";
const ZERO: &str = r"\x00\x00\x00\x00";
const ZERO_8: &str = r"\x00\x00\x00\x00\x00\x00\x00\x00";

fn produce(correlation: u8, acks: &str) -> String {
    message(&format!(
        r"\x00\x00|\x00\x02|\x00\x00\x00\x{correlation:02x}|\x00\x01p|{acks}|{ZERO}|{ONE}|\x00\x06orders|{ONE}|{ZERO}|\x00\x00\x00\x02ab"
    ))
}

fn produced(correlation: u8, error: &str) -> String {
    message(&format!(
        r"\x00\x00\x00\x{correlation:02x}|{ONE}|\x00\x06orders|{ONE}|{ZERO}|{error}|{ZERO_8}|{ZERO_8}|{ZERO}"
    ))
}

#[test]
fn a_request_and_its_response_are_one_row() {
    check(
        &format!(
            "> {}\n< {}\n> {}\n< {}",
            produce(1, r"\x00\x01"),
            produced(1, r"\x00\x00"),
            produce(2, r"\xff\xff"),
            produced(2, r"\x00\x06"),
        ),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=4 response_packet=5 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
            kafka id=6 index=0 elapsed_time=1000 status_code=6 method=Produce summary="Produce orders → NOT_LEADER_OR_FOLLOWER" request_packet=6 response_packet=7 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
        "#]],
    );
}

#[test]
fn responses_find_their_requests_by_correlation() {
    check(
        &format!(
            "> {}{}\n< {}{}\n< {}",
            produce(1, r"\x00\x01"),
            produce(2, r"\x00\x01"),
            produced(2, r"\x00\x00"),
            produced(1, r"\x00\x00"),
            produced(9, r"\x00\x00"),
        ),
        expect![[r#"
            kafka id=4 index=1 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=4 response_packet=5 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
            kafka id=4 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=4 response_packet=5 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
            kafka id=6 index=0 summary="→ 50 bytes" response_packet=6 kafka_request=false kafka_response=true kafka_size=50 kafka_response_size=50
        "#]],
    );
}

#[test]
fn a_producer_may_want_no_acknowledgment() {
    check(
        &format!("> {}{}", produce(1, r"\x00\x00"), produce(2, r"\x00\x01")),
        expect![[r#"
            kafka id=4 index=0 method=Produce summary="Produce orders" request_packet=4 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=false kafka_size=47 kafka_request_size=47
            kafka id=4 index=1 method=Produce summary="Produce orders" request_packet=4 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=false kafka_size=47 kafka_request_size=47
        "#]],
    );
}

#[test]
fn flexible_versions_have_compact_lengths_and_tags() {
    let versions = message(r"\x00\x12|\x00\x03|\x00\x00\x00\x03|\x00\x01c|\x00|\x05java|\x043.6|\x00");
    let has = message(r"\x00\x00\x00\x03|\x00\x00|\x02\x00\x00\x00\x00\x00\x09\x00|\x00\x00\x00\x00|\x00");
    // One topic by its name, one by its identifier.
    let metadata = message(&format!(
        r"\x00\x03|\x00\x0c|\x00\x00\x00\x04|\x00\x01c|\x01\x05\x02xy|\x03|{ZERO_8}{ZERO_8}|\x02t|\x00|\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x00|\x00|\x00|\x01\x00\x00"
    ));
    let told = message(&format!(
        r"\x00\x00\x00\x04|\x00|{ZERO}|\x02|{ONE}\x02h|\x00\x00\x23\x84|\x00|\x00|\x00|{ONE}|\x03|\x00\x03\x02t|{ZERO_8}{ZERO_8}|\x00|\x01|{ZERO}\x00|\x00\x00\x02u|{ZERO_8}{ZERO_8}|\x00|\x01|{ZERO}\x00|\x00"
    ));
    check(
        &format!("> {versions}\n< {has}\n> {metadata}\n< {told}"),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=1000 status_code=0 method=ApiVersions summary="ApiVersions java, 3.6 → ok" request_packet=4 response_packet=5 kafka_api_key=18 kafka_api_key_name=ApiVersions kafka_client_id=c kafka_request=true kafka_response=true kafka_size=26 kafka_request_size=26 kafka_response_size=23
            kafka id=6 index=0 elapsed_time=1000 status_code=3 method=Metadata summary="Metadata t, 11223344-5566-7788-99aa-bbccddeeff00 → UNKNOWN_TOPIC_OR_PARTITION" request_packet=6 response_packet=7 kafka_api_key=3 kafka_api_key_name=Metadata kafka_client_id=c kafka_request_summary="t, 11223344-5566-7788-99aa-bbccddeeff00" kafka_topics=[t,11223344-5566-7788-99aa-bbccddeeff00] kafka_request=true kafka_response=true kafka_size=61 kafka_request_size=61 kafka_response_size=87
        "#]],
    );
}

#[test]
fn an_unknown_version_is_answered_in_the_first() {
    let versions = message(r"\x00\x12|\x00\x09|\x00\x00\x00\x03|\x00\x01c|\x00|\x05java|\x043.6|\x00|\x00");
    let refused = message(r"\x00\x00\x00\x03|\x00\x23|\x00\x00\x00\x01\x00\x12\x00\x00\x00\x03");
    check(
        &format!(
            "> {}\n< {}\n> {versions}\n< {refused}",
            produce(1, r"\x00\x01"),
            produced(1, r"\x00\x00")
        ),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=4 response_packet=5 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
            kafka id=6 index=0 elapsed_time=1000 status_code=35 method=ApiVersions summary="ApiVersions → UNSUPPORTED_VERSION" request_packet=6 response_packet=7 kafka_api_key=18 kafka_api_key_name=ApiVersions kafka_client_id=c kafka_request=true kafka_response=true kafka_size=27 kafka_request_size=27 kafka_response_size=20
        "#]],
    );
}

#[test]
fn groups_and_transactions_are_named() {
    let join = message(&format!(
        r"\x00\x0b|\x00\x05|\x00\x00\x00\x01|\x00\x01c|\x00\x02g1|{ZERO}|{ZERO}|\x00\x00|\xff\xff|\x00\x08consumer|{ONE}\x00\x05range|{ZERO}"
    ));
    let must = message(&format!(
        r"\x00\x00\x00\x01|{ZERO}|\x00\x4f|\xff\xff\xff\xff|\x00\x00|\x00\x00|\x00\x01m|{ZERO}"
    ));
    let commit = message(&format!(
        r"\x00\x08|\x00\x02|\x00\x00\x00\x02|\x00\x01c|\x00\x02g1|{ZERO}|\x00\x00|{ZERO_8}|{ONE}|\x00\x01t|{ONE}|{ZERO}|{ZERO_8}|\xff\xff"
    ));
    let committed = message(&format!(r"\x00\x00\x00\x02|{ONE}|\x00\x01t|{ONE}|{ZERO}|\x00\x10"));
    let find = message(r"\x00\x0a|\x00\x04|\x00\x00\x00\x03|\x00\x01c|\x00|\x00|\x03\x03g1\x03g2|\x00");
    let found = message(&format!(
        r"\x00\x00\x00\x03|\x00|{ZERO}|\x02|\x03g1|{ONE}|\x02h|{ONE}|\x00\x0f|\x00|\x00|\x00"
    ));
    let end = message(&format!(
        r"\x00\x1a|\x00\x00|\x00\x00\x00\x04|\xff\xff|\x00\x02tx|{ZERO_8}|\x00\x00|\x01"
    ));
    let config = message(&format!(
        r"\x00\x20|\x00\x00|\x00\x00\x00\x05|\x00\x01c|\x00\x00\x00\x02|\x02\x00\x01t|\xff\xff\xff\xff|\x04\x00\x011|{ZERO}"
    ));
    let delete = message(&format!(
        r"\x00\x14|\x00\x00|\x00\x00\x00\x06|\x00\x01c|\x00\x00\x00\x02|\x00\x01t\x00\x01u|{ZERO}"
    ));
    check(
        &format!("> {join}\n< {must}\n> {commit}\n< {committed}\n> {find}\n< {found}\n> {end}{config}\n> {delete}"),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=1000 status_code=79 method=JoinGroup summary="JoinGroup g1 → MEMBER_ID_REQUIRED" request_packet=4 response_packet=5 kafka_api_key=11 kafka_api_key_name=JoinGroup kafka_client_id=c kafka_request=true kafka_response=true kafka_size=56 kafka_request_size=56 kafka_response_size=29
            kafka id=6 index=0 elapsed_time=1000 status_code=16 method=OffsetCommit summary="OffsetCommit g1 t → NOT_COORDINATOR" request_packet=6 response_packet=7 kafka_api_key=8 kafka_api_key_name=OffsetCommit kafka_client_id=c kafka_request_summary=t kafka_topics=[t] kafka_request=true kafka_response=true kafka_size=58 kafka_request_size=58 kafka_response_size=25
            kafka id=8 index=0 elapsed_time=1000 status_code=15 method=FindCoordinator summary="FindCoordinator g1, g2 → COORDINATOR_NOT_AVAILABLE" request_packet=8 response_packet=9 kafka_api_key=10 kafka_api_key_name=FindCoordinator kafka_client_id=c kafka_request=true kafka_response=true kafka_size=25 kafka_request_size=25 kafka_response_size=32
            kafka id=10 index=0 method=EndTxn summary="EndTxn tx" request_packet=10 kafka_api_key=26 kafka_api_key_name=EndTxn kafka_request=true kafka_response=false kafka_size=29 kafka_request_size=29
            kafka id=10 index=1 method=DescribeConfigs summary="DescribeConfigs 1 t" request_packet=10 kafka_api_key=32 kafka_api_key_name=DescribeConfigs kafka_client_id=c kafka_request_summary=t kafka_topics=[t] kafka_request=true kafka_response=false kafka_size=35 kafka_request_size=35
            kafka id=11 index=0 method=DeleteTopics summary="DeleteTopics t, u" request_packet=11 kafka_api_key=20 kafka_api_key_name=DeleteTopics kafka_client_id=c kafka_request_summary="t, u" kafka_topics=[t,u] kafka_request=true kafka_response=false kafka_size=29 kafka_request_size=29
        "#]],
    );
}

#[test]
fn topics_are_named_by_identifier_from_fetch_13_on() {
    let id = r"\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x00";
    let fetch = message(&format!(
        r"\x00\x01|\x00\x0d|\x00\x00\x00\x01|\x00\x01c|\x00|\xff\xff\xff\xff|{ZERO_8}|{ZERO}|\x00|{ZERO_8}|\x02|{id}|\x02|{ZERO}|{ZERO}|{ZERO_8}|{ZERO}|{ZERO_8}|{ZERO}|\x00|\x00|\x01|\x01|\x00"
    ));
    let fetched = message(&format!(
        r"\x00\x00\x00\x01|\x00|{ZERO}|\x00\x00|{ZERO}|\x02|{id}|\x02|{ZERO}|\x00\x64|{ZERO_8}|{ZERO_8}|{ZERO_8}|\x00|\xff\xff\xff\xff|\x01|\x00|\x00|\x00"
    ));
    check(
        &format!("> {fetch}\n< {fetched}"),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=1000 status_code=100 method=Fetch summary="Fetch 11223344-5566-7788-99aa-bbccddeeff00 → UNKNOWN_TOPIC_ID" request_packet=4 response_packet=5 kafka_api_key=1 kafka_api_key_name=Fetch kafka_client_id=c kafka_request_summary=11223344-5566-7788-99aa-bbccddeeff00 kafka_topics=[11223344-5566-7788-99aa-bbccddeeff00] kafka_request=true kafka_response=true kafka_size=96 kafka_request_size=96 kafka_response_size=76
        "#]],
    );
}

#[test]
fn the_first_sasl_handshake_is_followed_by_messages_without_header() {
    let handshake = message(r"\x00\x11|\x00\x00|\x00\x00\x00\x01|\x00\x01c|\x00\x05PLAIN");
    let agreed = message(&format!(r"\x00\x00\x00\x01|\x00\x00|{ONE}|\x00\x05PLAIN"));
    let token = message(r"\x00user\x00secret");
    check(
        &format!(
            "> {handshake}\n< {agreed}\n> {token}\n< {ZERO}\n> {}\n< {}",
            produce(2, r"\x00\x01"),
            produced(2, r"\x00\x00")
        ),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=1000 status_code=0 method=SaslHandshake summary="SaslHandshake PLAIN → ok" request_packet=4 response_packet=5 kafka_api_key=17 kafka_api_key_name=SaslHandshake kafka_client_id=c kafka_request=true kafka_response=true kafka_size=22 kafka_request_size=22 kafka_response_size=21
            kafka id=6 index=0 elapsed_time=1000 method=SASL summary="SASL → 4 bytes" request_packet=6 response_packet=7 kafka_request=true kafka_response=true kafka_size=16 kafka_request_size=16 kafka_response_size=4
            kafka id=8 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=8 response_packet=9 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
        "#]],
    );
}

#[test]
fn a_side_that_is_missing_leaves_the_other() {
    let whole = produce(2, r"\x00\x01");
    check(
        &format!(
            "< {}\n> {}{}",
            produced(1, r"\x00\x00"),
            whole,
            &whole[..whole.len() - "ab".len()]
        ),
        expect![[r#"
            kafka id=4 index=0 summary="→ 50 bytes" response_packet=4 kafka_request=false kafka_response=true kafka_size=50 kafka_response_size=50
            kafka id=5 index=0 method=Produce summary="Produce orders" request_packet=5 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=false kafka_size=47 kafka_request_size=47
            kafka id=5 index=1 method=Produce summary="Produce orders" request_packet=5 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=false kafka_size=47 kafka_request_size=47
        "#]],
    );
}

#[test]
fn halves_may_be_the_wrong_way_round() {
    check(
        &format!(
            "< {}\n> {}\n< {}\n> {}",
            produce(1, r"\x00\x01"),
            produced(1, r"\x00\x00"),
            produce(2, r"\x00\x01"),
            produced(2, r"\x00\x00")
        ),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=4 response_packet=5 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
            kafka id=6 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=6 response_packet=7 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
        "#]],
    );
    check(
        &format!("> {}\n< {}", produced(1, r"\x00\x00"), produce(2, r"\x00\x01")),
        expect![[r#"
            kafka id=4 index=0 summary="→ 50 bytes" response_packet=4 kafka_request=false kafka_response=true kafka_size=50 kafka_response_size=50
            kafka id=5 index=0 method=Produce summary="Produce orders" request_packet=5 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=false kafka_size=47 kafka_request_size=47
        "#]],
    );
}

#[test]
fn a_gap_in_a_message_of_known_length_costs_its_bytes_only() {
    let whole = produce(2, r"\x00\x01");
    let (begin, end) = whole.split_at(whole.len() - r"\x00\x00\x00\x02ab".len());
    check_whole(
        &format!(
            "> {begin}\n> {end}\n< {}\n> {}\n< {}\n  drop 5",
            produced(2, r"\x00\x00"),
            produce(3, r"\x00\x01"),
            produced(3, r"\x00\x00"),
        ),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=2000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=4 response_packet=6 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
            kafka id=7 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=7 response_packet=8 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
        "#]],
    );
}

#[test]
fn after_a_gap_a_chunk_may_begin_with_a_message() {
    let request = |number| produce(number, r"\x00\x01");
    let response = |number| produced(number, r"\x00\x00");
    check_whole(
        &format!(
            "> {}\n< {}\n> {}\n< {}\n> {}\n< {}\n> more\n> {}\n< {}\n  drop 6 · drop 7",
            request(1),
            response(1),
            request(2),
            response(2),
            request(3),
            response(3),
            request(4),
            response(4),
        ),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=4 response_packet=5 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
            kafka id=8 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=8 response_packet=9 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
            kafka id=11 index=0 elapsed_time=1000 status_code=0 method=Produce summary="Produce orders → 1 topic" request_packet=11 response_packet=12 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=50
            anomaly unparsable_kafka 1
        "#]],
    );
}

#[test]
fn hostile_lengths_are_nonsense_or_cost_nothing() {
    check_whole(
        &format!(
            r"> {}
> \xff\xff\xff\xff\x00\x00\x00\x02
> {}
< \x7f\xff\xff\xff\x00\x00\x00\x01\x7f\xff\xff\xff\x00
> {}",
            produce(1, r"\x00\x01"),
            produce(2, r"\x00\x01"),
            // A million topics, and varints without end.
            message(r"\x00\x03|\x00\x0c|\x00\x00\x00\x04|\x00\x01c|\x00|\xff\xff\xff\xff\xff\xff\xff\xff"),
        ),
        expect![[r#"
            kafka id=4 index=0 elapsed_time=3000 method=Produce summary="Produce orders → 2147483651 bytes" request_packet=4 response_packet=7 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=true kafka_size=47 kafka_request_size=47 kafka_response_size=2147483651
            kafka id=6 index=0 method=Produce summary="Produce orders" request_packet=6 kafka_api_key=0 kafka_api_key_name=Produce kafka_client_id=p kafka_request_summary=orders kafka_topics=[orders] kafka_request=true kafka_response=false kafka_size=47 kafka_request_size=47
            kafka id=8 index=0 method=Metadata summary=Metadata request_packet=8 kafka_api_key=3 kafka_api_key_name=Metadata kafka_client_id=c kafka_request=true kafka_response=false kafka_size=24 kafka_request_size=24
            anomaly malformed_kafka 1
            anomaly unparsable_kafka 1
        "#]],
    );
}

#[test]
fn recognition_reads_content() {
    let tcp = |port, text: &str| recognise(Transport::Tcp, [51000, port], &bytes(text));
    let kafka = Some("Kafka");
    let named = produce(1, r"\x00\x01");
    let nameless = message(&format!(r"\x00\x03|\x00\x00|{ZERO}|\xff\xff|{ONE}|\x00\x01t"));
    assert_eq!(tcp(7000, &named), kafka);
    assert_eq!(tcp(7000, &named[..named.len() - 2]), kafka);
    assert_eq!(tcp(7000, &nameless), None);
    assert_eq!(tcp(9092, &nameless), kafka);
    // A client may send more than an empty body.
    assert_eq!(
        tcp(
            7000,
            &message(&format!(r"\x00\x12|\x00\x00|{ZERO}|\x00\x07rdkafka|{ZERO}"))
        ),
        kafka
    );
    // A response, which has the form of a request of another version but for its body.
    assert_eq!(tcp(7000, &produced(5, r"\x00\x00")), None);
    // Bytes behind the body, an acknowledgment that there is not, a later operation, a name that is none.
    assert_eq!(
        tcp(
            9092,
            &message(&format!(r"\x00\x03|\x00\x00|{ZERO}|\xff\xff|{ONE}|\x00\x01t|abc"))
        ),
        None
    );
    assert_eq!(tcp(9092, &produce(1, r"\x00\x07")), None);
    assert_eq!(
        tcp(9092, &message(&format!(r"\x00\xff|\x00\x00|{ZERO}|\x00\x01c|{ZERO}"))),
        None
    );
    assert_eq!(
        tcp(
            9092,
            &message(&format!(r"\x00\x12|\x00\x00|{ZERO}|\x00\x02\x01\x02|{ZERO}"))
        ),
        None
    );
    // A method of AMQP, a keep-alive of SMPP.
    let method = r"\x01\x00\x00\x00\x00\x01\x21\x00\x0a\x00\x0b\x00\x00\x00\xfd\x07product";
    assert_eq!(tcp(7000, &format!("{method}{}", "a".repeat(60))), Some("AMQP"));
    assert_eq!(
        tcp(
            7000,
            r"\x00\x00\x00\x10\x00\x00\x00\x15\x00\x00\x00\x00\x00\x00\x00\x01"
        ),
        None
    );
    assert_eq!(tcp(9092, r"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Some("HTTP"));
    assert_eq!(tcp(9093, r"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"), None);
}

#[test]
fn any_bytes_are_taken() {
    let fetch = message(&format!(
        r"\x00\x01|\x00\x0d|\x00\x00\x00\x02|\x00\x01c|\x00|\xff\xff\xff\xff|{ZERO_8}|{ZERO}|\x00|{ZERO_8}|\x02|{ZERO_8}{ZERO_8}|\x01|\x00|\x01|\x01|\x00"
    ));
    let handshake = message(r"\x00\x11|\x00\x00|\x00\x00\x00\x03|\x00\x01c|\x00\x05PLAIN");
    check_any_bytes(
        &TCP,
        &[&format!(
            "{OPEN}> {}\n< {}\n> {fetch}\n< {}\n> {handshake}\n< {}\n> {}\n< {ZERO}\n> {fetch}",
            produce(1, r"\x00\x01"),
            produced(1, r"\x00\x00"),
            message(&format!(r"\x00\x00\x00\x02|\x00|{ZERO}|\x00\x00|{ZERO}|\x01|\x00")),
            message(&format!(r"\x00\x00\x00\x03|\x00\x00|{ONE}|\x00\x05PLAIN")),
            message("token"),
        )],
    );
}
