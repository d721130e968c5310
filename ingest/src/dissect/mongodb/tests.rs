use expect_test::{Expect, expect};

use super::TCP;
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole, recognise};

const FIND: &str = r"M\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x008\x00\x00\x00\x02find\x00\x07\x00\x00\x00orders\x00\x03filter\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00\x02$db\x00\x05\x00\x00\x00shop\x00\x00";
const FOUND: &str = r"\x86\x00\x00\x00F\x00\x00\x00\x07\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00q\x00\x00\x00\x03cursor\x00X\x00\x00\x00\x04firstBatch\x00'\x00\x00\x00\x030\x00\x0e\x00\x00\x00\x10_id\x00\x01\x00\x00\x00\x00\x031\x00\x0e\x00\x00\x00\x10_id\x00\x02\x00\x00\x00\x00\x00\x12id\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02ns\x00\x0c\x00\x00\x00shop.orders\x00\x00\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?\x00";
const PING: &str = r"3\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00\x1e\x00\x00\x00\x10ping\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00\x00";
const PONG: &str = r"\x22\x00\x00\x00G\x00\x00\x00\x08\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00\x0d\x00\x00\x00\x10ok\x00\x01\x00\x00\x00\x00";
const INSERT: &str = r"r\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00\x01\x00\x00\x00\x00&\x00\x00\x00\x02insert\x00\x07\x00\x00\x00orders\x00\x02$db\x00\x05\x00\x00\x00shop\x00\x00\x012\x00\x00\x00documents\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x02\x00\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x03\x00\x00\x00\x00CRC!";
const INSERTED: &str = r"-\x00\x00\x00H\x00\x00\x00\x09\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00\x18\x00\x00\x00\x10n\x00\x03\x00\x00\x00\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?\x00";
const DUPLICATE: &str = r"}\x00\x00\x00H\x00\x00\x00\x09\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00h\x00\x00\x00\x10n\x00\x02\x00\x00\x00\x04writeErrors\x00C\x00\x00\x00\x030\x00;\x00\x00\x00\x10index\x00\x00\x00\x00\x00\x10code\x00\xf8*\x00\x00\x02errmsg\x00\x15\x00\x00\x00E11000 duplicate key\x00\x00\x00\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?\x00";
const FAILED: &str = r"i\x00\x00\x00F\x00\x00\x00\x07\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00T\x00\x00\x00\x01ok\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02errmsg\x00\x0d\x00\x00\x00ns not found\x00\x10code\x00\x1a\x00\x00\x00\x02codeName\x00\x12\x00\x00\x00NamespaceNotFound\x00\x00";
const UNACKNOWLEDGED: &str = r"d\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00\x02\x00\x00\x00\x00O\x00\x00\x00\x02delete\x00\x07\x00\x00\x00orders\x00\x04deletes\x00 \x00\x00\x00\x030\x00\x18\x00\x00\x00\x03q\x00\x05\x00\x00\x00\x00\x10limit\x00\x00\x00\x00\x00\x00\x00\x02$db\x00\x05\x00\x00\x00shop\x00\x00";
const HELLO: &str = r"4\x00\x00\x00\x0b\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x01\x00\x00\x1f\x00\x00\x00\x10hello\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00\x00";
const HELLO_1: &str = r":\x00\x00\x00P\x00\x00\x00\x0b\x00\x00\x00\xdd\x07\x00\x00\x02\x00\x00\x00\x00%\x00\x00\x00\x08isWritablePrimary\x00\x01\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?\x00";
const HELLO_2: &str = r":\x00\x00\x00Q\x00\x00\x00P\x00\x00\x00\xdd\x07\x00\x00\x02\x00\x00\x00\x00%\x00\x00\x00\x08isWritablePrimary\x00\x01\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?\x00";
const HELLO_3: &str = r":\x00\x00\x00R\x00\x00\x00Q\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00%\x00\x00\x00\x08isWritablePrimary\x00\x00\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?\x00";
const GET_MORE: &str = r"P\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00;\x00\x00\x00\x12getMore\x00\x01\x01\x01\x01\x01\x01\x01\x01\x02collection\x00\x07\x00\x00\x00orders\x00\x02$db\x00\x05\x00\x00\x00shop\x00\x00";
const MORE: &str = r"`\x00\x00\x00S\x00\x00\x00\x0c\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00K\x00\x00\x00\x03cursor\x002\x00\x00\x00\x04nextBatch\x00\x16\x00\x00\x00\x030\x00\x0e\x00\x00\x00\x10_id\x00\x01\x00\x00\x00\x00\x00\x12id\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?\x00";
const OLD_COMMAND: &str = r":\x00\x00\x00\x14\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00\x04\x00\x00\x00admin.$cmd\x00\x00\x00\x00\x00\xff\xff\xff\xff\x13\x00\x00\x00\x10isMaster\x00\x01\x00\x00\x00\x00";
const OLD_WRAPPED: &str = r"r\x00\x00\x00\x14\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00\x04\x00\x00\x00shop.$cmd\x00\x00\x00\x00\x00\xff\xff\xff\xffL\x00\x00\x00\x03$query\x00\x17\x00\x00\x00\x02count\x00\x07\x00\x00\x00orders\x00\x00\x03$readPreference\x00\x17\x00\x00\x00\x02mode\x00\x08\x00\x00\x00primary\x00\x00\x00";
const OLD_DONE: &str = r"@\x00\x00\x00T\x00\x00\x00\x14\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x1c\x00\x00\x00\x08ismaster\x00\x01\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?\x00";
const OLD_QUERY: &str = r"4\x00\x00\x00\x15\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00@\x00\x00\x00shop.orders\x00\x00\x00\x00\x00\x02\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00";
const OLD_FOUND: &str = r"<\x00\x00\x00U\x00\x00\x00\x15\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00";
const OLD_EXHAUSTED: &str = r"0\x00\x00\x00V\x00\x00\x00U\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00";
const OLD_FAILED: &str = r"H\x00\x00\x00U\x00\x00\x00\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00$\x00\x00\x00\x02$err\x00\x0b\x00\x00\x00not master\x00\x10code\x00{4\x00\x00\x00";
const OLD_INSERT: &str = r"8\x00\x00\x00\x16\x00\x00\x00\x00\x00\x00\x00\xd2\x07\x00\x00\x00\x00\x00\x00shop.orders\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x02\x00\x00\x00\x00";
const OLD_UPDATE: &str = r"<\x00\x00\x00\x17\x00\x00\x00\x00\x00\x00\x00\xd1\x07\x00\x00\x00\x00\x00\x00shop.orders\x00\x00\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x02\x00\x00\x00\x00";
const OLD_DELETE: &str = r"0\x00\x00\x00\x18\x00\x00\x00\x00\x00\x00\x00\xd6\x07\x00\x00\x00\x00\x00\x00shop.orders\x00\x00\x00\x00\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00";
const OLD_MORE: &str = r",\x00\x00\x00\x19\x00\x00\x00\x00\x00\x00\x00\xd5\x07\x00\x00\x00\x00\x00\x00shop.orders\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00";
const OLD_LOST: &str = r"$\x00\x00\x00W\x00\x00\x00\x19\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
const OLD_KILL: &str = r" \x00\x00\x00\x1a\x00\x00\x00\x00\x00\x00\x00\xd7\x07\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00";
const COMMAND: &str = r"5\x00\x00\x00\x1b\x00\x00\x00\x00\x00\x00\x00\xda\x07\x00\x00shop\x00find\x00\x16\x00\x00\x00\x02find\x00\x07\x00\x00\x00orders\x00\x00\x05\x00\x00\x00\x00";
const COMMAND_DONE: &str = r"&\x00\x00\x00X\x00\x00\x00\x1b\x00\x00\x00\xdb\x07\x00\x00\x11\x00\x00\x00\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?\x00\x05\x00\x00\x00\x00";
const SNAPPY: &str = r"Y\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\xdc\x07\x00\x00\xdd\x07\x00\x00=\x00\x00\x00\x01=\xf0<\x00\x00\x00\x00\x008\x00\x00\x00\x02find\x00\x07\x00\x00\x00orders\x00\x03filter\x00\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00\x02$db\x00\x05\x00\x00\x00shop\x00\x00";
const ZLIB: &str = r"u\x00\x00\x00F\x00\x00\x00\x07\x00\x00\x00\xdc\x07\x00\x00\xdd\x07\x00\x00v\x00\x00\x00\x02x\x9cc`\x00\x82B fN.-*\xce/b\x88\x00\xb2Y\xd22\x8b\x8aK\x9c\x12K\x923\x18\xd4Ar\x06\x0c|@J >3\x85\x81\x11\xa4\x81\xd9\x10!\xc0\x04\x12`\x10\x02\xb2`\x80)\xaf\x98\x81\x07H\x17g\xe4\x17\xe8\xe5\x17\xa5\xa4\x16\x15300\xe6gC\xa5?\xd83\x00\x00\\\xaa\x12\xed";
const NOOP: &str = r"<\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\xdc\x07\x00\x00\xdd\x07\x00\x00#\x00\x00\x00\x00\x00\x00\x00\x00\x00\x1e\x00\x00\x00\x10ping\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00\x00";
const ZSTD: &str = r"4\x00\x00\x00G\x00\x00\x00\x08\x00\x00\x00\xdc\x07\x00\x00\xdd\x07\x00\x00\x12\x00\x00\x00\x03(\xb5/\xfd \x12\x91\x00\x00\x00\x00\x00\x00\x00\x0d\x00\x00\x00\x10ok\x00\x01\x00\x00\x00\x00";
const DAMAGED: &str =
    r" \x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\xdc\x07\x00\x00\xdd\x07\x00\x00#\x00\x00\x00\x03rubbish";

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:27017\n{talk}"), expect);
}

/// The bytes of a text of `\xNN` and characters.
fn bytes(text: &str) -> Vec<u8> {
    let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
    talk.packets()
        .flat_map(|(_, packet, _)| packet.payload.clone())
        .collect()
}

#[test]
fn a_command_and_its_reply_are_one_row() {
    check(
        &format!("> {FIND}\n< {FOUND}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=0 method=find summary="find shop.orders → ok, 2 documents" request_packet=4 response_packet=5 mongodb_command=find mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=77 mongodb_response_size=134 mongodb_total_size=211 mongodb_success=true
        "#]],
    );
}

#[test]
fn an_error_has_its_number_name_and_sentence() {
    check(
        &format!("> {FIND}\n< {FAILED}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=26 method=find summary="find shop.orders → error 26 NamespaceNotFound: ns not found" request_packet=4 response_packet=5 mongodb_command=find mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=77 mongodb_response_size=105 mongodb_total_size=182 mongodb_success=false mongodb_error_code=26 mongodb_error_message="ns not found" mongodb_error_code_name=NamespaceNotFound
        "#]],
    );
}

#[test]
fn documents_may_stand_beside_the_command() {
    check(
        &format!("> {INSERT}\n< {INSERTED}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=0 method=insert summary="insert shop.orders 3 documents → ok, n=3" request_packet=4 response_packet=5 mongodb_command=insert mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=114 mongodb_response_size=45 mongodb_total_size=159 mongodb_success=true
        "#]],
    );
}

#[test]
fn a_write_that_failed_for_a_document_is_an_error() {
    check(
        &format!("> {INSERT}\n< {DUPLICATE}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=11000 method=insert summary="insert shop.orders 3 documents → error 11000: E11000 duplicate key, n=2" request_packet=4 response_packet=5 mongodb_command=insert mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=114 mongodb_response_size=125 mongodb_total_size=239 mongodb_success=false mongodb_error_code=11000 mongodb_error_message="E11000 duplicate key"
        "#]],
    );
}

#[test]
fn replies_find_their_command_by_its_id() {
    check(
        &format!("> {FIND}{PING}\n> {GET_MORE}\n< {PONG}{MORE}\n< {FOUND}"),
        expect![[r#"
            mongodb id=4 index=1 elapsed_time=2000 status_code=0 method=ping summary="ping admin → ok" request_packet=4 response_packet=6 mongodb_command=ping mongodb_database=admin mongodb_opcode=OP_MSG mongodb_request_size=51 mongodb_response_size=34 mongodb_total_size=85 mongodb_success=true
            mongodb id=5 index=0 elapsed_time=1000 status_code=0 method=getMore summary="getMore shop.orders → ok, 1 document" request_packet=5 response_packet=6 mongodb_command=getMore mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=80 mongodb_response_size=96 mongodb_total_size=176 mongodb_success=true
            mongodb id=4 index=0 elapsed_time=3000 status_code=0 method=find summary="find shop.orders → ok, 2 documents" request_packet=4 response_packet=7 mongodb_command=find mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=77 mongodb_response_size=134 mongodb_total_size=211 mongodb_success=true
        "#]],
    );
}

#[test]
fn what_nobody_answers_and_answers_to_nothing_are_rows() {
    check(
        &format!("> {UNACKNOWLEDGED}{PING}\n< {FOUND}"),
        expect![[r#"
            mongodb id=4 index=0 method=delete summary="delete shop.orders" request_packet=4 mongodb_command=delete mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=100 mongodb_total_size=100
            mongodb id=5 index=0 status_code=0 summary="OP_MSG → ok, 2 documents" response_packet=5 mongodb_opcode=OP_MSG mongodb_response_size=134 mongodb_total_size=134 mongodb_success=true
            mongodb id=4 index=1 method=ping summary="ping admin" request_packet=4 mongodb_command=ping mongodb_database=admin mongodb_opcode=OP_MSG mongodb_request_size=51 mongodb_total_size=51
        "#]],
    );
}

#[test]
fn the_replies_of_a_stream_are_one_row() {
    check(
        &format!("> {HELLO}\n< {HELLO_1}\n< {HELLO_2}\n< {HELLO_3}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=0 method=hello summary="hello admin → ok, 3 replies" request_packet=4 response_packet=5 mongodb_command=hello mongodb_database=admin mongodb_opcode=OP_MSG mongodb_request_size=52 mongodb_response_size=174 mongodb_total_size=226 mongodb_success=true
        "#]],
    );
}

#[test]
fn old_commands_are_queries() {
    check(
        &format!("> {OLD_COMMAND}\n< {OLD_DONE}\n> {OLD_WRAPPED}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=0 method=isMaster summary="isMaster admin → ok" request_packet=4 response_packet=5 mongodb_command=isMaster mongodb_database=admin mongodb_opcode=OP_QUERY mongodb_request_size=58 mongodb_response_size=64 mongodb_total_size=122 mongodb_success=true
            mongodb id=6 index=0 method=count summary="count shop.orders" request_packet=6 mongodb_command=count mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_QUERY mongodb_request_size=114 mongodb_total_size=114
        "#]],
    );
}

#[test]
fn old_queries_may_be_answered_more_than_once() {
    check(
        &format!("> {OLD_QUERY}\n< {OLD_FOUND}{OLD_EXHAUSTED}\n> {OLD_QUERY}\n< {OLD_FAILED}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=0 method=query summary="query shop.orders → ok, 3 documents, 2 replies" request_packet=4 response_packet=5 mongodb_command=query mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_QUERY mongodb_request_size=52 mongodb_response_size=108 mongodb_total_size=160 mongodb_success=true
            mongodb id=6 index=0 elapsed_time=1000 status_code=13435 method=query summary="query shop.orders → error 13435: not master" request_packet=6 response_packet=7 mongodb_command=query mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_QUERY mongodb_request_size=52 mongodb_response_size=72 mongodb_total_size=124 mongodb_success=false mongodb_error_code=13435 mongodb_error_message="not master"
        "#]],
    );
}

#[test]
fn old_writes_have_no_reply() {
    check(
        &format!("> {OLD_INSERT}{OLD_UPDATE}{OLD_DELETE}{OLD_KILL}{OLD_MORE}\n< {OLD_LOST}"),
        expect![[r#"
            mongodb id=4 index=0 method=insert summary="insert shop.orders 2 documents" request_packet=4 mongodb_command=insert mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_INSERT mongodb_request_size=56 mongodb_total_size=56
            mongodb id=4 index=1 method=update summary="update shop.orders" request_packet=4 mongodb_command=update mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_UPDATE mongodb_request_size=60 mongodb_total_size=60
            mongodb id=4 index=2 method=delete summary="delete shop.orders" request_packet=4 mongodb_command=delete mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_DELETE mongodb_request_size=48 mongodb_total_size=48
            mongodb id=4 index=3 method=killCursors summary=killCursors request_packet=4 mongodb_command=killCursors mongodb_opcode=OP_KILL_CURSORS mongodb_request_size=32 mongodb_total_size=32
            mongodb id=4 index=4 elapsed_time=1000 status_code=43 method=getMore summary="getMore shop.orders → error 43 CursorNotFound" request_packet=4 response_packet=5 mongodb_command=getMore mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_GET_MORE mongodb_request_size=44 mongodb_response_size=36 mongodb_total_size=80 mongodb_success=false mongodb_error_code=43 mongodb_error_code_name=CursorNotFound
        "#]],
    );
}

#[test]
fn the_short_lived_op_command_is_read() {
    check(
        &format!("> {COMMAND}\n< {COMMAND_DONE}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=0 method=find summary="find shop.orders → ok" request_packet=4 response_packet=5 mongodb_command=find mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_COMMAND mongodb_request_size=53 mongodb_response_size=38 mongodb_total_size=91 mongodb_success=true
        "#]],
    );
}

#[test]
fn compression_is_removed() {
    check(
        &format!("> {SNAPPY}\n< {ZLIB}\n> {NOOP}\n< {ZSTD}\n> {DAMAGED}\n< {PONG}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=0 method=find summary="find shop.orders → ok, 2 documents" request_packet=4 response_packet=5 mongodb_command=find mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=89 mongodb_response_size=117 mongodb_total_size=206 mongodb_success=true
            mongodb id=6 index=0 elapsed_time=1000 status_code=0 method=ping summary="ping admin → ok" request_packet=6 response_packet=7 mongodb_command=ping mongodb_database=admin mongodb_opcode=OP_MSG mongodb_request_size=60 mongodb_response_size=52 mongodb_total_size=112 mongodb_success=true
            mongodb id=8 index=0 elapsed_time=1000 status_code=0 summary="OP_MSG → ok" request_packet=8 response_packet=9 mongodb_opcode=OP_MSG mongodb_request_size=32 mongodb_response_size=34 mongodb_total_size=66 mongodb_success=true
            anomaly malformed_mongodb 1
        "#]],
    );
}

#[test]
fn a_gap_costs_what_it_hides() {
    let (begin, end) = INSERT.split_at(INSERT.find("documents").expect("they are there"));
    let talk = format!("10.0.0.1:51000 > 10.0.0.2:27017\n> {begin}\n> {end}\n> {PING}\n< {INSERTED}\n< {PONG}");
    check_whole(
        &TCP,
        &format!("{talk}\n  drop 5"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=3000 status_code=0 method=insert summary="insert shop.orders → ok, n=3" request_packet=4 response_packet=7 mongodb_command=insert mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=114 mongodb_response_size=45 mongodb_total_size=159 mongodb_success=true
            mongodb id=6 index=0 elapsed_time=2000 status_code=0 method=ping summary="ping admin → ok" request_packet=6 response_packet=8 mongodb_command=ping mongodb_database=admin mongodb_opcode=OP_MSG mongodb_request_size=51 mongodb_response_size=34 mongodb_total_size=85 mongodb_success=true
        "#]],
    );
    check_whole(
        &TCP,
        &format!("{talk}\n  drop 4"),
        expect![[r#"
            mongodb id=7 index=0 status_code=0 summary="OP_MSG → ok, n=3" response_packet=7 mongodb_opcode=OP_MSG mongodb_response_size=45 mongodb_total_size=45 mongodb_success=true
            mongodb id=6 index=0 elapsed_time=2000 status_code=0 method=ping summary="ping admin → ok" request_packet=6 response_packet=8 mongodb_command=ping mongodb_database=admin mongodb_opcode=OP_MSG mongodb_request_size=51 mongodb_response_size=34 mongodb_total_size=85 mongodb_success=true
        "#]],
    );
    check_whole(
        &TCP,
        &format!("{talk}\n  drop 7"),
        expect![[r#"
            mongodb id=6 index=0 elapsed_time=2000 status_code=0 method=ping summary="ping admin → ok" request_packet=6 response_packet=8 mongodb_command=ping mongodb_database=admin mongodb_opcode=OP_MSG mongodb_request_size=51 mongodb_response_size=34 mongodb_total_size=85 mongodb_success=true
            mongodb id=4 index=0 method=insert summary="insert shop.orders 3 documents" request_packet=4 mongodb_command=insert mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=114 mongodb_total_size=114
        "#]],
    );
}

#[test]
fn bytes_that_are_no_message_are_counted() {
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:27017\n> {FIND}rubbish and more of it\n> {PING}\n< \\xff\\xff\\xff\\x7faaaabbbb\\xdd\\x07\\x00\\x00\n< {PONG}"
        ),
        expect![[r#"
            mongodb id=5 index=0 elapsed_time=2000 status_code=0 method=ping summary="ping admin → ok" request_packet=5 response_packet=7 mongodb_command=ping mongodb_database=admin mongodb_opcode=OP_MSG mongodb_request_size=51 mongodb_response_size=34 mongodb_total_size=85 mongodb_success=true
            mongodb id=4 index=0 method=find summary="find shop.orders" request_packet=4 mongodb_command=find mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=77 mongodb_total_size=77
            anomaly unparsable_mongodb 2
        "#]],
    );
}

#[test]
fn lengths_inside_a_message_are_not_believed() {
    let find = FIND.replacen("\\x06\\x00\\x00\\x00orders", "\\xff\\xff\\xff\\xfforders", 1);
    let found = FOUND.replacen("\\x04firstBatch\\x00", "\\x04firstBatch\\x00\\xff\\xff\\xff\\x7f", 1);
    check(
        &format!("> {find}\n< {found}"),
        expect![[r#"
            mongodb id=4 index=0 elapsed_time=1000 status_code=0 method=find summary="find shop.orders → ok, 0 documents" request_packet=4 response_packet=5 mongodb_command=find mongodb_database=shop mongodb_collection=orders mongodb_opcode=OP_MSG mongodb_request_size=77 mongodb_response_size=134 mongodb_total_size=211 mongodb_success=true
        "#]],
    );
}

#[test]
fn any_bytes() {
    let talk = format!(
        "10.0.0.1:1 > 10.0.0.2:27017\n> {FIND}{INSERT}{HELLO}\n< {FOUND}{DUPLICATE}{HELLO_1}\n> {OLD_QUERY}{SNAPPY}{COMMAND}\n< {OLD_FOUND}{ZLIB}{ZSTD}{COMMAND_DONE}"
    );
    check_any_bytes(&TCP, &[&talk]);
}

#[test]
fn mongodb_is_recognised_on_any_port() {
    for message in [
        FIND,
        FOUND,
        INSERT,
        HELLO,
        OLD_COMMAND,
        OLD_DONE,
        OLD_QUERY,
        OLD_FOUND,
        OLD_INSERT,
        OLD_UPDATE,
        OLD_DELETE,
        OLD_MORE,
        OLD_LOST,
        OLD_KILL,
        COMMAND,
        COMMAND_DONE,
        SNAPPY,
        ZLIB,
    ] {
        assert_eq!(
            recognise(Transport::Tcp, [51000, 9], &bytes(message)),
            Some("MongoDB"),
            "{message}"
        );
    }
    let long = FIND.replacen(
        "find\\x00",
        "aVeryLongCommandNameThatDoesNotEndWithinTheBytesThatAreLookedAt\\x00",
        1,
    );
    assert_eq!(
        recognise(Transport::Tcp, [51000, 9], &bytes(&long)[..64]),
        Some("MongoDB")
    );
}

#[test]
fn look_alikes_are_not_mongodb() {
    let flags = FIND.replacen("\\xdd\\x07\\x00\\x00\\x00", "\\xdd\\x07\\x00\\x00\\x04", 1);
    let kind = FIND.replacen("\\x02find", "\\x20find", 1);
    let name = OLD_QUERY.replacen("shop.orders", "shop orders", 1);
    let operation = FIND.replacen("\\xdd\\x07", "\\xde\\x07", 1);
    for look_alike in [flags.as_str(), &kind, &name, &operation, "GET / HTTP/1.1\\r\\n"] {
        let found = recognise(Transport::Tcp, [51000, 9], &bytes(look_alike));
        assert_ne!(found, Some("MongoDB"), "{look_alike}");
    }
    assert_eq!(recognise(Transport::Tcp, [51000, 27017], &bytes(&operation)), None);
}
