use expect_test::{Expect, expect};

use super::TCP;
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole, recognise};

const HEADER: &str = r"AMQP\x00\x00\x09\x01";
const START: &str = r"\x01\x00\x00\x00\x00\x008\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x13\x07productS\x00\x00\x00\x06Rabbit\x00\x00\x00\x0eAMQPLAIN PLAIN\x00\x00\x00\x05en_US\xce";
const START_OK: &str = r"\x01\x00\x00\x00\x00\x00$\x00\x0a\x00\x0b\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x0c\x00guest\x00guest\x05en_US\xce";
const TUNE: &str = r"\x01\x00\x00\x00\x00\x00\x0c\x00\x0a\x00\x1e\x07\xff\x00\x02\x00\x00\x00<\xce";
const TUNE_OK: &str = r"\x01\x00\x00\x00\x00\x00\x0c\x00\x0a\x00\x1f\x07\xff\x00\x02\x00\x00\x00\x1e\xce";
const OPEN: &str = r"\x01\x00\x00\x00\x00\x00\x0c\x00\x0a\x00(\x05/shop\x00\x00\xce";
const OPEN_OK: &str = r"\x01\x00\x00\x00\x00\x00\x05\x00\x0a\x00)\x00\xce";
const CHANNEL_OPEN: &str = r"\x01\x00\x01\x00\x00\x00\x05\x00\x14\x00\x0a\x00\xce";
const CHANNEL_OPEN_OK: &str = r"\x01\x00\x01\x00\x00\x00\x08\x00\x14\x00\x0b\x00\x00\x00\x00\xce";
const OTHER_OPEN: &str = r"\x01\x00\x02\x00\x00\x00\x05\x00\x14\x00\x0a\x00\xce";
const OTHER_OPEN_OK: &str = r"\x01\x00\x02\x00\x00\x00\x08\x00\x14\x00\x0b\x00\x00\x00\x00\xce";
const EXCHANGE: &str = r"\x01\x00\x01\x00\x00\x00\x17\x00(\x00\x0a\x00\x00\x04logs\x06fanout\x02\x00\x00\x00\x00\xce";
const EXCHANGE_OK: &str = r"\x01\x00\x01\x00\x00\x00\x04\x00(\x00\x0b\xce";
const EXCHANGE_NO_WAIT: &str =
    r"\x01\x00\x01\x00\x00\x00\x17\x00(\x00\x0a\x00\x00\x04logs\x06fanout\x10\x00\x00\x00\x00\xce";
const QUEUE: &str = r"\x01\x00\x01\x00\x00\x00\x12\x002\x00\x0a\x00\x00\x06orders\x02\x00\x00\x00\x00\xce";
const QUEUE_OK: &str = r"\x01\x00\x01\x00\x00\x00\x13\x002\x00\x0b\x06orders\x00\x00\x00\x03\x00\x00\x00\x01\xce";
const OTHER_QUEUE: &str = r"\x01\x00\x02\x00\x00\x00\x0c\x002\x00\x0a\x00\x00\x00\x04\x00\x00\x00\x00\xce";
const OTHER_QUEUE_OK: &str =
    r"\x01\x00\x02\x00\x00\x00\x16\x002\x00\x0b\x09amq.gen-1\x00\x00\x00\x00\x00\x00\x00\x00\xce";
const BIND: &str =
    r"\x01\x00\x01\x00\x00\x00\x1c\x002\x00\x14\x00\x00\x06orders\x04logs\x04info\x00\x00\x00\x00\x00\xce";
const BIND_OK: &str = r"\x01\x00\x01\x00\x00\x00\x04\x002\x00\x15\xce";
const CONFIRM: &str = r"\x01\x00\x01\x00\x00\x00\x05\x00U\x00\x0a\x00\xce";
const CONFIRM_OK: &str = r"\x01\x00\x01\x00\x00\x00\x04\x00U\x00\x0b\xce";
const QOS: &str = r"\x01\x00\x01\x00\x00\x00\x0b\x00<\x00\x0a\x00\x00\x00\x00\x00\x0a\x00\xce";
const QOS_OK: &str = r"\x01\x00\x01\x00\x00\x00\x04\x00<\x00\x0b\xce";
const CONSUME: &str = r"\x01\x00\x01\x00\x00\x00\x13\x00<\x00\x14\x00\x00\x06orders\x00\x02\x00\x00\x00\x00\xce";
const CONSUME_OK: &str = r"\x01\x00\x01\x00\x00\x00\x0b\x00<\x00\x15\x06ctag-1\xce";
const PUBLISH: &str = r"\x01\x00\x01\x00\x00\x00\x11\x00<\x00(\x00\x00\x04logs\x04info\x01\xce";
const CONTENT: &str = r"\x02\x00\x01\x00\x00\x00\x1a\x00<\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x90\x00\x0atext/plain\x02\xce\x03\x00\x01\x00\x00\x00\x05hello\xce";
const CONTENT_BEGINS: &str = r"\x02\x00\x01\x00\x00\x00\x0e\x00<\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\xce\x03\x00\x01\x00\x00\x00\x05hello\xce";
const CONTENT_ENDS: &str = r"\x03\x00\x01\x00\x00\x00\x04rest\xce";
const NO_CONTENT: &str = r"\x02\x00\x01\x00\x00\x00\x0e\x00<\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xce";
const ACK: &str = r"\x01\x00\x01\x00\x00\x00\x0d\x00<\x00P\x00\x00\x00\x00\x00\x00\x00\x01\x00\xce";
const NACK: &str = r"\x01\x00\x01\x00\x00\x00\x0d\x00<\x00x\x00\x00\x00\x00\x00\x00\x00\x02\x03\xce";
const RETURN: &str = r"\x01\x00\x01\x00\x00\x00\x19\x00<\x002\x018\x08NO_ROUTE\x04logs\x04info\xce";
const DELIVER: &str =
    r"\x01\x00\x01\x00\x00\x00\x1e\x00<\x00<\x06ctag-1\x00\x00\x00\x00\x00\x00\x00\x01\x01\x04logs\x04info\xce";
const GET: &str = r"\x01\x00\x01\x00\x00\x00\x0e\x00<\x00F\x00\x00\x06orders\x00\xce";
const GET_OK: &str =
    r"\x01\x00\x01\x00\x00\x00\x1b\x00<\x00G\x00\x00\x00\x00\x00\x00\x00\x07\x00\x04logs\x04info\x00\x00\x00\x02\xce";
const GET_EMPTY: &str = r"\x01\x00\x01\x00\x00\x00\x05\x00<\x00H\x00\xce";
const CHANNEL_CLOSE: &str =
    r"\x01\x00\x01\x00\x00\x00\x1f\x00\x14\x00(\x01\x94\x14NOT_FOUND - no queue\x002\x00\x0a\xce";
const CHANNEL_CLOSE_OK: &str = r"\x01\x00\x01\x00\x00\x00\x04\x00\x14\x00)\xce";
const REFUSE: &str = r"\x01\x00\x00\x00\x00\x00\x1e\x00\x0a\x002\x02\x12\x13NOT_ALLOWED - vhost\x00\x0a\x00(\xce";
const CLOSE: &str = r"\x01\x00\x00\x00\x00\x00\x12\x00\x0a\x002\x00\xc8\x07Goodbye\x00\x00\x00\x00\xce";
const CLOSE_OK: &str = r"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x003\xce";
const BLOCKED: &str = r"\x01\x00\x00\x00\x00\x00\x12\x00\x0a\x00<\x0dlow on memory\xce";
const HEARTBEAT: &str = r"\x08\x00\x00\x00\x00\x00\x00\xce";
const UNKNOWN: &str = r"\x01\x00\x01\x00\x00\x00\x04\x00<\x00c\xce";

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:5672\n{talk}"), expect);
}

/// The bytes of a text of `\xNN` and characters.
fn bytes(text: &str) -> Vec<u8> {
    let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
    talk.packets()
        .flat_map(|(_, packet, _)| packet.payload.clone())
        .collect()
}

#[test]
fn a_method_and_its_answer_are_one_row_whoever_asks() {
    check(
        &format!("> {HEADER}\n< {START}\n> {START_OK}\n< {TUNE}\n> {TUNE_OK}{OPEN}\n< {OPEN_OK}{HEARTBEAT}"),
        expect![[r#"
            amqp id=5 index=0 elapsed_time=1000 method=connection.start summary="connection.start AMQPLAIN PLAIN → PLAIN" request_packet=5 response_packet=6 amqp_method=connection.start amqp_summary="connection.start AMQPLAIN PLAIN → PLAIN" amqp_request=true amqp_response=true amqp_request_length=64 amqp_response_length=44 amqp_total_size=108
            amqp id=7 index=0 elapsed_time=1000 method=connection.tune summary="connection.tune channels=2047 frame=131072 heartbeat=60 → channels=2047 frame=131072 heartbeat=30" request_packet=7 response_packet=8 amqp_method=connection.tune amqp_summary="connection.tune channels=2047 frame=131072 heartbeat=60 → channels=2047 frame=131072 heartbeat=30" amqp_request=true amqp_response=true amqp_request_length=20 amqp_response_length=20 amqp_total_size=40
            amqp id=8 index=1 elapsed_time=1000 method=connection.open summary="connection.open /shop → ok" request_packet=8 response_packet=9 amqp_method=connection.open amqp_summary="connection.open /shop → ok" amqp_request=true amqp_response=true amqp_request_length=20 amqp_response_length=13 amqp_total_size=33
        "#]],
    );
}

#[test]
fn answers_find_their_method_in_their_channel() {
    check(
        &format!(
            "> {CHANNEL_OPEN}{OTHER_OPEN}\n< {OTHER_OPEN_OK}{CHANNEL_OPEN_OK}\n> {QUEUE}{OTHER_QUEUE}{QUEUE}\n< {OTHER_QUEUE_OK}{QUEUE_OK}\n< {QUEUE_OK}"
        ),
        expect![[r#"
            amqp id=4 index=1 elapsed_time=1000 method=channel.open summary="channel.open → ok" request_packet=4 response_packet=5 amqp_method=channel.open amqp_summary="channel.open → ok" amqp_request=true amqp_response=true amqp_request_length=13 amqp_response_length=16 amqp_total_size=29
            amqp id=4 index=0 elapsed_time=1000 method=channel.open summary="channel.open → ok" request_packet=4 response_packet=5 amqp_method=channel.open amqp_summary="channel.open → ok" amqp_request=true amqp_response=true amqp_request_length=13 amqp_response_length=16 amqp_total_size=29
            amqp id=6 index=1 elapsed_time=1000 method=queue.declare summary="queue.declare \"\" exclusive → amq.gen-1 messages=0 consumers=0" request_packet=6 response_packet=7 amqp_method=queue.declare amqp_summary="queue.declare \"\" exclusive → amq.gen-1 messages=0 consumers=0" amqp_request=true amqp_response=true amqp_request_length=20 amqp_response_length=30 amqp_total_size=50
            amqp id=6 index=0 elapsed_time=1000 method=queue.declare summary="queue.declare orders durable → orders messages=3 consumers=1" request_packet=6 response_packet=7 amqp_method=queue.declare amqp_summary="queue.declare orders durable → orders messages=3 consumers=1" amqp_request=true amqp_response=true amqp_request_length=26 amqp_response_length=27 amqp_total_size=53
            amqp id=6 index=2 elapsed_time=2000 method=queue.declare summary="queue.declare orders durable → orders messages=3 consumers=1" request_packet=6 response_packet=8 amqp_method=queue.declare amqp_summary="queue.declare orders durable → orders messages=3 consumers=1" amqp_request=true amqp_response=true amqp_request_length=26 amqp_response_length=27 amqp_total_size=53
        "#]],
    );
}

#[test]
fn declarations_say_what_they_declare() {
    check(
        &format!(
            "> {EXCHANGE}{EXCHANGE_NO_WAIT}{BIND}{CONFIRM}{QOS}{CONSUME}\n< {EXCHANGE_OK}{BIND_OK}{CONFIRM_OK}{QOS_OK}{CONSUME_OK}"
        ),
        expect![[r#"
            amqp id=4 index=1 method=exchange.declare summary="exchange.declare logs fanout no-wait" request_packet=4 amqp_method=exchange.declare amqp_summary="exchange.declare logs fanout no-wait" amqp_request=true amqp_response=false amqp_request_length=31 amqp_total_size=31
            amqp id=4 index=0 elapsed_time=1000 method=exchange.declare summary="exchange.declare logs fanout durable → ok" request_packet=4 response_packet=5 amqp_method=exchange.declare amqp_summary="exchange.declare logs fanout durable → ok" amqp_request=true amqp_response=true amqp_request_length=31 amqp_response_length=12 amqp_total_size=43
            amqp id=4 index=2 elapsed_time=1000 method=queue.bind summary="queue.bind orders exchange=logs key=info → ok" request_packet=4 response_packet=5 amqp_method=queue.bind amqp_summary="queue.bind orders exchange=logs key=info → ok" amqp_request=true amqp_response=true amqp_request_length=36 amqp_response_length=12 amqp_total_size=48
            amqp id=4 index=3 elapsed_time=1000 method=confirm.select summary="confirm.select → ok" request_packet=4 response_packet=5 amqp_method=confirm.select amqp_summary="confirm.select → ok" amqp_request=true amqp_response=true amqp_request_length=13 amqp_response_length=12 amqp_total_size=25
            amqp id=4 index=4 elapsed_time=1000 method=basic.qos summary="basic.qos bytes=0 messages=10 → ok" request_packet=4 response_packet=5 amqp_method=basic.qos amqp_summary="basic.qos bytes=0 messages=10 → ok" amqp_request=true amqp_response=true amqp_request_length=19 amqp_response_length=12 amqp_total_size=31
            amqp id=4 index=5 elapsed_time=1000 method=basic.consume summary="basic.consume orders no-ack → ctag-1" request_packet=4 response_packet=5 amqp_method=basic.consume amqp_summary="basic.consume orders no-ack → ctag-1" amqp_request=true amqp_response=true amqp_request_length=27 amqp_response_length=19 amqp_total_size=46
        "#]],
    );
}

#[test]
fn content_belongs_to_its_method() {
    check(
        &format!(
            "> {PUBLISH}{CONTENT}{PUBLISH}{CONTENT_BEGINS}\n< {ACK}{NACK}\n> {CONTENT_ENDS}{PUBLISH}{NO_CONTENT}\n< {DELIVER}{CONTENT}\n< {RETURN}{CONTENT}\n> {ACK}"
        ),
        expect![[r#"
            amqp id=4 index=0 method=basic.publish summary="basic.publish logs key=info mandatory 5 bytes text/plain" request_packet=4 amqp_method=basic.publish amqp_summary="basic.publish logs key=info mandatory 5 bytes text/plain" amqp_request=true amqp_response=false amqp_request_length=72 amqp_total_size=72
            amqp id=5 index=0 method=basic.ack summary="basic.ack tag=1" request_packet=5 amqp_method=basic.ack amqp_summary="basic.ack tag=1" amqp_request=true amqp_response=false amqp_request_length=21 amqp_total_size=21
            amqp id=5 index=1 method=basic.nack summary="basic.nack tag=2 multiple requeue" request_packet=5 amqp_method=basic.nack amqp_summary="basic.nack tag=2 multiple requeue" amqp_request=true amqp_response=false amqp_request_length=21 amqp_total_size=21
            amqp id=4 index=3 method=basic.publish summary="basic.publish logs key=info mandatory 9 bytes" request_packet=4 amqp_method=basic.publish amqp_summary="basic.publish logs key=info mandatory 9 bytes" amqp_request=true amqp_response=false amqp_request_length=72 amqp_total_size=72
            amqp id=6 index=1 method=basic.publish summary="basic.publish logs key=info mandatory 0 bytes" request_packet=6 amqp_method=basic.publish amqp_summary="basic.publish logs key=info mandatory 0 bytes" amqp_request=true amqp_response=false amqp_request_length=47 amqp_total_size=47
            amqp id=7 index=0 method=basic.deliver summary="basic.deliver ctag-1 tag=1 redelivered exchange=logs key=info 5 bytes text/plain" request_packet=7 amqp_method=basic.deliver amqp_summary="basic.deliver ctag-1 tag=1 redelivered exchange=logs key=info 5 bytes text/plain" amqp_request=true amqp_response=false amqp_request_length=85 amqp_total_size=85
            amqp id=8 index=0 status_code=312 method=basic.return summary="basic.return 312 NO_ROUTE exchange=logs key=info 5 bytes text/plain" request_packet=8 amqp_method=basic.return amqp_summary="basic.return 312 NO_ROUTE exchange=logs key=info 5 bytes text/plain" amqp_request=true amqp_response=false amqp_request_length=80 amqp_total_size=80
            amqp id=9 index=0 method=basic.ack summary="basic.ack tag=1" request_packet=9 amqp_method=basic.ack amqp_summary="basic.ack tag=1" amqp_request=true amqp_response=false amqp_request_length=21 amqp_total_size=21
        "#]],
    );
}

#[test]
fn what_is_got_is_the_answer_with_its_content() {
    check(
        &format!("> {GET}\n< {GET_OK}\n< {CONTENT}\n> {GET}\n< {GET_EMPTY}"),
        expect![[r#"
            amqp id=4 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → tag=7 exchange=logs key=info messages=2 5 bytes text/plain" request_packet=4 response_packet=5 amqp_method=basic.get amqp_summary="basic.get orders → tag=7 exchange=logs key=info messages=2 5 bytes text/plain" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=82 amqp_total_size=104
            amqp id=7 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → empty" request_packet=7 response_packet=8 amqp_method=basic.get amqp_summary="basic.get orders → empty" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=13 amqp_total_size=35
        "#]],
    );
}

#[test]
fn content_that_never_ends_is_over_with_the_next_method() {
    check(
        &format!("> {PUBLISH}{CONTENT_BEGINS}{PUBLISH}"),
        expect![[r#"
            amqp id=4 index=0 method=basic.publish summary="basic.publish logs key=info mandatory 9 bytes" request_packet=4 amqp_method=basic.publish amqp_summary="basic.publish logs key=info mandatory 9 bytes" amqp_request=true amqp_response=false amqp_request_length=60 amqp_total_size=60
            amqp id=4 index=3 method=basic.publish summary="basic.publish logs key=info mandatory" request_packet=4 amqp_method=basic.publish amqp_summary="basic.publish logs key=info mandatory" amqp_request=true amqp_response=false amqp_request_length=25 amqp_total_size=25
        "#]],
    );
}

#[test]
fn a_refused_method_is_answered_by_the_close() {
    check(
        &format!("> {QUEUE}{BIND}\n< {CHANNEL_CLOSE}\n> {CHANNEL_CLOSE_OK}{OPEN}\n< {REFUSE}"),
        expect![[r#"
            amqp id=4 index=0 elapsed_time=1000 status_code=404 method=queue.declare summary="queue.declare orders durable → channel.close 404 NOT_FOUND - no queue" request_packet=4 response_packet=5 amqp_method=queue.declare amqp_summary="queue.declare orders durable → channel.close 404 NOT_FOUND - no queue" amqp_request=true amqp_response=true amqp_request_length=26 amqp_response_length=39 amqp_total_size=65
            amqp id=4 index=1 method=queue.bind summary="queue.bind orders exchange=logs key=info" request_packet=4 amqp_method=queue.bind amqp_summary="queue.bind orders exchange=logs key=info" amqp_request=true amqp_response=false amqp_request_length=36 amqp_total_size=36
            amqp id=5 index=0 elapsed_time=1000 status_code=404 method=channel.close summary="channel.close 404 NOT_FOUND - no queue → ok" request_packet=5 response_packet=6 amqp_method=channel.close amqp_summary="channel.close 404 NOT_FOUND - no queue → ok" amqp_request=true amqp_response=true amqp_request_length=39 amqp_response_length=12 amqp_total_size=51
            amqp id=6 index=1 elapsed_time=1000 status_code=530 method=connection.open summary="connection.open /shop → connection.close 530 NOT_ALLOWED - vhost" request_packet=6 response_packet=7 amqp_method=connection.open amqp_summary="connection.open /shop → connection.close 530 NOT_ALLOWED - vhost" amqp_request=true amqp_response=true amqp_request_length=20 amqp_response_length=38 amqp_total_size=58
            amqp id=7 index=0 status_code=530 method=connection.close summary="connection.close 530 NOT_ALLOWED - vhost" request_packet=7 amqp_method=connection.close amqp_summary="connection.close 530 NOT_ALLOWED - vhost" amqp_request=true amqp_response=false amqp_request_length=38 amqp_total_size=38
        "#]],
    );
}

#[test]
fn who_closes_may_still_be_answered() {
    check(
        &format!("> {QUEUE}{CLOSE}\n< {BLOCKED}{QUEUE_OK}{CLOSE_OK}"),
        expect![[r#"
            amqp id=5 index=0 method=connection.blocked summary="connection.blocked low on memory" request_packet=5 amqp_method=connection.blocked amqp_summary="connection.blocked low on memory" amqp_request=true amqp_response=false amqp_request_length=26 amqp_total_size=26
            amqp id=4 index=0 elapsed_time=1000 method=queue.declare summary="queue.declare orders durable → orders messages=3 consumers=1" request_packet=4 response_packet=5 amqp_method=queue.declare amqp_summary="queue.declare orders durable → orders messages=3 consumers=1" amqp_request=true amqp_response=true amqp_request_length=26 amqp_response_length=27 amqp_total_size=53
            amqp id=4 index=1 elapsed_time=1000 status_code=200 method=connection.close summary="connection.close 200 Goodbye → ok" request_packet=4 response_packet=5 amqp_method=connection.close amqp_summary="connection.close 200 Goodbye → ok" amqp_request=true amqp_response=true amqp_request_length=26 amqp_response_length=12 amqp_total_size=38
        "#]],
    );
}

#[test]
fn an_answer_without_its_method_is_a_row() {
    check(
        &format!("< {QUEUE_OK}{CONTENT}\n> {GET}"),
        expect![[r#"
            amqp id=4 index=0 summary="queue.declare-ok orders messages=3 consumers=1" response_packet=4 amqp_method=queue.declare-ok amqp_summary="queue.declare-ok orders messages=3 consumers=1" amqp_request=false amqp_response=true amqp_response_length=27 amqp_total_size=27
            amqp id=5 index=0 method=basic.get summary="basic.get orders" request_packet=5 amqp_method=basic.get amqp_summary="basic.get orders" amqp_request=true amqp_response=false amqp_request_length=22 amqp_total_size=22
        "#]],
    );
}

#[test]
fn a_gap_costs_what_it_hides() {
    let (begin, end) = CONTENT.split_at(CONTENT.find("hello").expect("it is there") + 2);
    let talk = format!(
        "10.0.0.1:51000 > 10.0.0.2:5672\n> {PUBLISH}{begin}\n> {end}\n> {QUEUE}\n> {GET}\n< {QUEUE_OK}{GET_EMPTY}"
    );
    check_whole(
        &TCP,
        &format!("{talk}\n  drop 5"),
        expect![[r#"
            amqp id=4 index=0 method=basic.publish summary="basic.publish logs key=info mandatory 5 bytes text/plain" request_packet=4 amqp_method=basic.publish amqp_summary="basic.publish logs key=info mandatory 5 bytes text/plain" amqp_request=true amqp_response=false amqp_request_length=72 amqp_total_size=72
            amqp id=6 index=0 elapsed_time=2000 method=queue.declare summary="queue.declare orders durable → orders messages=3 consumers=1" request_packet=6 response_packet=8 amqp_method=queue.declare amqp_summary="queue.declare orders durable → orders messages=3 consumers=1" amqp_request=true amqp_response=true amqp_request_length=26 amqp_response_length=27 amqp_total_size=53
            amqp id=7 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → empty" request_packet=7 response_packet=8 amqp_method=basic.get amqp_summary="basic.get orders → empty" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=13 amqp_total_size=35
        "#]],
    );
    check_whole(
        &TCP,
        &format!("{talk}\n  drop 4"),
        expect![[r#"
            amqp id=6 index=0 elapsed_time=2000 method=queue.declare summary="queue.declare orders durable → orders messages=3 consumers=1" request_packet=6 response_packet=8 amqp_method=queue.declare amqp_summary="queue.declare orders durable → orders messages=3 consumers=1" amqp_request=true amqp_response=true amqp_request_length=26 amqp_response_length=27 amqp_total_size=53
            amqp id=7 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → empty" request_packet=7 response_packet=8 amqp_method=basic.get amqp_summary="basic.get orders → empty" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=13 amqp_total_size=35
        "#]],
    );
    check_whole(
        &TCP,
        &format!("{talk}\n  drop 6"),
        expect![[r#"
            amqp id=4 index=0 method=basic.publish summary="basic.publish logs key=info mandatory 5 bytes text/plain" request_packet=4 amqp_method=basic.publish amqp_summary="basic.publish logs key=info mandatory 5 bytes text/plain" amqp_request=true amqp_response=false amqp_request_length=72 amqp_total_size=72
            amqp id=8 index=0 summary="queue.declare-ok orders messages=3 consumers=1" response_packet=8 amqp_method=queue.declare-ok amqp_summary="queue.declare-ok orders messages=3 consumers=1" amqp_request=false amqp_response=true amqp_response_length=27 amqp_total_size=27
            amqp id=7 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → empty" request_packet=7 response_packet=8 amqp_method=basic.get amqp_summary="basic.get orders → empty" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=13 amqp_total_size=35
        "#]],
    );
}

#[test]
fn one_lost_answer_of_a_long_talk_costs_one_method_its_own() {
    let talk: String = (0..6).map(|_| format!("> {GET}\n< {GET_EMPTY}\n")).collect();
    check_whole(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:5672\n{talk}  drop 7"),
        expect![[r#"
            amqp id=4 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → empty" request_packet=4 response_packet=5 amqp_method=basic.get amqp_summary="basic.get orders → empty" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=13 amqp_total_size=35
            amqp id=6 index=0 method=basic.get summary="basic.get orders" request_packet=6 amqp_method=basic.get amqp_summary="basic.get orders" amqp_request=true amqp_response=false amqp_request_length=22 amqp_total_size=22
            amqp id=8 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → empty" request_packet=8 response_packet=9 amqp_method=basic.get amqp_summary="basic.get orders → empty" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=13 amqp_total_size=35
            amqp id=10 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → empty" request_packet=10 response_packet=11 amqp_method=basic.get amqp_summary="basic.get orders → empty" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=13 amqp_total_size=35
            amqp id=12 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → empty" request_packet=12 response_packet=13 amqp_method=basic.get amqp_summary="basic.get orders → empty" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=13 amqp_total_size=35
            amqp id=14 index=0 elapsed_time=1000 method=basic.get summary="basic.get orders → empty" request_packet=14 response_packet=15 amqp_method=basic.get amqp_summary="basic.get orders → empty" amqp_request=true amqp_response=true amqp_request_length=22 amqp_response_length=13 amqp_total_size=35
        "#]],
    );
}

#[test]
fn bytes_that_are_no_frame_are_counted() {
    let endless = QUEUE.replace("\\xce", "\\xcd");
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:5672\n> {endless}{QUEUE}\n> {QUEUE}rubbish\n> {UNKNOWN}{GET}\n< \\x01\\x00\\x01\\xff\\xff\\xff\\xff\\x00\n< {GET_EMPTY}"
        ),
        expect![[r#"
            amqp id=8 index=0 summary=basic.get-empty response_packet=8 amqp_method=basic.get-empty amqp_summary=basic.get-empty amqp_request=false amqp_response=true amqp_response_length=13 amqp_total_size=13
            amqp id=5 index=0 method=queue.declare summary="queue.declare orders durable" request_packet=5 amqp_method=queue.declare amqp_summary="queue.declare orders durable" amqp_request=true amqp_response=false amqp_request_length=26 amqp_total_size=26
            anomaly unparsable_amqp 3
        "#]],
    );
}

#[test]
fn any_bytes() {
    check_any_bytes(
        &TCP,
        &[&format!(
            "10.0.0.1:1 > 10.0.0.2:5672\n> {HEADER}{START_OK}{TUNE_OK}{OPEN}\n< {START}{TUNE}{OPEN_OK}\n> {PUBLISH}{CONTENT}{QUEUE}{GET}\n< {QUEUE_OK}{GET_OK}{CONTENT}{CHANNEL_CLOSE}"
        )],
    );
}

#[test]
fn amqp_is_recognised_on_any_port() {
    for frame in [
        HEADER,
        START,
        START_OK,
        TUNE,
        OPEN,
        OPEN_OK,
        CHANNEL_OPEN,
        CHANNEL_OPEN_OK,
        EXCHANGE,
        QUEUE,
        QUEUE_OK,
        BIND_OK,
        PUBLISH,
        CONTENT,
        ACK,
        DELIVER,
        GET_OK,
        CLOSE,
        HEARTBEAT,
    ] {
        assert_eq!(
            recognise(Transport::Tcp, [51000, 9], &bytes(frame)),
            Some("AMQP"),
            "{frame}"
        );
    }
    assert_eq!(recognise(Transport::Tcp, [51000, 9], &bytes(START)[..40]), Some("AMQP"));
    assert_eq!(
        recognise(Transport::Tcp, [51000, 5672], &bytes(CONTENT_ENDS)),
        Some("AMQP")
    );
}

#[test]
fn look_alikes_are_not_amqp() {
    let end = QUEUE.replace("\\xce", "\\xcf");
    let ticket = QUEUE.replacen("\\x0a\\x00\\x00\\x06", "\\x0a\\x07\\x00\\x06", 1);
    let channel = OPEN.replacen("\\x01\\x00\\x00", "\\x01\\x00\\x01", 1);
    for look_alike in [
        "AMQP\\x00\\x01\\x00\\x00",
        "AMQP\\x01\\x01\\x00\\x0a",
        CONTENT_ENDS,
        UNKNOWN,
        &end,
        &ticket,
        &channel,
    ] {
        assert_eq!(
            recognise(Transport::Tcp, [51000, 9], &bytes(look_alike)),
            None,
            "{look_alike}"
        );
    }
}
