use super::*;
use crate::dissect::{Counter, Link};
use crate::{Anomalies, Limits, Recognition, Tables};

/// A length in one byte, itself included; 0xff is none.
fn frame(bytes: &[u8]) -> Frame {
    match bytes {
        [] => Frame::Incomplete,
        [0xff, ..] => Frame::Nonsense("none"),
        [length, ..] => Frame::Bytes(u64::from(*length)),
    }
}

/// What a half gives for pieces of a stream: `Ok` bytes, `Err` a gap.
fn read(pieces: &[Result<&[u8], u64>], message_bytes: usize) -> Vec<String> {
    let link = Link {
        transport: "tcp",
        conn_id: 1,
        flow_id: 1,
        src_ip: String::new(),
        dst_ip: String::new(),
        src_port: 1,
        dst_port: 2,
        community_id: String::new(),
        vlan: vec![],
        tunnel: None,
        has_pcap: false,
    };
    let limits = Limits {
        message_bytes,
        ..Limits::default()
    };
    let mut context = Context {
        link: &link,
        tables: &mut Tables::default(),
        anomalies: &mut Anomalies::default(),
        limits: &limits,
        recognition: &Recognition::default(),
        counter: &mut Counter::default(),
    };
    let mut framed = Framed::default();
    let mut told = Vec::new();
    let tell = |message: &Message<'_>| {
        let cut = if message.is_cut { " cut" } else { "" };
        let side = message.side;
        format!("{:?} of {} at {}{cut}", message.bytes, side.bytes, side.start.packet)
    };
    for (packet, piece) in (1..).zip(pieces) {
        match piece {
            Err(missing_bytes) => told.extend(framed.gap(*missing_bytes).as_ref().map(tell)),
            Ok(bytes) => {
                let chunk = Chunk {
                    bytes,
                    packet,
                    timestamp_ns: 0,
                };
                let mut rest = chunk.bytes;
                loop {
                    match framed.next(&mut rest, &chunk, &mut context, frame) {
                        Next::Message(message) => told.push(tell(&message)),
                        Next::Nothing => break,
                        Next::Nonsense(reason) => told.push(reason.to_owned()),
                    }
                }
            }
        }
    }
    told.extend(framed.cut().as_ref().map(tell));
    if framed.is_lost() {
        told.push("lost".to_owned());
    }
    told
}

#[test]
fn messages_come_whole_whatever_the_pieces() {
    let stream = [3, 1, 2, 1, 4, 1, 2, 3];
    let whole = read(&[Ok(&stream)], 100);
    assert_eq!(
        whole,
        ["[3, 1, 2] of 3 at 1", "[1] of 1 at 1", "[4, 1, 2, 3] of 4 at 1"]
    );
    let bytes: Vec<_> = stream.iter().map(|byte| Ok(std::slice::from_ref(byte))).collect();
    assert_eq!(
        read(&bytes, 100),
        ["[3, 1, 2] of 3 at 1", "[1] of 1 at 4", "[4, 1, 2, 3] of 4 at 5"]
    );
}

#[test]
fn of_a_long_message_the_beginning_is_kept() {
    assert_eq!(read(&[Ok(&[4, 1, 2, 3, 1])], 2), ["[4, 1] of 4 at 1", "[1] of 1 at 1"]);
    assert_eq!(
        read(&[Ok(&[4, 1]), Ok(&[2, 3, 1])], 2),
        ["[4, 1] of 4 at 1", "[1] of 1 at 2"]
    );
}

#[test]
fn a_gap_inside_a_message_of_known_length_only_cuts_it() {
    assert_eq!(
        read(&[Ok(&[5, 1]), Err(2), Ok(&[4, 1])], 100),
        ["[5, 1] of 5 at 1 cut", "[1] of 1 at 3"]
    );
    assert_eq!(
        read(&[Ok(&[5, 1]), Err(3), Ok(&[1])], 100),
        ["[5, 1] of 5 at 1 cut", "[1] of 1 at 3"]
    );
}

#[test]
fn any_other_gap_loses_the_half() {
    assert_eq!(
        read(&[Ok(&[5, 1]), Err(4), Ok(&[1])], 100),
        ["[5, 1] of 5 at 1 cut", "lost"]
    );
    assert_eq!(read(&[Ok(&[1]), Err(1), Ok(&[1])], 100), ["[1] of 1 at 1", "lost"]);
    assert_eq!(read(&[Ok(&[1, 0xff, 1])], 100), ["[1] of 1 at 1", "none", "lost"]);
    assert_eq!(read(&[Ok(&[0])], 100), ["a message of no bytes", "lost"]);
}

#[test]
fn the_end_of_a_half_cuts_its_last_message() {
    assert_eq!(read(&[Ok(&[5, 1, 2])], 100), ["[5, 1, 2] of 5 at 1 cut"]);
}
