//! Frames as text: hex with a few words for what most frames have in common.
//!
//! `00*12` repeats a byte, `MAC` are two Ethernet addresses, `SNAP` is the LLC header before an EtherType. `IP4`, `IP4b` and `IP6` are
//! whole datagrams, of one UDP packet each. `ip4/47( … )` is an IPv4 datagram of that protocol with that payload, `ip6/…( … )` one of
//! IPv6, `udp/4789( … )` a UDP packet to that port, `len( … )` a payload with its length in two bytes before it.

/// The bytes of a text.
#[track_caller]
pub fn bytes(text: &str) -> Vec<u8> {
    let spaced = text.replace('(', "( ").replace(')', " )");
    let mut words = spaced.split_whitespace();
    let bytes = group(&mut words);
    assert_eq!(words.next(), None, "a bracket too many in {text}");
    bytes
}

fn group<'a>(words: &mut impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(word) = words.next() {
        match word {
            ")" => break,
            "MAC" => bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]),
            "SNAP" => bytes.extend([0xaa, 0xaa, 3, 0, 0, 0]),
            "IP4" => bytes.extend(ip4(17, [10, 0, 0, 1], &udp(1000, 2000, b"data"))),
            "IP4b" => bytes.extend(ip4(17, [10, 0, 0, 9], &udp(1000, 2000, b"data"))),
            "IP6" => bytes.extend(ip6(17, &udp(1000, 2000, b"data"))),
            _ => match (word.strip_suffix('('), word.split_once('*')) {
                (Some(function), _) => bytes.extend(apply(function, &group(words))),
                (None, Some((byte, times))) => {
                    let times: usize = times.parse().expect("a number of times");
                    bytes.extend(hex(byte).repeat(times));
                }
                (None, None) => bytes.extend(hex(word)),
            },
        }
    }
    bytes
}

fn apply(function: &str, payload: &[u8]) -> Vec<u8> {
    let (function, number) = function.split_once('/').unwrap_or((function, "0"));
    let number: u16 = number.parse().expect("a number");
    match function {
        "ip4" => ip4(number as u8, [192, 168, 0, 1], payload),
        "ip6" => ip6(number as u8, payload),
        "udp" => udp(55_555, number, payload),
        "len" => [&(payload.len() as u16).to_be_bytes(), payload].concat(),
        other => panic!("no function {other}"),
    }
}

fn hex(word: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&word[at..at + 2], 16).unwrap_or_else(|_| panic!("{word} is no hex"));
    (0..word.len()).step_by(2).map(digits).collect()
}

fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u16 + 8;
    let header = [source, destination, length, 0].map(u16::to_be_bytes);
    [header.as_flattened(), payload].concat()
}

fn ip4(protocol: u8, source: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16 + 20).to_be_bytes();
    let header = [0x45, 0, high, low, 0, 1, 0, 0, 64, protocol, 0, 0];
    [&header[..], &source, &[10, 0, 0, 2], payload].concat()
}

fn ip6(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16).to_be_bytes();
    let address = |last| [&[0xfd][..], &[0; 14], &[last]].concat();
    [
        &[0x60, 0, 0, 0, high, low, protocol, 64],
        &*address(1),
        &address(2),
        payload,
    ]
    .concat()
}
