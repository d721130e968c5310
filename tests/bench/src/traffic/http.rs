//! HTTP calls over connections that are kept for some ten calls.

use std::io::Write;

use super::chance::Chance;
use super::frame::{ACK, FIN, Frames, PSH, SYN, Tcp};
use super::{DURATION_NS, names};

/// Calls of one connection.
const CALLS: u64 = 10;
/// Median time of an answer.
const LATENCY_NS: u64 = 4_000_000;
/// Time between the packets of a handshake, and of a farewell.
const STEP_NS: u64 = 150_000;
/// One service of so many fails from minute 20 to minute 25.
const FAILING: usize = 37;

/// A client with one connection after the other.
pub(crate) struct Caller {
    pause_ns: u64,
    call: Option<Open>,
    payload: Vec<u8>,
}

/// A connection and how far it is.
struct Open {
    tcp: Tcp,
    service: usize,
    agent: &'static str,
    /// The session in the cookie; browsers have one.
    session: Option<String>,
    calls: u64,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Open,
    Accept,
    Ready,
    Ask,
    Answer { is_post: bool, path: usize },
    Close,
    Closed,
}

impl Caller {
    /// A client that pauses so long between calls, in the mean.
    pub(crate) fn new(_: &mut Chance, pause_ns: u64) -> Self {
        Self {
            pause_ns,
            call: None,
            payload: Vec::new(),
        }
    }

    /// Sends the next packet; gives the time of the one after it.
    pub(crate) fn turn(&mut self, now: u64, left: &mut u64, chance: &mut Chance, frames: &mut Frames) -> Option<u64> {
        let mut open = match self.call.take() {
            Some(open) => open,
            None if *left == 0 => return None,
            None => connect(chance),
        };
        self.payload.clear();
        let payload = &mut self.payload;
        let wait = match open.stage {
            Stage::Open => {
                open.tcp.ask(frames, now, SYN, b"");
                open.stage = Stage::Accept;
                STEP_NS
            }
            Stage::Accept => {
                open.tcp.answer(frames, now, SYN | ACK, b"");
                open.stage = Stage::Ready;
                STEP_NS
            }
            Stage::Ready => {
                open.tcp.ask(frames, now, ACK, b"");
                open.stage = Stage::Ask;
                STEP_NS
            }
            Stage::Ask if *left == 0 || open.calls == 0 => {
                open.tcp.ask(frames, now, FIN | ACK, b"");
                open.stage = Stage::Close;
                STEP_NS
            }
            Stage::Ask => {
                *left -= 1;
                open.calls -= 1;
                let (is_post, path) = (chance.once_in(6), chance.skewed(names::PATHS));
                request(&open, is_post, path, chance, payload);
                open.tcp.ask(frames, now, PSH | ACK, payload);
                open.stage = Stage::Answer { is_post, path };
                chance.latency(LATENCY_NS)
            }
            Stage::Answer { is_post, path } => {
                response(&open, is_post, path, now, chance, payload);
                open.tcp.answer(frames, now, PSH | ACK, payload);
                open.stage = Stage::Ask;
                chance.pause(self.pause_ns)
            }
            Stage::Close => {
                open.tcp.answer(frames, now, FIN | ACK, b"");
                open.stage = Stage::Closed;
                STEP_NS
            }
            Stage::Closed => {
                open.tcp.ask(frames, now, ACK, b"");
                return Some(now + chance.pause(self.pause_ns));
            }
        };
        self.call = Some(open);
        Some(now + wait)
    }
}

fn connect(chance: &mut Chance) -> Open {
    let service = chance.skewed(names::SERVICES);
    let port = (32_768 + chance.below(28_000)) as u16;
    let numbers = (chance.below(1 << 32) as u32, chance.below(1 << 32) as u32);
    let agent = chance.of(&names::AGENTS);
    Open {
        tcp: Tcp::new((names::client(chance), port), (names::server(service), 80), numbers),
        service,
        agent,
        session: agent.starts_with("Mozilla").then(|| chance.hex()),
        calls: 1 + chance.below(2 * CALLS - 1),
        stage: Stage::Open,
    }
}

fn request(open: &Open, is_post: bool, path: usize, chance: &mut Chance, out: &mut Vec<u8>) {
    let (host, target) = (names::host(open.service), names::path(path));
    let method = if is_post { "POST" } else { "GET" };
    write!(out, "{method} {target}").expect(WRITES);
    match path % 3 {
        0 => write!(out, "?id={}&page={}", chance.below(1_000_000), chance.below(20)),
        1 => write!(out, "?q={}", chance.below(5000)),
        _ => Ok(()),
    }
    .expect(WRITES);
    write!(
        out,
        " HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {}\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\
         X-Request-Id: {}{}\r\nX-Forwarded-For: 203.0.113.{}\r\n",
        open.agent,
        chance.hex(),
        chance.hex(),
        chance.below(250),
    )
    .expect(WRITES);
    if let Some(session) = &open.session {
        let theme = if open.service.is_multiple_of(2) {
            "dark"
        } else {
            "light"
        };
        write!(
            out,
            "Accept-Language: en\r\nCookie: session={session}; theme={theme}\r\n"
        )
        .expect(WRITES);
    }
    if is_post {
        let body = format!(
            "{{\"id\":{},\"amount\":{},\"currency\":\"EUR\"}}",
            chance.below(1 << 40),
            chance.below(9999)
        );
        let length = body.len();
        write!(
            out,
            "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect(WRITES);
    } else {
        out.extend_from_slice(b"\r\n");
    }
}

fn response(open: &Open, is_post: bool, path: usize, now: u64, chance: &mut Chance, out: &mut Vec<u8>) {
    let minute = now * 60 / DURATION_NS;
    let fails = open.service % FAILING == 5 && (20..25).contains(&minute) && chance.below(10) < 4;
    let (status, reason) = match chance.below(1000) {
        _ if fails => (503, "Service Unavailable"),
        0..3 => (500, "Internal Server Error"),
        3 => (502, "Bad Gateway"),
        4 => (503, "Service Unavailable"),
        5..30 => (404, "Not Found"),
        30..36 => (401, "Unauthorized"),
        36..40 => (400, "Bad Request"),
        40..70 => (304, "Not Modified"),
        70..90 => (302, "Found"),
        90..110 if is_post => (204, "No Content"),
        110..400 if is_post => (201, "Created"),
        _ => (200, "OK"),
    };
    let second = now / 1_000_000_000;
    write!(
        out,
        "HTTP/1.1 {status} {reason}\r\nServer: nginx/1.27.3\r\nDate: Thu, 01 Jan 2026 00:{:02}:{:02} GMT\r\n\
         Cache-Control: no-store\r\nX-Upstream: {}\r\n",
        second / 60 % 60,
        second % 60,
        names::server(open.service),
    )
    .expect(WRITES);
    if open.session.is_some() && chance.once_in(20) {
        write!(out, "Set-Cookie: visit={}; Path=/; HttpOnly\r\n", chance.below(1 << 30)).expect(WRITES);
    }
    if matches!(status, 204 | 304) {
        out.extend_from_slice(b"\r\n");
        return;
    }
    let (kind, body) = match path % 5 {
        2 => ("text/javascript", format!("export const n = {};", chance.below(100))),
        4 => ("text/plain", "ok".to_owned()),
        _ => (
            "application/json",
            format!(
                "{{\"status\":{status},\"id\":{},\"items\":[1,2,3],\"trace\":\"{}\"}}",
                chance.below(1 << 40),
                chance.hex()
            ),
        ),
    };
    let length = body.len();
    write!(out, "Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}").expect(WRITES);
}

const WRITES: &str = "a vector takes all bytes";
