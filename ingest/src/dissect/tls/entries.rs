//! Hellos to their rows, whatever brought them.

use std::borrow::Cow;

use schema::tables::tlsx::{Tlsx, TlsxOwn};

use super::fingerprint::{self, Carrier};
use super::handshake::{Hello, HelloKind};
use super::hello::{ClientHello, ServerHello};
use super::{NAME, suites, weak};
use crate::dissect::{Context, Entry, Half, elapsed_us, number};

/// Makes the rows of one connection's hellos.
#[derive(Debug)]
pub(in crate::dissect) struct Entries {
    carrier: Carrier,
    /// Packet and end of the last ClientHello that no ServerHello answered.
    offered: Option<(u64, i64)>,
}

impl Entries {
    /// For a connection whose hellos come so.
    pub fn new(carrier: Carrier) -> Self {
        Self { carrier, offered: None }
    }

    /// Appends the row of a hello, if it can be read.
    pub fn append(&mut self, half: Half, hello: &Hello, context: &mut Context<'_>) {
        match hello.kind {
            HelloKind::Client => self.append_client(half, ClientHello::read(&hello.body), hello, context),
            HelloKind::ClientV2 => self.append_client(half, ClientHello::read_v2(&hello.body), hello, context),
            HelloKind::ClientDatagram => {
                self.append_client(half, ClientHello::read_dtls(&hello.body), hello, context);
            }
            HelloKind::Server => self.append_server(half, ServerHello::read(&hello.body), hello, context),
        }
    }

    fn append_client(&mut self, half: Half, offer: Option<ClientHello>, place: &Hello, context: &mut Context<'_>) {
        let Some(offer) = offer else { return };
        self.offered = Some((place.start.packet, place.end_ns));
        let version = offer.highest_version();
        let alpn = offer.alpn.join(",");
        let suites: Vec<Cow<'_, str>> = offer.suites.iter().map(|suite| suite_name(*suite)).collect();
        let suites: Vec<&str> = suites.iter().map(AsRef::as_ref).collect();
        let versions = if offer.versions.is_empty() {
            &[offer.legacy_version]
        } else {
            offer.versions.as_slice()
        };
        let is_whole = offer.is_whole && !place.is_cut;
        let ja3 = is_whole.then(|| fingerprint::ja3(&offer));
        let ja4 = is_whole.then(|| fingerprint::ja4(&offer, self.carrier));
        let name = offer.server_name.as_deref().filter(|name| !name.is_empty());
        let summary = summary("ClientHello", &[name, Some(&version_name(version)), Some(&alpn)]);
        let (common, identity) = context.common(Entry {
            protocol: NAME,
            start: place.start,
            client: half,
            elapsed_time_us: None,
            method: Some("ClientHello"),
            status_code: None,
            summary: &summary,
            request_packet: Some(place.start.packet),
            response_packet: None,
        });
        context.tables.tlsx.append(Tlsx {
            common,
            identity,
            own: TlsxOwn {
                tlsx_sni: name,
                tlsx_alpn: Some(alpn.as_str()).filter(|alpn| !alpn.is_empty()),
                tlsx_summary: Some(&summary),
                tlsx_info: Some("ClientHello"),
                tlsx_version: Some(i64::from(version)),
                tlsx_cipher_suite: None,
                tlsx_cipher_suites: &suites,
                tlsx_ja3: ja3.as_deref(),
                tlsx_ja3s: None,
                tlsx_ja4: ja4.as_deref(),
                tlsx_weak: &weak::findings(versions, &offer.suites),
                tls_summary: Some("ClientHello"),
                tls_info: None,
                tls_request_size: Some(number(place.body.len() as u64)),
                tls_response_size: None,
                tls_total_size: Some(number(place.body.len() as u64)),
            },
        });
    }

    fn append_server(&mut self, half: Half, choice: Option<ServerHello>, place: &Hello, context: &mut Context<'_>) {
        let Some(choice) = choice else { return };
        let offered = self.offered.take();
        let version = choice.chosen_version();
        let alpn = choice.alpn.join(",");
        let suite = suite_name(choice.suite);
        let agreed = format!("{} {suite}", version_name(version));
        let ja3s = (choice.is_whole && !place.is_cut).then(|| fingerprint::ja3s(&choice));
        let summary = summary(
            "ServerHello",
            &[Some(&version_name(version)), Some(&suite), Some(&alpn)],
        );
        let (common, identity) = context.common(Entry {
            protocol: NAME,
            start: place.start,
            client: half.other(),
            elapsed_time_us: offered.map(|(_, end_ns)| elapsed_us(end_ns, place.start.timestamp_ns)),
            method: Some("ServerHello"),
            status_code: None,
            summary: &summary,
            request_packet: offered.map(|(packet, _)| packet),
            response_packet: Some(place.start.packet),
        });
        context.tables.tlsx.append(Tlsx {
            common,
            identity,
            own: TlsxOwn {
                tlsx_sni: None,
                tlsx_alpn: Some(alpn.as_str()).filter(|alpn| !alpn.is_empty()),
                tlsx_summary: Some(&summary),
                tlsx_info: Some("ServerHello"),
                tlsx_version: Some(i64::from(version)),
                tlsx_cipher_suite: Some(i64::from(choice.suite)),
                tlsx_cipher_suites: &[],
                tlsx_ja3: None,
                tlsx_ja3s: ja3s.as_deref(),
                tlsx_ja4: None,
                tlsx_weak: &weak::findings(&[version], &[choice.suite]),
                tls_summary: Some("ServerHello"),
                tls_info: Some(&agreed),
                tls_request_size: None,
                tls_response_size: Some(number(place.body.len() as u64)),
                tls_total_size: Some(number(place.body.len() as u64)),
            },
        });
    }
}

fn suite_name(number: u16) -> Cow<'static, str> {
    suites::name(number).map_or_else(|| format!("0x{number:04x}").into(), Into::into)
}

fn version_name(number: u16) -> Cow<'static, str> {
    match number {
        0x0002 => "SSL 2.0".into(),
        0x0300 => "SSL 3.0".into(),
        0x0301 => "TLS 1.0".into(),
        0x0302 => "TLS 1.1".into(),
        0x0303 => "TLS 1.2".into(),
        0x0304 => "TLS 1.3".into(),
        0xfeff => "DTLS 1.0".into(),
        0x0100 => "DTLS 1.0 before its standard".into(),
        0xfefd => "DTLS 1.2".into(),
        0xfefc => "DTLS 1.3".into(),
        0x7f01..=0x7fff => format!("TLS 1.3 draft {}", number & 0xff).into(),
        other => format!("version 0x{other:04x}").into(),
    }
}

fn summary(kind: &str, parts: &[Option<&str>]) -> String {
    let parts = parts.iter().flatten().filter(|part| !part.is_empty());
    parts.fold(kind.to_owned(), |text, part| format!("{text} {part}"))
}
