use expect_test::{Expect, expect};

use super::{SCTP, TCP};
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole, recognise};

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:3868\n{talk}"), expect);
}

/// A number as text of `\xNN`, in as many bytes as asked for.
fn number(bytes: usize, number: usize) -> String {
    let places = (0..bytes).rev();
    places
        .map(|place| format!("\\x{:02x}", number >> (8 * place) & 0xff))
        .collect()
}

/// How many bytes a text with escapes stands for.
fn size(text: &str) -> usize {
    text.len() - 3 * text.matches("\\x").count()
}

fn avp(code: usize, data: &str) -> String {
    let padding = r"\x00".repeat(size(data).next_multiple_of(4) - size(data));
    format!("{}\\x40{}{data}{padding}", number(4, code), number(3, 8 + size(data)))
}

fn message(flags: usize, command: usize, application: usize, hop_by_hop: usize, avps: &[String]) -> String {
    let avps = avps.concat();
    let length = number(3, 20 + size(&avps));
    let [flags, command] = [number(1, flags), number(3, command)];
    let [application, hop_by_hop] = [application, hop_by_hop].map(|id| number(4, id));
    format!("\\x01{length}{flags}{command}{application}{hop_by_hop}\\x00\\x00\\x00\\x07{avps}")
}

fn capabilities(hop_by_hop: usize) -> [String; 2] {
    [
        message(
            0x80,
            257,
            0,
            hop_by_hop,
            &[avp(264, "client.example"), avp(296, "example")],
        ),
        message(
            0,
            257,
            0,
            hop_by_hop,
            &[avp(268, r"\x00\x00\x07\xd1"), avp(264, "server.example")],
        ),
    ]
}

fn credit_control(hop_by_hop: usize) -> [String; 2] {
    let user = avp(
        443,
        &[avp(450, r"\x00\x00\x00\x01"), avp(444, "262011234567890")].concat(),
    );
    let session = avp(263, "client.example;1;2");
    let asks = [
        session.clone(),
        avp(264, "client.example"),
        avp(416, r"\x00\x00\x00\x01"),
        user,
    ];
    let experimental = avp(
        297,
        &[avp(266, r"\x00\x00\x28\xaf"), avp(298, r"\x00\x00\x13\xec")].concat(),
    );
    let answers = [session, experimental, avp(281, "no such bearer")];
    [
        message(0xc0, 272, 16_777_238, hop_by_hop, &asks),
        message(0x40, 272, 16_777_238, hop_by_hop, &answers),
    ]
}

#[test]
fn a_request_and_its_answer_are_one_row() {
    let [ask, answer] = capabilities(1);
    let [charge, charged] = credit_control(2);
    check(
        &format!("> {ask}\n< {answer}\n> {charge}\n< {charged}"),
        expect![[r#"
            diameter id=4 index=0 elapsed_time=1000 status_code=2001 method=Capabilities-Exchange summary="Capabilities-Exchange from client.example → SUCCESS" request_packet=4 response_packet=5 diameter_method=Capabilities-Exchange diameter_summary="Capabilities-Exchange from client.example → SUCCESS" diameter_request=true diameter_response=true diameter_request_length=60 diameter_response_length=56 diameter_total_size=116
            diameter id=6 index=0 elapsed_time=1000 status_code=5100 method=Credit-Control summary="Gx Credit-Control initial 262011234567890 from client.example → ERROR_USER_DATA_NOT_RECOGNIZED: no such bearer" request_packet=6 response_packet=7 diameter_method=Credit-Control diameter_summary="Gx Credit-Control initial 262011234567890 from client.example → ERROR_USER_DATA_NOT_RECOGNIZED: no such bearer" diameter_request=true diameter_response=true diameter_request_length=128 diameter_response_length=104 diameter_total_size=232
        "#]],
    );
}

#[test]
fn either_peer_asks_and_answers_come_in_any_order() {
    let [ask, answer] = capabilities(1);
    let [charge, charged] = credit_control(2);
    let [watch, watched] = [0x80, 0].map(|flags| message(flags, 280, 0, 1, &[avp(264, "server.example")]));
    check(
        &format!("> {ask}{charge}\n< {watch}{charged}{answer}\n> {watched}"),
        expect![[r#"
            diameter id=4 index=1 elapsed_time=1000 status_code=5100 method=Credit-Control summary="Gx Credit-Control initial 262011234567890 from client.example → ERROR_USER_DATA_NOT_RECOGNIZED: no such bearer" request_packet=4 response_packet=5 diameter_method=Credit-Control diameter_summary="Gx Credit-Control initial 262011234567890 from client.example → ERROR_USER_DATA_NOT_RECOGNIZED: no such bearer" diameter_request=true diameter_response=true diameter_request_length=128 diameter_response_length=104 diameter_total_size=232
            diameter id=4 index=0 elapsed_time=1000 status_code=2001 method=Capabilities-Exchange summary="Capabilities-Exchange from client.example → SUCCESS" request_packet=4 response_packet=5 diameter_method=Capabilities-Exchange diameter_summary="Capabilities-Exchange from client.example → SUCCESS" diameter_request=true diameter_response=true diameter_request_length=60 diameter_response_length=56 diameter_total_size=116
            diameter id=5 index=0 elapsed_time=1000 method=Device-Watchdog summary="Device-Watchdog from server.example → answer" request_packet=5 response_packet=6 diameter_method=Device-Watchdog diameter_summary="Device-Watchdog from server.example → answer" diameter_request=true diameter_response=true diameter_request_length=44 diameter_response_length=44 diameter_total_size=88
        "#]],
    );
}

#[test]
fn a_side_that_is_missing() {
    let [charge, _] = credit_control(2);
    let [_, answer] = capabilities(1);
    check(
        &format!("> {charge}\n< {answer}"),
        expect![[r#"
            diameter id=5 index=0 status_code=2001 method=Capabilities-Exchange summary="Capabilities-Exchange from server.example → SUCCESS" response_packet=5 diameter_method=Capabilities-Exchange diameter_summary="Capabilities-Exchange from server.example → SUCCESS" diameter_request=false diameter_response=true diameter_response_length=56 diameter_total_size=56
            diameter id=4 index=0 method=Credit-Control summary="Gx Credit-Control initial 262011234567890 from client.example" request_packet=4 diameter_method=Credit-Control diameter_summary="Gx Credit-Control initial 262011234567890 from client.example" diameter_request=true diameter_response=false diameter_request_length=128 diameter_total_size=128
        "#]],
    );
}

#[test]
fn after_a_gap_messages_are_found_again() {
    let [ask, answer] = capabilities(1);
    let [charge, charged] = credit_control(2);
    check_whole(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:3868\n> {ask}\n> lost\n> {charge}\n< {answer}{charged}\n  drop 5"),
        expect![[r#"
            diameter id=4 index=0 elapsed_time=3000 status_code=2001 method=Capabilities-Exchange summary="Capabilities-Exchange from client.example → SUCCESS" request_packet=4 response_packet=7 diameter_method=Capabilities-Exchange diameter_summary="Capabilities-Exchange from client.example → SUCCESS" diameter_request=true diameter_response=true diameter_request_length=60 diameter_response_length=56 diameter_total_size=116
            diameter id=6 index=0 elapsed_time=1000 status_code=5100 method=Credit-Control summary="Gx Credit-Control initial 262011234567890 from client.example → ERROR_USER_DATA_NOT_RECOGNIZED: no such bearer" request_packet=6 response_packet=7 diameter_method=Credit-Control diameter_summary="Gx Credit-Control initial 262011234567890 from client.example → ERROR_USER_DATA_NOT_RECOGNIZED: no such bearer" diameter_request=true diameter_response=true diameter_request_length=128 diameter_response_length=104 diameter_total_size=232
        "#]],
    );
    check_whole(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:3868\n> {ask}nonsense\n> {charge}\n< {answer}{charged}"),
        expect![[r#"
            diameter id=4 index=0 elapsed_time=2000 status_code=2001 method=Capabilities-Exchange summary="Capabilities-Exchange from client.example → SUCCESS" request_packet=4 response_packet=6 diameter_method=Capabilities-Exchange diameter_summary="Capabilities-Exchange from client.example → SUCCESS" diameter_request=true diameter_response=true diameter_request_length=60 diameter_response_length=56 diameter_total_size=116
            diameter id=5 index=0 elapsed_time=1000 status_code=5100 method=Credit-Control summary="Gx Credit-Control initial 262011234567890 from client.example → ERROR_USER_DATA_NOT_RECOGNIZED: no such bearer" request_packet=5 response_packet=6 diameter_method=Credit-Control diameter_summary="Gx Credit-Control initial 262011234567890 from client.example → ERROR_USER_DATA_NOT_RECOGNIZED: no such bearer" diameter_request=true diameter_response=true diameter_request_length=128 diameter_response_length=104 diameter_total_size=232
            anomaly unparsable_diameter 1
        "#]],
    );
}

#[test]
fn a_summary_names_the_command_once() {
    let origin = || avp(264, "client.example");
    check(
        &format!(
            "> {}{}{}",
            message(0xc0, 272, 4, 1, &[origin(), avp(416, r"\x00\x00\x00\x02")]),
            message(0xc0, 271, 3, 2, &[origin(), avp(480, r"\x00\x00\x00\x02")]),
            message(0xc0, 275, 4, 3, &[origin()]),
        ),
        expect![[r#"
            diameter id=4 index=0 method=Credit-Control summary="Credit-Control update from client.example" request_packet=4 diameter_method=Credit-Control diameter_summary="Credit-Control update from client.example" diameter_request=true diameter_response=false diameter_request_length=56 diameter_total_size=56
            diameter id=4 index=1 method=Accounting summary="Accounting start from client.example" request_packet=4 diameter_method=Accounting diameter_summary="Accounting start from client.example" diameter_request=true diameter_response=false diameter_request_length=56 diameter_total_size=56
            diameter id=4 index=2 method=Session-Termination summary="Credit Control Session-Termination from client.example" request_packet=4 diameter_method=Session-Termination diameter_summary="Credit Control Session-Termination from client.example" diameter_request=true diameter_response=false diameter_request_length=44 diameter_total_size=44
        "#]],
    );
}

#[test]
fn lengths_that_cannot_be() {
    let endless = message(0x80, 257, 0, 1, &[avp(264, "client.example")]).replacen(r"\x00\x00\x2c", r"\xff\xff\xfc", 1);
    let damaged =
        message(0x80, 280, 0, 2, &[avp(264, "client.example")]).replacen(r"\x40\x00\x00\x16", r"\x40\x00\x00\x06", 1);
    check(
        &format!("> {damaged}{endless}"),
        expect![[r#"
            diameter id=4 index=0 method=Device-Watchdog summary=Device-Watchdog request_packet=4 diameter_method=Device-Watchdog diameter_summary=Device-Watchdog diameter_request=true diameter_response=false diameter_request_length=44 diameter_total_size=44
            diameter id=4 index=1 method=Capabilities-Exchange summary="Capabilities-Exchange from client.example" request_packet=4 diameter_method=Capabilities-Exchange diameter_summary="Capabilities-Exchange from client.example" diameter_request=true diameter_response=false diameter_request_length=16777212 diameter_total_size=16777212
            anomaly malformed_diameter 1
        "#]],
    );
}

#[test]
fn a_user_message_of_sctp_is_a_message() {
    let [ask, answer] = capabilities(1);
    check_rows(
        &SCTP,
        &format!("10.0.0.1:51000 > 10.0.0.2:3868 sctp\n> {ask}\n< {answer}\n< abc"),
        expect![[r#"
            diameter id=1 index=0 elapsed_time=1000 status_code=2001 method=Capabilities-Exchange summary="Capabilities-Exchange from client.example → SUCCESS" request_packet=1 response_packet=2 diameter_method=Capabilities-Exchange diameter_summary="Capabilities-Exchange from client.example → SUCCESS" diameter_request=true diameter_response=true diameter_request_length=60 diameter_response_length=56 diameter_total_size=116
            anomaly malformed_diameter 1
        "#]],
    );
}

#[test]
fn any_bytes() {
    let [ask, answer] = capabilities(1);
    let [charge, charged] = credit_control(2);
    let talk = format!("10.0.0.1:1 > 10.0.0.2:3868\n> {ask}\n< {answer}\n> {charge}\n< {charged}");
    check_any_bytes(&TCP, &[&talk]);
    check_any_bytes(&SCTP, &[&talk.replacen("3868", "3868 sctp", 1)]);
}

#[test]
fn diameter_is_recognised_on_any_port() {
    let bytes = |text: &str| {
        let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
        talk.packets()
            .flat_map(|(_, packet, _)| packet.payload.clone())
            .collect::<Vec<u8>>()
    };
    let [ask, answer] = capabilities(1);
    let [charge, _] = credit_control(2);
    let tcp = |port, text: &str| recognise(Transport::Tcp, [51000, port], &bytes(text));
    for text in [&ask, &answer, &charge] {
        assert_eq!(tcp(9, text), Some("Diameter"));
        assert_eq!(recognise(Transport::Sctp, [51000, 9], &bytes(text)), Some("Diameter"));
    }
    let unknown = message(0x80, 999, 0, 1, &[avp(264, "client.example")]);
    assert_eq!((tcp(9, &unknown), tcp(3868, &unknown)), (None, Some("Diameter")));
    assert_eq!(
        tcp(3868, &message(0x81, 257, 0, 1, &[avp(264, "client.example")])),
        None
    );
    assert_eq!(tcp(3868, &message(0x80, 257, 0, 1, &[])), None);
    assert_eq!(tcp(3868, r"\x01\x00\x00\x13\x80\x00\x01\x01"), None);
    // Some leave the padding out.
    let unpadded = charge.replacen(r"\x01\x00\x00\x80", r"\x01\x00\x00\x7f", 1);
    assert_eq!((tcp(9, &unpadded), tcp(3868, &unpadded)), (None, Some("Diameter")));
    assert_eq!(
        recognise(Transport::Sctp, [51000, 3868], &bytes(&format!("{ask}{ask}"))),
        None
    );
}
