use expect_test::{Expect, expect};

use super::TCP;
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole as check_whole_rows, recognise};

const OPEN: &str = "10.0.0.1:51000 > 10.0.0.2:6379\n";

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

#[test]
fn a_command_and_its_reply_are_one_row() {
    check(
        r#"> *2\r\n$3\r\nget\r\n$6\r\nuser:1\r\n
< $3\r\nbob\r\n
> *4\r\n$3\r\nSET\r\n$1\r\na\r\n$9\r\ntwo "b" c\r\n$2\r\nNX\r\n
< +OK\r\n
> *2\r\n$3\r\nGET\r\n$1\r\nx\r\n
< $-1\r\n
> *2\r\n$4\r\nINCR\r\n$1\r\nn\r\n
< :42\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=GET summary="get user:1 → \"bob\"" request_packet=4 response_packet=5 redis_type=GET redis_command="get user:1" redis_key=user:1 redis_request_size=25 redis_response_size=9 redis_total_size=34
            redis id=6 index=0 elapsed_time=1000 status_code=0 method=SET summary="SET a \"two \\\"b\\\" c\" NX → OK" request_packet=6 response_packet=7 redis_type=SET redis_command="SET a \"two \\\"b\\\" c\" NX" redis_key=a redis_request_size=43 redis_response_size=5 redis_total_size=48
            redis id=8 index=0 elapsed_time=1000 status_code=0 method=GET summary="GET x → nil" request_packet=8 response_packet=9 redis_type=GET redis_command="GET x" redis_key=x redis_request_size=20 redis_response_size=5 redis_total_size=25
            redis id=10 index=0 elapsed_time=1000 status_code=0 method=INCR summary="INCR n → 42" request_packet=10 response_packet=11 redis_type=INCR redis_command="INCR n" redis_key=n redis_request_size=21 redis_response_size=5 redis_total_size=26
        "#]],
    );
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    check(
        r#"> *1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$3\r\na\nb\r\n*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*1\r\n$4\r\nEXEC\r\n
< +PONG\r\n$3\r\na\nb\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=PING summary="PING → PONG" request_packet=4 response_packet=5 redis_type=PING redis_command=PING redis_request_size=14 redis_response_size=7 redis_total_size=21
            redis id=4 index=1 elapsed_time=1000 status_code=0 method=ECHO summary="ECHO \"a\\nb\" → \"a\\nb\"" request_packet=4 response_packet=5 redis_type=ECHO redis_command="ECHO \"a\\nb\"" redis_request_size=23 redis_response_size=9 redis_total_size=32
            redis id=4 index=2 elapsed_time=1000 status_code=0 method=MULTI summary="MULTI → OK" request_packet=4 response_packet=5 redis_type=MULTI redis_command=MULTI redis_request_size=15 redis_response_size=5 redis_total_size=20
            redis id=4 index=3 elapsed_time=1000 status_code=0 method=SET summary="SET k v → QUEUED" request_packet=4 response_packet=5 redis_type=SET redis_command="SET k v" redis_key=k redis_request_size=27 redis_response_size=9 redis_total_size=36
            redis id=4 index=4 elapsed_time=1000 status_code=0 method=EXEC summary="EXEC → [OK]" request_packet=4 response_packet=5 redis_type=EXEC redis_command=EXEC redis_request_size=14 redis_response_size=9 redis_total_size=23
        "#]],
    );
}

#[test]
fn an_error_has_a_status_and_its_text() {
    check(
        r#"> *2\r\n$3\r\nGET\r\n$1\r\nl\r\n
< -WRONGTYPE Operation against a key holding the wrong kind of value\r\n
> *2\r\n$3\r\nGET\r\n$1\r\nx\r\n
< -MOVED 3999 127.0.0.1:6381\r\n
> *1\r\n$3\r\nFOO\r\n
< !21\r\nSYNTAX invalid syntax\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=1 method=GET summary="GET l → WRONGTYPE Operation against a key holding the wrong kind of value" request_packet=4 response_packet=5 redis_type=GET redis_command="GET l" redis_key=l redis_request_size=20 redis_response_size=68 redis_total_size=88
            redis id=6 index=0 elapsed_time=1000 status_code=1 method=GET summary="GET x → MOVED 3999 127.0.0.1:6381" request_packet=6 response_packet=7 redis_type=GET redis_command="GET x" redis_key=x redis_request_size=20 redis_response_size=28 redis_total_size=48
            redis id=8 index=0 elapsed_time=1000 status_code=1 method=FOO summary="FOO → SYNTAX invalid syntax" request_packet=8 response_packet=9 redis_type=FOO redis_command=FOO redis_request_size=13 redis_response_size=28 redis_total_size=41
        "#]],
    );
}

#[test]
fn replies_of_every_type_are_shown() {
    check(
        r#"> *3\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$0\r\n\r\n
< %2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n
> *1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n*1\r\n$1\r\nc\r\n*1\r\n$1\r\nd\r\n*1\r\n$1\r\ne\r\n*1\r\n$1\r\nf\r\n*1\r\n$1\r\ng\r\n*1\r\n$1\r\nh\r\n*1\r\n$1\r\ni\r\n*1\r\n$1\r\nj\r\n
< _\r\n#t\r\n,1.5\r\n(3492890328409238509324850943850943825024385\r\n=15\r\ntxt:Some string\r\n
< ~2\r\n$1\r\nx\r\n*0\r\n|1\r\n+ttl\r\n:3600\r\n*2\r\n|1\r\n+a\r\n*1\r\n:1\r\n+b\r\n_\r\n
< $?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;0\r\n
< *?\r\n:1\r\n%?\r\n+k\r\n:2\r\n.\r\n.\r\n*-1\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=HELLO summary="HELLO 3 \"\" → {\"server\": \"redis\", \"proto\": 3}" request_packet=4 response_packet=5 redis_type=HELLO redis_command="HELLO 3 \"\"" redis_request_size=28 redis_response_size=42 redis_total_size=70
            redis id=6 index=0 elapsed_time=1000 status_code=0 method=A summary="a → nil" request_packet=6 response_packet=7 redis_type=A redis_command=a redis_request_size=11 redis_response_size=3 redis_total_size=14
            redis id=6 index=1 elapsed_time=1000 status_code=0 method=B summary="b → true" request_packet=6 response_packet=7 redis_type=B redis_command=b redis_request_size=11 redis_response_size=4 redis_total_size=15
            redis id=6 index=2 elapsed_time=1000 status_code=0 method=C summary="c → 1.5" request_packet=6 response_packet=7 redis_type=C redis_command=c redis_request_size=11 redis_response_size=6 redis_total_size=17
            redis id=6 index=3 elapsed_time=1000 status_code=0 method=D summary="d → 3492890328409238509324850943850943825024385" request_packet=6 response_packet=7 redis_type=D redis_command=d redis_request_size=11 redis_response_size=46 redis_total_size=57
            redis id=6 index=4 elapsed_time=1000 status_code=0 method=E summary="e → \"Some string\"" request_packet=6 response_packet=7 redis_type=E redis_command=e redis_request_size=11 redis_response_size=22 redis_total_size=33
            redis id=6 index=5 elapsed_time=2000 status_code=0 method=F summary="f → [\"x\", []]" request_packet=6 response_packet=8 redis_type=F redis_command=f redis_request_size=11 redis_response_size=15 redis_total_size=26
            redis id=6 index=6 elapsed_time=2000 status_code=0 method=G summary="g → [b, nil]" request_packet=6 response_packet=8 redis_type=G redis_command=g redis_request_size=11 redis_response_size=44 redis_total_size=55
            redis id=6 index=7 elapsed_time=3000 status_code=0 method=H summary="h → \"Hello wor\"" request_packet=6 response_packet=9 redis_type=H redis_command=h redis_request_size=11 redis_response_size=29 redis_total_size=40
            redis id=6 index=8 elapsed_time=4000 status_code=0 method=I summary="i → [1, {k: 2}]" request_packet=6 response_packet=10 redis_type=I redis_command=i redis_request_size=11 redis_response_size=26 redis_total_size=37
            redis id=6 index=9 elapsed_time=4000 status_code=0 method=J summary="j → nil" request_packet=6 response_packet=10 redis_type=J redis_command=j redis_request_size=11 redis_response_size=5 redis_total_size=16
        "#]],
    );
}

#[test]
fn words_as_a_person_types_them_are_commands() {
    check(
        r#"> PING\r\nset key "two words\\x41\\n" 'it\\'s'\r\n\r\nGET  key\n
< +PONG\r\n+OK\r\n$3\r\nabc\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=PING summary="PING → PONG" request_packet=4 response_packet=5 redis_type=PING redis_command=PING redis_request_size=6 redis_response_size=7 redis_total_size=13
            redis id=4 index=1 elapsed_time=1000 status_code=0 method=SET summary="set key \"two wordsA\\n\" \"it's\" → OK" request_packet=4 response_packet=5 redis_type=SET redis_command="set key \"two wordsA\\n\" \"it's\"" redis_key=key redis_request_size=35 redis_response_size=5 redis_total_size=40
            redis id=4 index=2 elapsed_time=1000 status_code=0 method=GET summary="GET key → \"abc\"" request_packet=4 response_packet=5 redis_type=GET redis_command="GET key" redis_key=key redis_request_size=9 redis_response_size=9 redis_total_size=18
        "#]],
    );
}

#[test]
fn the_key_is_where_its_command_has_it() {
    check(
        r#"> EVAL "return 1" 2 k1 k2 v\r\nEVAL "return 1" 0 v\r\nXREAD COUNT 2 STREAMS s1 s2 0 0\r\nOBJECT ENCODING k\r\nPUBLISH news hi\r\nJSON.GET doc\r\nZUNION 1 z\r\nMIGRATE h 1 k 0 5\r\nBLMPOP 0 1 list LEFT\r\nNOSUCH k\r\nGET 0123456789012345678901234567890123456789012345678901234567890123456789\r\n"#,
        expect![[r#"
            redis id=4 index=0 method=EVAL summary="EVAL \"return 1\" 2 k1 k2 v" request_packet=4 redis_type=EVAL redis_command="EVAL \"return 1\" 2 k1 k2 v" redis_key=k1 redis_request_size=27 redis_total_size=27
            redis id=4 index=1 method=EVAL summary="EVAL \"return 1\" 0 v" request_packet=4 redis_type=EVAL redis_command="EVAL \"return 1\" 0 v" redis_request_size=21 redis_total_size=21
            redis id=4 index=2 method=XREAD summary="XREAD COUNT 2 STREAMS s1 s2 0 0" request_packet=4 redis_type=XREAD redis_command="XREAD COUNT 2 STREAMS s1 s2 0 0" redis_key=s1 redis_request_size=33 redis_total_size=33
            redis id=4 index=3 method=OBJECT summary="OBJECT ENCODING k" request_packet=4 redis_type=OBJECT redis_command="OBJECT ENCODING k" redis_key=k redis_request_size=19 redis_total_size=19
            redis id=4 index=4 method=PUBLISH summary="PUBLISH news hi" request_packet=4 redis_type=PUBLISH redis_command="PUBLISH news hi" redis_request_size=17 redis_total_size=17
            redis id=4 index=5 method=JSON.GET summary="JSON.GET doc" request_packet=4 redis_type=JSON.GET redis_command="JSON.GET doc" redis_key=doc redis_request_size=14 redis_total_size=14
            redis id=4 index=6 method=ZUNION summary="ZUNION 1 z" request_packet=4 redis_type=ZUNION redis_command="ZUNION 1 z" redis_key=z redis_request_size=12 redis_total_size=12
            redis id=4 index=7 method=MIGRATE summary="MIGRATE h 1 k 0 5" request_packet=4 redis_type=MIGRATE redis_command="MIGRATE h 1 k 0 5" redis_key=k redis_request_size=19 redis_total_size=19
            redis id=4 index=8 method=BLMPOP summary="BLMPOP 0 1 list LEFT" request_packet=4 redis_type=BLMPOP redis_command="BLMPOP 0 1 list LEFT" redis_key=list redis_request_size=22 redis_total_size=22
            redis id=4 index=9 method=NOSUCH summary="NOSUCH k" request_packet=4 redis_type=NOSUCH redis_command="NOSUCH k" redis_request_size=10 redis_total_size=10
            redis id=4 index=10 method=GET summary="GET 0123456789012345678901234567890123456789012345678901234567890123456789" request_packet=4 redis_type=GET redis_command="GET 0123456789012345678901234567890123456789012345678901234567890123456789" redis_key=0123456789012345678901234567890123456789012345678901234567890123 redis_request_size=76 redis_total_size=76
        "#]],
    );
}

#[test]
fn subscriptions_have_a_reply_per_channel_and_messages_are_rows() {
    check(
        r#"> *3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n
< *3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n
< *3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n
< *3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n
> *1\r\n$4\r\nPING\r\n
< *3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$5\r\nthere\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n
> *1\r\n$11\r\nUNSUBSCRIBE\r\n*1\r\n$4\r\nPING\r\n
< *3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n
< *3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n
< +PONG\r\n"#,
        expect![[r#"
            redis id=6 index=0 status_code=0 method=message summary="→ message a hello" response_packet=6 redis_response_size=35 redis_total_size=35
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=SUBSCRIBE summary="SUBSCRIBE a b → [\"subscribe\", \"a\", 1], [\"subscribe\", \"b\", 2]" request_packet=4 response_packet=5 redis_type=SUBSCRIBE redis_command="SUBSCRIBE a b" redis_request_size=33 redis_response_size=60 redis_total_size=93
            redis id=9 index=0 status_code=0 method=message summary="→ message b there" response_packet=9 redis_response_size=35 redis_total_size=35
            redis id=8 index=0 elapsed_time=1000 status_code=0 method=PING summary="PING → [\"pong\", \"\"]" request_packet=8 response_packet=9 redis_type=PING redis_command=PING redis_request_size=14 redis_response_size=20 redis_total_size=34
            redis id=10 index=0 elapsed_time=1000 status_code=0 method=UNSUBSCRIBE summary="UNSUBSCRIBE → [\"unsubscribe\", \"a\", 1], [\"unsubscribe\", \"b\", 0]" request_packet=10 response_packet=11 redis_type=UNSUBSCRIBE redis_command=UNSUBSCRIBE redis_request_size=22 redis_response_size=66 redis_total_size=88
            redis id=10 index=1 elapsed_time=3000 status_code=0 method=PING summary="PING → PONG" request_packet=10 response_packet=13 redis_type=PING redis_command=PING redis_request_size=14 redis_response_size=7 redis_total_size=21
        "#]],
    );
}

#[test]
fn pushes_of_resp3_answer_nothing() {
    check(
        r#"> *2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n
< >3\r\n+subscribe\r\n+a\r\n:1\r\n>3\r\n+message\r\n+a\r\n+somemessage\r\n
< >2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n$9\r\nGet-Reply\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=SUBSCRIBE summary="SUBSCRIBE a → [subscribe, a, 1]" request_packet=4 response_packet=5 redis_type=SUBSCRIBE redis_command="SUBSCRIBE a" redis_request_size=26 redis_response_size=24 redis_total_size=50
            redis id=5 index=1 status_code=0 method=message summary="→ message a somemessage" response_packet=5 redis_response_size=32 redis_total_size=32
            redis id=6 index=0 status_code=0 method=invalidate summary="→ invalidate [1]" response_packet=6 redis_response_size=32 redis_total_size=32
            redis id=4 index=1 elapsed_time=2000 status_code=0 method=GET summary="GET k → \"Get-Reply\"" request_packet=4 response_packet=6 redis_type=GET redis_command="GET k" redis_key=k redis_request_size=20 redis_response_size=15 redis_total_size=35
        "#]],
    );
}

#[test]
fn what_a_monitor_sees_is_not_a_reply() {
    check(
        r#"> MONITOR\r\n
< +OK\r\n
< +1339518083.107412 [0 127.0.0.1:60866] "keys" "*"\r\n
> RESET\r\n
< +1339518087.877697 [0 127.0.0.1:60866] "dbsize"\r\n+RESET\r\n
> PING\r\n
< +PONG\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=MONITOR summary="MONITOR → OK" request_packet=4 response_packet=5 redis_type=MONITOR redis_command=MONITOR redis_request_size=9 redis_response_size=5 redis_total_size=14
            redis id=6 index=0 status_code=0 method=monitor summary="→ 1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"" response_packet=6 redis_response_size=51 redis_total_size=51
            redis id=8 index=0 status_code=0 method=monitor summary="→ 1339518087.877697 [0 127.0.0.1:60866] \"dbsize\"" response_packet=8 redis_response_size=49 redis_total_size=49
            redis id=7 index=0 elapsed_time=1000 status_code=0 method=RESET summary="RESET → RESET" request_packet=7 response_packet=8 redis_type=RESET redis_command=RESET redis_request_size=7 redis_response_size=8 redis_total_size=15
            redis id=9 index=0 elapsed_time=1000 status_code=0 method=PING summary="PING → PONG" request_packet=9 response_packet=10 redis_type=PING redis_command=PING redis_request_size=6 redis_response_size=7 redis_total_size=13
        "#]],
    );
}

#[test]
fn a_client_may_turn_replies_off() {
    check(
        r#"> CLIENT REPLY OFF\r\nSET a 1\r\nCLIENT REPLY ON\r\nPING\r\nCLIENT REPLY SKIP\r\nSET b 2\r\nGET a\r\n
< +OK\r\n+PONG\r\n$1\r\n1\r\n"#,
        expect![[r#"
            redis id=4 index=0 method=CLIENT summary="CLIENT REPLY OFF" request_packet=4 redis_type=CLIENT redis_command="CLIENT REPLY OFF" redis_request_size=18 redis_total_size=18
            redis id=4 index=1 method=SET summary="SET a 1" request_packet=4 redis_type=SET redis_command="SET a 1" redis_key=a redis_request_size=9 redis_total_size=9
            redis id=4 index=4 method=CLIENT summary="CLIENT REPLY SKIP" request_packet=4 redis_type=CLIENT redis_command="CLIENT REPLY SKIP" redis_request_size=19 redis_total_size=19
            redis id=4 index=5 method=SET summary="SET b 2" request_packet=4 redis_type=SET redis_command="SET b 2" redis_key=b redis_request_size=9 redis_total_size=9
            redis id=4 index=2 elapsed_time=1000 status_code=0 method=CLIENT summary="CLIENT REPLY ON → OK" request_packet=4 response_packet=5 redis_type=CLIENT redis_command="CLIENT REPLY ON" redis_request_size=17 redis_response_size=5 redis_total_size=22
            redis id=4 index=3 elapsed_time=1000 status_code=0 method=PING summary="PING → PONG" request_packet=4 response_packet=5 redis_type=PING redis_command=PING redis_request_size=6 redis_response_size=7 redis_total_size=13
            redis id=4 index=6 elapsed_time=1000 status_code=0 method=GET summary="GET a → \"1\"" request_packet=4 response_packet=5 redis_type=GET redis_command="GET a" redis_key=a redis_request_size=7 redis_response_size=7 redis_total_size=14
        "#]],
    );
}

#[test]
fn a_replica_gets_a_data_set_and_then_commands() {
    check(
        r#"> *1\r\n$4\r\nPING\r\n
< +PONG\r\n
> *3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n
< \n\n
< +FULLRESYNC 8371445ef47bce0f5b8 1\r\n
< \n$10\r\nREDIS0011+*1\r\n$4\r\nPING\r\n
> *3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n1\r\n
< *2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nset\r\n$1\r\na\r\n$1\r\nb\r\n
< *3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n
> *3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$2\r\n99\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=PING summary="PING → PONG" request_packet=4 response_packet=5 redis_type=PING redis_command=PING redis_request_size=14 redis_response_size=7 redis_total_size=21
            redis id=6 index=0 elapsed_time=2000 status_code=0 method=PSYNC summary="PSYNC ? -1 → FULLRESYNC 8371445ef47bce0f5b8 1, data set of 15 bytes" request_packet=6 response_packet=8 redis_type=PSYNC redis_command="PSYNC ? -1" redis_request_size=30 redis_response_size=50 redis_total_size=80
            redis id=9 index=1 method=PING summary=PING request_packet=9 redis_type=PING redis_command=PING redis_request_size=14 redis_total_size=14
            redis id=10 index=0 method=REPLCONF summary="REPLCONF ACK 1" request_packet=10 redis_type=REPLCONF redis_command="REPLCONF ACK 1" redis_request_size=34 redis_total_size=34
            redis id=11 index=0 method=SELECT summary="SELECT 0" request_packet=11 redis_type=SELECT redis_command="SELECT 0" redis_request_size=23 redis_total_size=23
            redis id=11 index=1 method=SET summary="set a b" request_packet=11 redis_type=SET redis_command="set a b" redis_key=a redis_request_size=27 redis_total_size=27
            redis id=12 index=0 method=REPLCONF summary="REPLCONF GETACK *" request_packet=12 redis_type=REPLCONF redis_command="REPLCONF GETACK *" redis_request_size=37 redis_total_size=37
            redis id=13 index=0 method=REPLCONF summary="REPLCONF ACK 99" request_packet=13 redis_type=REPLCONF redis_command="REPLCONF ACK 99" redis_request_size=35 redis_total_size=35
        "#]],
    );
}

#[test]
fn a_data_set_of_unknown_length_ends_with_its_mark() {
    let mark = "0123456789abcdef0123456789abcdef01234567";
    check(
        &format!(
            r#"> *1\r\n$4\r\nSYNC\r\n
< $EOF:{mark}\r\nREDIS0012{}more{mark}*2\r\n$3\r\nDEL\r\n$1\r\na\r\n
> *3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n1\r\n"#,
            &mark[..20]
        ),
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=SYNC summary="SYNC → data set of 120 bytes" request_packet=4 response_packet=5 redis_type=SYNC redis_command=SYNC redis_request_size=14 redis_response_size=120 redis_total_size=134
            redis id=5 index=1 method=DEL summary="DEL a" request_packet=5 redis_type=DEL redis_command="DEL a" redis_key=a redis_request_size=20 redis_total_size=20
            redis id=6 index=0 method=REPLCONF summary="REPLCONF ACK 1" request_packet=6 redis_type=REPLCONF redis_command="REPLCONF ACK 1" redis_request_size=34 redis_total_size=34
        "#]],
    );
}

#[test]
fn a_partial_resynchronisation_goes_on_with_commands() {
    check(
        r#"> *3\r\n$5\r\nPSYNC\r\n$4\r\nabcd\r\n$2\r\n77\r\n
< +CONTINUE\r\n*1\r\n$4\r\nPING\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=PSYNC summary="PSYNC abcd 77 → CONTINUE" request_packet=4 response_packet=5 redis_type=PSYNC redis_command="PSYNC abcd 77" redis_request_size=33 redis_response_size=11 redis_total_size=44
            redis id=5 index=1 method=PING summary=PING request_packet=5 redis_type=PING redis_command=PING redis_request_size=14 redis_total_size=14
        "#]],
    );
}

#[test]
fn a_stream_of_commands_is_known_in_mid_stream() {
    check(
        r#"< *2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nset\r\n$1\r\na\r\n$1\r\nb\r\n
> *3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n1\r\n
< *1\r\n$4\r\nPING\r\n"#,
        expect![[r#"
            redis id=4 index=0 method=SELECT summary="SELECT 0" request_packet=4 redis_type=SELECT redis_command="SELECT 0" redis_request_size=23 redis_total_size=23
            redis id=4 index=1 method=SET summary="set a b" request_packet=4 redis_type=SET redis_command="set a b" redis_key=a redis_request_size=27 redis_total_size=27
            redis id=5 index=0 method=REPLCONF summary="REPLCONF ACK 1" request_packet=5 redis_type=REPLCONF redis_command="REPLCONF ACK 1" redis_request_size=34 redis_total_size=34
            redis id=6 index=0 method=PING summary=PING request_packet=6 redis_type=PING redis_command=PING redis_request_size=14 redis_total_size=14
        "#]],
    );
}

#[test]
fn after_a_gap_in_a_data_set_commands_follow() {
    check_whole(
        r#"> *3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n
< +FULLRESYNC 8371445ef47bce0f5b8 1\r\n$10\r\nREDIS
< 0011+*1\r\n
< lost
< *2\r\n$3\r\nDEL\r\n$1\r\na\r\n
  drop 6"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=PSYNC summary="PSYNC ? -1 → FULLRESYNC 8371445ef47bce0f5b8 1" request_packet=4 response_packet=5 redis_type=PSYNC redis_command="PSYNC ? -1" redis_request_size=30 redis_response_size=35 redis_total_size=65
            redis id=8 index=0 method=DEL summary="DEL a" request_packet=8 redis_type=DEL redis_command="DEL a" redis_key=a redis_request_size=20 redis_total_size=20
        "#]],
    );
}

#[test]
fn an_error_answers_a_subscription_and_ends_silence() {
    check(
        r#"> SUBSCRIBE a b\r\n
< -NOAUTH Authentication required.\r\n
> CLIENT REPLY OFF\r\n
< -NOAUTH Authentication required.\r\n
> PING\r\n
< -NOAUTH Authentication required.\r\n
> MULTI\r\nSUBSCRIBE a\r\nEXEC\r\n
< +OK\r\n+QUEUED\r\n*1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=1 method=SUBSCRIBE summary="SUBSCRIBE a b → NOAUTH Authentication required." request_packet=4 response_packet=5 redis_type=SUBSCRIBE redis_command="SUBSCRIBE a b" redis_request_size=15 redis_response_size=34 redis_total_size=49
            redis id=6 index=0 method=CLIENT summary="CLIENT REPLY OFF" request_packet=6 redis_type=CLIENT redis_command="CLIENT REPLY OFF" redis_request_size=18 redis_total_size=18
            redis id=7 index=0 status_code=1 summary="→ NOAUTH Authentication required." response_packet=7 redis_response_size=34 redis_total_size=34
            redis id=8 index=0 elapsed_time=1000 status_code=1 method=PING summary="PING → NOAUTH Authentication required." request_packet=8 response_packet=9 redis_type=PING redis_command=PING redis_request_size=6 redis_response_size=34 redis_total_size=40
            redis id=10 index=0 elapsed_time=1000 status_code=0 method=MULTI summary="MULTI → OK" request_packet=10 response_packet=11 redis_type=MULTI redis_command=MULTI redis_request_size=7 redis_response_size=5 redis_total_size=12
            redis id=10 index=1 elapsed_time=1000 status_code=0 method=SUBSCRIBE summary="SUBSCRIBE a → QUEUED" request_packet=10 response_packet=11 redis_type=SUBSCRIBE redis_command="SUBSCRIBE a" redis_request_size=13 redis_response_size=9 redis_total_size=22
            redis id=10 index=2 elapsed_time=1000 status_code=0 method=EXEC summary="EXEC → [[\"subscribe\", \"a\", 1]]" request_packet=10 response_packet=11 redis_type=EXEC redis_command=EXEC redis_request_size=6 redis_response_size=34 redis_total_size=40
        "#]],
    );
}

#[test]
fn a_side_that_is_missing_leaves_the_other() {
    check(
        r#"< $3\r\nbob\r\n
> *2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$9\r\nunfin"#,
        expect![[r#"
            redis id=4 index=0 status_code=0 summary="→ \"bob\"" response_packet=4 redis_response_size=9 redis_total_size=9
            redis id=5 index=0 method=GET summary="GET a" request_packet=5 redis_type=GET redis_command="GET a" redis_key=a redis_request_size=20 redis_total_size=20
            redis id=5 index=1 method=SET summary="SET b unfin…" request_packet=5 redis_type=SET redis_command="SET b unfin…" redis_key=b redis_request_size=29 redis_total_size=29
        "#]],
    );
}

#[test]
fn halves_may_be_the_wrong_way_round() {
    check(
        r#"> +OK\r\n
< *2\r\n$3\r\nGET\r\n$1\r\na\r\n
> $1\r\n1\r\n"#,
        expect![[r#"
            redis id=4 index=0 status_code=0 summary="→ OK" response_packet=4 redis_response_size=5 redis_total_size=5
            redis id=5 index=0 elapsed_time=1000 status_code=0 method=GET summary="GET a → \"1\"" request_packet=5 response_packet=6 redis_type=GET redis_command="GET a" redis_key=a redis_request_size=20 redis_response_size=7 redis_total_size=27
        "#]],
    );
    check(
        r#"> *3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n"#,
        expect![[r#"
            redis id=4 index=0 status_code=0 method=message summary="→ [\"message\", \"a\", \"hello\"]" response_packet=4 redis_response_size=35 redis_total_size=35
        "#]],
    );
}

#[test]
fn a_gap_in_a_string_costs_its_bytes_only() {
    check_whole(
        r#"> *2\r\n$3\r\nGET\r\n$1\r\na\r\n
< $20\r\n01234
< 56789
< 0123456789\r\n
> *1\r\n$4\r\nPING\r\n
< +PONG\r\n
  drop 6"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=GET summary="GET a → \"01234\"…" request_packet=4 response_packet=5 redis_type=GET redis_command="GET a" redis_key=a redis_request_size=20 redis_response_size=27 redis_total_size=47
            redis id=8 index=0 elapsed_time=1000 status_code=0 method=PING summary="PING → PONG" request_packet=8 response_packet=9 redis_type=PING redis_command=PING redis_request_size=14 redis_response_size=7 redis_total_size=21
        "#]],
    );
}

#[test]
fn after_a_gap_commands_wait_for_their_own_replies() {
    check_whole(
        r#"> *2\r\n$3\r\nGET\r\n$1\r\na\r\n
< $3\r\none\r\n
> *2\r\n$3\r\nGET\r\n$1\r\nb\r\n
< $3\r\ntwo\r\n
> *2\r\n$3\r\nGET\r\n$1\r\nc\r\n
< $5\r\nthree\r\n
> *2\r\n$3\r\nGET\r\n$1\r\nd\r\n
< $4\r\nfour\r\n
  drop 5 · drop 8"#,
        expect![[r#"
            redis id=4 index=0 method=GET summary="GET a" request_packet=4 redis_type=GET redis_command="GET a" redis_key=a redis_request_size=20 redis_total_size=20
            redis id=6 index=0 elapsed_time=1000 status_code=0 method=GET summary="GET b → \"two\"" request_packet=6 response_packet=7 redis_type=GET redis_command="GET b" redis_key=b redis_request_size=20 redis_response_size=9 redis_total_size=29
            redis id=9 index=0 status_code=0 summary="→ \"three\"" response_packet=9 redis_response_size=11 redis_total_size=11
            redis id=10 index=0 elapsed_time=1000 status_code=0 method=GET summary="GET d → \"four\"" request_packet=10 response_packet=11 redis_type=GET redis_command="GET d" redis_key=d redis_request_size=20 redis_response_size=10 redis_total_size=30
        "#]],
    );
}

#[test]
fn an_array_that_begins_as_a_confirmation_is_a_reply() {
    check(
        r#"> LRANGE l 0 -1\r\n
< *3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n
> LRANGE l 0 -1\r\nPING\r\n
< *3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n+PONG\r\n
> SUBSCRIBE a\r\n
< *3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n
> UNSUBSCRIBE a\r\n
< *3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n
> LRANGE l 0 -1\r\nPING\r\n
< *3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n+PONG\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=LRANGE summary="LRANGE l 0 -1 → [\"subscribe\", \"a\", 1]" request_packet=4 response_packet=5 redis_type=LRANGE redis_command="LRANGE l 0 -1" redis_key=l redis_request_size=15 redis_response_size=30 redis_total_size=45
            redis id=6 index=0 elapsed_time=1000 status_code=0 method=LRANGE summary="LRANGE l 0 -1 → [\"message\", \"a\", \"b\"]" request_packet=6 response_packet=7 redis_type=LRANGE redis_command="LRANGE l 0 -1" redis_key=l redis_request_size=15 redis_response_size=31 redis_total_size=46
            redis id=6 index=1 elapsed_time=1000 status_code=0 method=PING summary="PING → PONG" request_packet=6 response_packet=7 redis_type=PING redis_command=PING redis_request_size=6 redis_response_size=7 redis_total_size=13
            redis id=8 index=0 elapsed_time=1000 status_code=0 method=SUBSCRIBE summary="SUBSCRIBE a → [\"subscribe\", \"a\", 1]" request_packet=8 response_packet=9 redis_type=SUBSCRIBE redis_command="SUBSCRIBE a" redis_request_size=13 redis_response_size=30 redis_total_size=43
            redis id=11 index=0 status_code=0 method=message summary="→ message a b" response_packet=11 redis_response_size=31 redis_total_size=31
            redis id=10 index=0 elapsed_time=1000 status_code=0 method=UNSUBSCRIBE summary="UNSUBSCRIBE a → [\"unsubscribe\", \"a\", 0]" request_packet=10 response_packet=11 redis_type=UNSUBSCRIBE redis_command="UNSUBSCRIBE a" redis_request_size=15 redis_response_size=33 redis_total_size=48
            redis id=12 index=0 elapsed_time=1000 status_code=0 method=LRANGE summary="LRANGE l 0 -1 → [\"message\", \"a\", \"b\"]" request_packet=12 response_packet=13 redis_type=LRANGE redis_command="LRANGE l 0 -1" redis_key=l redis_request_size=15 redis_response_size=31 redis_total_size=46
            redis id=12 index=1 elapsed_time=1000 status_code=0 method=PING summary="PING → PONG" request_packet=12 response_packet=13 redis_type=PING redis_command=PING redis_request_size=6 redis_response_size=7 redis_total_size=13
        "#]],
    );
}

#[test]
fn replies_to_commands_that_were_given_up_are_not_those_of_others() {
    let commands: String = (0..1500).map(|n| format!(r"GET {n}\r\n")).collect();
    let replies: String = (0..1500).map(|n| format!(r":{n}\r\n")).collect();
    let talk = format!(
        r"{OPEN}> {commands}
< {replies}
> PING\r\n
< +PONG\r\n"
    );
    let rows = crate::dissect::testing::rows_of(&TCP, &talk);
    for text in [
        "summary=\"GET 475\" ",
        "summary=\"→ 475\" ",
        "summary=\"GET 476 → 476\"",
        "summary=\"GET 1499 → 1499\"",
        "summary=\"PING → PONG\"",
    ] {
        assert_eq!(rows.matches(text).count(), 1, "{text}");
    }
}

#[test]
fn one_lost_reply_of_a_long_talk_costs_one_command_its_own() {
    let talk: String = (0..40).map(|n| format!("> GET {n}\\r\\n\n< :{n}\\r\\n\n")).collect();
    for (lost, replies) in [(9, 39), (10, 40)] {
        let rows = crate::dissect::testing::rows_of(&TCP, &format!("{OPEN}{talk}  drop {lost}"));
        let right = (0..40).filter(|n| rows.contains(&format!("\"GET {n} → {n}\"")));
        assert_eq!(right.count(), 39, "{rows}");
        assert_eq!(rows.matches('→').count(), replies, "{rows}");
    }
}

#[test]
fn a_malformed_command_is_not_a_reply() {
    check_whole(
        r#"> *2\r\n$3\r\nGET\r\n$-1\r\n
< -ERR Protocol error: invalid bulk length\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=1 method=GET summary="GET nil → ERR Protocol error: invalid bulk length" request_packet=4 response_packet=5 redis_type=GET redis_command="GET nil" redis_key="" redis_request_size=18 redis_response_size=42 redis_total_size=60
        "#]],
    );
}

#[test]
fn what_is_no_value_loses_the_half_until_one_begins() {
    check_whole(
        r#"> *1\r\n$4\r\nPING\r\n
< +PONG\r\nwhat?\r\n+OK\r\n
> *1\r\n$4\r\nPING\r\n
< more of it\r\n
< +PONG\r\n"#,
        expect![[r#"
            redis id=4 index=0 elapsed_time=1000 status_code=0 method=PING summary="PING → PONG" request_packet=4 response_packet=5 redis_type=PING redis_command=PING redis_request_size=14 redis_response_size=7 redis_total_size=21
            redis id=6 index=0 elapsed_time=2000 status_code=0 method=PING summary="PING → PONG" request_packet=6 response_packet=8 redis_type=PING redis_command=PING redis_request_size=14 redis_response_size=7 redis_total_size=21
            anomaly unparsable_redis 1
        "#]],
    );
}

#[test]
fn hostile_lengths_cost_nothing() {
    let nested = r"*1\r\n".repeat(40);
    check_whole(
        &format!(
            r#"> *1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n
< {nested}
< *2147483647\r\n$1\r\na\r\n:1\r\n
> *9223372036854775807\r\n$9223372036854775807\r\nabc
"#
        ),
        expect![[r#"
            redis id=4 index=0 method=PING summary=PING request_packet=4 redis_type=PING redis_command=PING redis_request_size=14 redis_total_size=14
            redis id=4 index=1 method=PING summary=PING request_packet=4 redis_type=PING redis_command=PING redis_request_size=14 redis_total_size=14
            redis id=7 index=0 method=ABC summary=abc… request_packet=7 redis_type=ABC redis_command=abc… redis_request_size=47 redis_total_size=47
            anomaly unparsable_redis 1
        "#]],
    );
    check_whole(
        r#"> *99999999999999999999\r\n
> *1\r\n$3\r\nabcd\r\n
> *1\r\n$4\r\nPING\r\n"#,
        expect![[r#"
            redis id=6 index=0 method=PING summary=PING request_packet=6 redis_type=PING redis_command=PING redis_request_size=14 redis_total_size=14
            anomaly unparsable_redis 1
        "#]],
    );
}

#[test]
fn long_commands_are_cut() {
    let words: String = (0..3000).map(|word| format!(r"$4\r\n{:04}\r\n", word)).collect();
    let talk = format!(r"{OPEN}> *3001\r\n$4\r\nMGET\r\n{words}*1\r\n$4\r\nPING\r\n");
    let rows = crate::dissect::testing::rows_of(&TCP, &talk);
    let lengths: Vec<usize> = rows.lines().map(str::len).collect();
    assert!(lengths[0] < 5000, "{lengths:?}");
    assert_eq!(lengths.len(), 2);
    assert!(rows.contains("redis_request_size=30017"), "{}", &rows[4000..]);
}

#[test]
fn recognition_reads_content() {
    let tcp = |port, text: &str| recognise(Transport::Tcp, [51000, port], &bytes(text));
    let redis = Some("Redis");
    assert_eq!(tcp(7000, r"*1\r\n$4\r\nPING\r\n"), redis);
    assert_eq!(tcp(7000, r"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\nabc"), redis);
    assert_eq!(tcp(7000, r"*2\r\n$100\r\nabc"), redis);
    assert_eq!(tcp(7000, r"*3\r\n$7\r\nmessage\r\n$1\r\na"), redis);
    assert_eq!(tcp(7000, r"$5\r\nhello\r\n"), redis);
    assert_eq!(tcp(7000, r"+OK\r\n:1\r\n"), redis);
    assert_eq!(tcp(7000, r"-MOVED 1 10.0.0.1:1\r\n"), redis);
    assert_eq!(tcp(7000, r"%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n"), redis);
    // What POP3 and others say, too.
    assert_eq!(tcp(7000, r"+OK\r\n"), None);
    assert_eq!(tcp(7000, r"+OK ready\r\n"), None);
    assert_eq!(tcp(7000, r"+OK\r\n+OK\r\n"), None);
    assert_eq!(tcp(7000, r"-ERR no such mailbox\r\n"), None);
    assert_eq!(tcp(7000, r":1\r\n"), None);
    assert_eq!(tcp(7000, r"PING\r\n"), None);
    assert_eq!(tcp(7000, r"* OK IMAP4 ready\r\n"), None);
    assert_eq!(tcp(7000, r"*1\r\n$4\r\nPINGS\r\n"), None);
    assert_eq!(tcp(7000, r"$ ls\r\n"), None);
    assert_eq!(tcp(7000, r"$5\r\nhello there\r\n"), None);
    assert_eq!(tcp(6379, r"+OK\r\n"), redis);
    assert_eq!(tcp(6379, r"PING\r\n"), redis);
    assert_eq!(tcp(6379, r"\r\nPING\r\n"), redis);
    assert_eq!(tcp(6379, r"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Some("HTTP"));
    assert_eq!(tcp(6379, r"SSH-2.0-a\r\n"), None);
    assert!((TCP.from_server)(&bytes(r"$5\r\nhello\r\n")));
    assert!((TCP.from_server)(&bytes(r"*2\r\n$1\r\na\r\n*1\r\n")));
    assert!((TCP.from_server)(&bytes(
        r"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n"
    )));
    assert!(!(TCP.from_server)(&bytes(r"*1\r\n$4\r\nPING\r\n")));
}

#[test]
fn any_bytes_are_taken() {
    check_any_bytes(
        &TCP,
        &[
            r#"10.0.0.1:51000 > 10.0.0.2:6379
> *1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n
< +PONG\r\n*2\r\n$1\r\na\r\n%1\r\n+a\r\n|1\r\n+x\r\n:1\r\n:2\r\n
> *2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\nUNSUBSCRIBE\r\n
< >3\r\n+subscribe\r\n+a\r\n:1\r\n$?\r\n;4\r\nHell\r\n;0\r\n*?\r\n.\r\n"#,
            r#"10.0.0.1:51000 > 10.0.0.2:6379
> *3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n
< +FULLRESYNC 8371445ef47bce0f5b8 1\r\n$EOF:0123456789abcdef0123456789abcdef01234567\r\nREDIS0011+0123456789abcdef0123456789abcdef01234567*1\r\n$4\r\nPING\r\n
> *3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n1\r\n"#,
        ],
    );
}
