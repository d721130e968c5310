//! The builders that one shard fills: one per table that the packet's road writes. Beside them the names that it finds.

use schema::Build;
use schema::tables::{conns, dns, flows, http, icmp, sctp, tlsx};

use crate::names::Found;

/// The builders of one shard.
#[derive(Debug, Default)]
pub struct Tables {
    /// Flow rows.
    pub flows: flows::FlowBuilder,
    /// Connection rows.
    pub conns: conns::ConnBuilder,
    /// HTTP entries.
    pub http: http::HttpBuilder,
    /// DNS entries.
    pub dns: dns::DnsBuilder,
    /// TLS hello entries.
    pub tlsx: tlsx::TlsxBuilder,
    /// ICMP message entries.
    pub icmp: icmp::IcmpBuilder,
    /// SCTP chunk entries.
    pub sctp: sctp::SctpBuilder,
    /// Names of addresses, of which the writer makes columns of all tables.
    pub(crate) names: Found,
}

impl Tables {
    /// Bytes of the rows appended so far, about.
    pub fn bytes(&self) -> usize {
        let levels = self.flows.bytes().saturating_add(self.conns.bytes());
        let entries = self
            .http
            .bytes()
            .saturating_add(self.dns.bytes())
            .saturating_add(self.tlsx.bytes())
            .saturating_add(self.icmp.bytes())
            .saturating_add(self.sctp.bytes());
        levels.saturating_add(entries)
    }

    /// All builders, in table order.
    pub fn all(&mut self) -> [&mut dyn Build; 7] {
        [
            &mut self.flows,
            &mut self.conns,
            &mut self.http,
            &mut self.dns,
            &mut self.tlsx,
            &mut self.icmp,
            &mut self.sctp,
        ]
    }
}
