//! What the stages are fed with: captures and conversations, the same in every run.

use std::fmt::Write as _;
use std::path::Path;

use ingest::talk::Talk;

/// Payload of a full segment over Ethernet, as with timestamps.
pub const SEGMENT_BYTES: usize = 1448;

/// Packets of a connection of [`bare_connections`] that is left open.
pub const BARE_PACKETS: usize = 4;

/// Bytes of the head of a pcap file.
const FILE_HEAD: usize = 24;
/// Bytes of a record of pcap with a packet of Ethernet, IPv4 and TCP without payload.
const BARE_RECORD: usize = 16 + 14 + 20 + 20;

/// HTTP/1.1 of so many clients and as much of DNS, as a capture of a hundred packets for each.
pub fn mixed(clients: usize) -> Vec<u8> {
    let mut text = String::new();
    for client in 0..clients {
        let address = format!("10.1.{}.{}", client / 250, client % 250 + 1);
        let _ = writeln!(text, "{address}:40000 > 10.0.0.53:53 udp");
        for query in 20 * client..20 * client + 20 {
            let _ = writeln!(text, "> {}", escaped(&dns_query(query)));
            let _ = writeln!(text, "< {}", escaped(&dns_response(query)));
        }
        let _ = writeln!(text, "{address}:{} > 10.0.0.80:80", 50_000 + client);
        for call in 0..20 {
            let body = "a".repeat(if call % 4 == 0 { 6_000 } else { 600 });
            let _ = writeln!(text, "> {}", escaped(&http_request(client * 20 + call)));
            let _ = writeln!(text, "< {}", escaped(&http_response(body.as_bytes())));
        }
    }
    let _ = writeln!(text, "  split {SEGMENT_BYTES}");
    Talk::parse(&text).pcap()
}

/// TCP connections to one server whose packets are all without payload: the handshake, one packet more, and the end unless
/// the disturbance leaves it out.
pub fn bare_connections(count: usize, disturbance: &str) -> Vec<u8> {
    let mut text = String::new();
    for number in 0..count {
        let (host, port) = (number / 1000, 40_000 + number % 1000);
        let _ = writeln!(text, "10.2.{}.{}:{port} > 10.0.0.1:80", host / 250, host % 250 + 1);
        text.push_str("> \n");
    }
    text.push_str(disturbance);
    Talk::parse(&text).pcap()
}

/// The last packet of each of the connections that such a capture leaves open, in a random order.
pub fn last_packets(bare_connections: &[u8]) -> Vec<u8> {
    let (head, records) = bare_connections.split_at(FILE_HEAD);
    let mut records: Vec<&[u8]> = records
        .chunks(BARE_RECORD)
        .skip(BARE_PACKETS - 1)
        .step_by(BARE_PACKETS)
        .collect();
    fastrand::Rng::with_seed(6).shuffle(&mut records);
    [head, &records.concat()].concat()
}

/// The captures of `tests/captures`.
pub fn recorded() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/captures");
    let files = std::fs::read_dir(folder).expect("the captures ship with the project");
    let paths = files.map(|file| file.expect("a folder can be read").path());
    let captures = paths.filter(|path| path.extension().is_some_and(|extension| extension == "pcap"));
    captures
        .map(|path| std::fs::read(&path).expect("a capture can be read"))
        .collect()
}

/// A request as browsers and libraries make them.
pub fn http_request(number: usize) -> Vec<u8> {
    let (shop, order) = (number % 7, number % 1009);
    let request = format!(
        "GET /shop/{shop}/orders/{order}?page={}&sort=date HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux \
         x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: application/json, text/plain, */*\r\nAccept-Language: \
         en-US,en;q=0.5\r\nConnection: keep-alive\r\nCookie: session={:016x}; theme=dark\r\n\r\n",
        number % 13,
        number / 20
    );
    request.into_bytes()
}

/// A response that says the length of its body.
pub fn http_response(body: &[u8]) -> Vec<u8> {
    let framing = format!("Content-Length: {}", body.len());
    [http_response_head(&framing).as_bytes(), body].concat()
}

/// The head of a response whose body is framed like this.
pub fn http_response_head(framing: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nServer: nginx/1.28.0\r\nDate: Sat, 28 Nov 2026 20:00:00 GMT\r\nContent-Type: \
         application/json\r\n{framing}\r\nCache-Control: no-store\r\nConnection: keep-alive\r\n\r\n"
    )
}

/// A query for the address of one of a few thousand names.
pub fn dns_query(number: usize) -> Vec<u8> {
    dns_message(number, 0x0100, 0)
}

/// What answers it: an alias and two addresses.
pub fn dns_response(number: usize) -> Vec<u8> {
    const ALIAS: [u8; 14] = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 16];
    let mut message = dns_message(number, 0x8180, 3);
    message.extend(ALIAS);
    for host in [1, 2] {
        let address = [0xc0, 16, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 9, number as u8, host];
        message.extend(address);
    }
    message
}

/// Header and question; the name's second label begins sixteen bytes behind the first byte of the message.
fn dns_message(number: usize, flags: u16, answers: u16) -> Vec<u8> {
    let mut message = Vec::new();
    for word in [number as u16, flags, 1, answers, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    for label in ["www", &format!("host-{}", number % 3001), "example", "com", ""] {
        message.push(label.len() as u8);
        message.extend(label.as_bytes());
    }
    message.extend([0, 1, 0, 1]);
    message
}

/// Bytes as a talk's line has them.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text
}
