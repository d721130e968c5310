//! Segments as text → what is counted of them.

use expect_test::{Expect, expect};

use super::*;
use crate::decode::TcpFlags;

/// Reads lines `TIME_US SIDE FLAGS SEQUENCE+LENGTH ACKNOWLEDGMENT WINDOW [SHIFT]`, side `>` or `<`, and tells what is not 0.
#[track_caller]
fn check(segments: &str, expect: Expect) {
    let mut health = Health::default();
    let mut held = 0;
    for line in segments.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |word: &str| word.parse::<u32>().expect("a number");
        let (sequence, length) = words[3].split_once('+').expect("sequence+length");
        let segment = Segment {
            source_port: 1,
            destination_port: 2,
            sequence: number(sequence),
            acknowledgment: number(words[4]),
            flags: TcpFlags::named(words[2]),
            window: number(words[5]) as u16,
            window_scale: words.get(6).map(|shift| number(shift) as u8),
            header_bytes: 20,
            payload_original: number(length),
        };
        let half = if words[1] == ">" { Half::Client } else { Half::Server };
        let time_ns = i64::from(number(words[0])) * 1000;
        health.segment(half, &segment, time_ns, &mut held, &Limits::default());
    }
    let counts = health.counts;
    let told = [
        ("retransmissions", counts.retransmissions as i64),
        ("fast", counts.fast_retransmissions as i64),
        ("out of order", counts.out_of_order as i64),
        ("dup acks", counts.dup_acks as i64),
        ("after missing", counts.after_missing as i64),
        ("zero window", counts.zero_window as i64),
        ("window full", counts.window_full as i64),
        ("keep-alive", counts.keep_alive as i64),
        ("round trips", health.round_trips.samples as i64),
        (
            "mean µs",
            health.round_trips.sum_ns / 1000 / health.round_trips.samples.max(1) as i64,
        ),
        ("initial µs", health.initial_rtt_ns.unwrap_or_default() / 1000),
        ("waiting", held as i64),
    ];
    let told: Vec<String> = told
        .iter()
        .filter(|(_, value)| *value != 0)
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    expect.assert_eq(&told.join(", "));
}

const HANDSHAKE: &str = "
    0   > S  1000+0 0    65535 3
    100 < SA 5000+0 1001 65535 2
    200 > A  1001+0 5001 1000
";

fn after_handshake(segments: &str) -> String {
    format!("{HANDSHAKE}{segments}")
}

#[test]
fn a_quiet_connection_has_nothing_but_round_trips() {
    check(
        &after_handshake(
            "300 > PA 1001+10 5001 1000
             400 < A  5001+0  1011 1000
             500 < PA 5001+20 1011 1000
             900 > A  1011+0  5021 1000",
        ),
        expect!["round trips 4, mean µs 175, initial µs 200"],
    );
}

#[test]
fn repeated_acknowledgments_make_a_fast_retransmission() {
    check(
        &after_handshake(
            "300 > PA 1001+10 5001 1000
             310 > PA 1021+10 5001 1000
             400 < A  5001+0  1001 1000
             410 < A  5001+0  1001 1000
             420 < A  5001+0  1001 1000
             430 > PA 1011+10 5001 1000
             440 < A  5001+0  1001 1000
             450 > PA 1001+10 5001 1000",
        ),
        expect![
            "retransmissions 1, fast 1, out of order 1, dup acks 3, after missing 1, round trips 2, mean µs 100, initial µs 200, waiting 4"
        ],
    );
}

#[test]
fn what_comes_again_late_is_a_retransmission() {
    check(
        &after_handshake(
            "300    > PA 1001+10 5001 1000
             300300 > PA 1001+10 5001 1000
             300400 < A  5001+0  1011 1000
             600000 > PA 1001+10 5001 1000",
        ),
        expect!["retransmissions 2, round trips 3, mean µs 100100, initial µs 200, waiting 1"],
    );
    // Of a SYN too, and of a FIN.
    check(
        "0       > S  1000+0 0 65535
         1000000 > S  1000+0 0 65535
         1000100 < SA 5000+0 1001 65535
         1000200 > A  1001+0 5001 1000
         1000300 > FA 1001+0 5001 1000
         1200300 > FA 1001+0 5001 1000",
        expect!["retransmissions 2, round trips 2, mean µs 500100, initial µs 200, waiting 2"],
    );
}

#[test]
fn windows() {
    check(
        &after_handshake(
            "300 < A  5001+0    1001 25
             400 > PA 1001+100  5001 1000
             500 < A  5001+0    1101 0
             600 < A  5001+0    1101 0
             700 > A  1101+1    5001 1000
             800 < A  5001+0    1101 0
             900 < A  5001+0    1101 100",
        ),
        // 25 scaled by 4 is what the payload fills, and a window of nothing is what the probe fills.
        expect!["zero window 3, window full 1, round trips 3, mean µs 100, initial µs 200, waiting 1"],
    );
}

#[test]
fn keep_alives_are_no_retransmissions() {
    check(
        &after_handshake(
            "300     > PA 1001+10 5001 1000
             400     < A  5001+0  1011 1000
             5000000 > A  1010+1  5001 1000
             5000100 < A  5001+0  1011 1000
             9000000 > A  1010+0  5001 1000
             9000100 < A  5001+0  1011 1000",
        ),
        expect!["keep-alive 2, round trips 4, mean µs 100, initial µs 200"],
    );
}

#[test]
fn sequence_numbers_wrap() {
    check(
        "0   > S  4294967290+0  0          65535
         100 < SA 1+0           4294967291 65535
         200 > A  4294967291+0  2          1000
         300 > PA 4294967291+10 2          1000
         400 < A  2+0           5          1000
         500 > PA 5+10          2          1000
         550 > PA 25+10         2          1000
         600 < A  2+0           15         1000",
        expect!["after missing 1, round trips 4, mean µs 100, initial µs 200, waiting 1"],
    );
}

#[test]
fn what_is_held_is_bounded() {
    let mut health = Health::default();
    let limits = Limits {
        unacknowledged_segments_per_half: 3,
        unacknowledged_segments_per_shard: 4,
        ..Limits::default()
    };
    let mut held = 0;
    for index in 0..100_u32 {
        let segment = Segment {
            source_port: 1,
            destination_port: 2,
            sequence: index * 10,
            acknowledgment: 0,
            flags: TcpFlags::named("A"),
            window: 1,
            window_scale: None,
            header_bytes: 20,
            payload_original: 10,
        };
        let half = if index % 2 == 0 { Half::Client } else { Half::Server };
        health.segment(half, &segment, 0, &mut held, &limits);
        assert!(held <= 4);
    }
    health.forget(&mut held);
    assert_eq!(held, 0);
}

#[test]
fn a_clock_that_stands_or_goes_backwards_measures_nothing() {
    check(
        "300 > S  1000+0 0    65535
         200 < SA 5000+0 1001 65535
         200 > A  1001+0 5001 1000
         200 > PA 1001+9 5001 1000
         200 < A  5001+0 1010 1000",
        expect![""],
    );
}
