//! Names of the numbers in DNS messages.
//!
//! Specification: IANA, Domain Name System Parameters.

use std::borrow::Cow;

/// The operation of a query, and of the response to it.
pub(super) const QUERY: u8 = 0;
/// The response code of success.
pub(super) const NOERROR: u16 = 0;

pub(super) const A: u16 = 1;
pub(super) const NS: u16 = 2;
pub(super) const CNAME: u16 = 5;
pub(super) const SOA: u16 = 6;
pub(super) const PTR: u16 = 12;
pub(super) const HINFO: u16 = 13;
pub(super) const MINFO: u16 = 14;
pub(super) const MX: u16 = 15;
pub(super) const TXT: u16 = 16;
pub(super) const RP: u16 = 17;
pub(super) const AFSDB: u16 = 18;
pub(super) const RT: u16 = 21;
pub(super) const AAAA: u16 = 28;
pub(super) const NB: u16 = 32;
pub(super) const SRV: u16 = 33;
pub(super) const NAPTR: u16 = 35;
pub(super) const KX: u16 = 36;
pub(super) const DNAME: u16 = 39;
pub(super) const OPT: u16 = 41;
pub(super) const DS: u16 = 43;
pub(super) const SSHFP: u16 = 44;
pub(super) const RRSIG: u16 = 46;
pub(super) const NSEC: u16 = 47;
pub(super) const DNSKEY: u16 = 48;
pub(super) const TLSA: u16 = 52;
pub(super) const SMIMEA: u16 = 53;
pub(super) const CDS: u16 = 59;
pub(super) const CDNSKEY: u16 = 60;
pub(super) const SVCB: u16 = 64;
pub(super) const HTTPS: u16 = 65;
pub(super) const SPF: u16 = 99;
pub(super) const URI: u16 = 256;
pub(super) const CAA: u16 = 257;

/// The name of a record type; "TYPE" and the number where there is none (RFC 3597 §5).
pub(super) fn type_name(number: u16) -> Cow<'static, str> {
    match known_type(number) {
        Some(name) => name.into(),
        None => format!("TYPE{number}").into(),
    }
}

/// The registered name of a record type.
pub(super) fn known_type(number: u16) -> Option<&'static str> {
    let place = TYPES.binary_search_by_key(&number, |(known, _)| *known).ok()?;
    TYPES.get(place).map(|(_, name)| *name)
}

/// The name of a response code (RFC 6895 §2.3).
pub(super) fn rcode_name(number: u16) -> Cow<'static, str> {
    match RCODES.get(usize::from(number)) {
        Some(name) if !name.is_empty() => (*name).into(),
        _ => format!("RCODE{number}").into(),
    }
}

/// The name of an operation (RFC 6895 §2.2).
pub(super) fn opcode_name(number: u8) -> Cow<'static, str> {
    match OPCODES.get(usize::from(number)) {
        Some(name) if !name.is_empty() => (*name).into(),
        _ => format!("OPCODE{number}").into(),
    }
}

/// The name of a parameter of SVCB and HTTPS records (RFC 9460 §14.3.2).
pub(super) fn service_key_name(number: u16) -> Cow<'static, str> {
    match SERVICE_KEYS.get(usize::from(number)) {
        Some(name) => (*name).into(),
        None => format!("key{number}").into(),
    }
}

const OPCODES: &[&str] = &["QUERY", "IQUERY", "STATUS", "", "NOTIFY", "UPDATE", "DSO"];

const RCODES: &[&str] = &[
    "NOERROR",
    "FORMERR",
    "SERVFAIL",
    "NXDOMAIN",
    "NOTIMP",
    "REFUSED",
    "YXDOMAIN",
    "YXRRSET",
    "NXRRSET",
    "NOTAUTH",
    "NOTZONE",
    "DSOTYPENI",
    "",
    "",
    "",
    "",
    "BADVERS",
    "BADKEY",
    "BADTIME",
    "BADMODE",
    "BADNAME",
    "BADALG",
    "BADTRUNC",
    "BADCOOKIE",
];

const SERVICE_KEYS: &[&str] = &[
    "mandatory",
    "alpn",
    "no-default-alpn",
    "port",
    "ipv4hint",
    "ech",
    "ipv6hint",
    "dohpath",
    "ohttp",
];

const TYPES: &[(u16, &str)] = &[
    (A, "A"),
    (NS, "NS"),
    (3, "MD"),
    (4, "MF"),
    (CNAME, "CNAME"),
    (SOA, "SOA"),
    (7, "MB"),
    (8, "MG"),
    (9, "MR"),
    (10, "NULL"),
    (11, "WKS"),
    (PTR, "PTR"),
    (HINFO, "HINFO"),
    (MINFO, "MINFO"),
    (MX, "MX"),
    (TXT, "TXT"),
    (RP, "RP"),
    (AFSDB, "AFSDB"),
    (19, "X25"),
    (20, "ISDN"),
    (RT, "RT"),
    (22, "NSAP"),
    (23, "NSAP-PTR"),
    (24, "SIG"),
    (25, "KEY"),
    (26, "PX"),
    (27, "GPOS"),
    (AAAA, "AAAA"),
    (29, "LOC"),
    (30, "NXT"),
    (31, "EID"),
    // Registered as NIMLOC, which nobody ever sent: who sends 32 asks for a NetBIOS name (RFC 1002 §4.2.1.3).
    (NB, "NB"),
    (SRV, "SRV"),
    (34, "ATMA"),
    (NAPTR, "NAPTR"),
    (KX, "KX"),
    (37, "CERT"),
    (38, "A6"),
    (DNAME, "DNAME"),
    (40, "SINK"),
    (OPT, "OPT"),
    (42, "APL"),
    (DS, "DS"),
    (SSHFP, "SSHFP"),
    (45, "IPSECKEY"),
    (RRSIG, "RRSIG"),
    (NSEC, "NSEC"),
    (DNSKEY, "DNSKEY"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (TLSA, "TLSA"),
    (SMIMEA, "SMIMEA"),
    (55, "HIP"),
    (56, "NINFO"),
    (57, "RKEY"),
    (58, "TALINK"),
    (CDS, "CDS"),
    (CDNSKEY, "CDNSKEY"),
    (61, "OPENPGPKEY"),
    (62, "CSYNC"),
    (63, "ZONEMD"),
    (SVCB, "SVCB"),
    (HTTPS, "HTTPS"),
    (66, "DSYNC"),
    (SPF, "SPF"),
    (100, "UINFO"),
    (101, "UID"),
    (102, "GID"),
    (103, "UNSPEC"),
    (104, "NID"),
    (105, "L32"),
    (106, "L64"),
    (107, "LP"),
    (108, "EUI48"),
    (109, "EUI64"),
    (128, "NXNAME"),
    (249, "TKEY"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (253, "MAILB"),
    (254, "MAILA"),
    (255, "ANY"),
    (URI, "URI"),
    (CAA, "CAA"),
    (258, "AVC"),
    (259, "DOA"),
    (260, "AMTRELAY"),
    (261, "RESINFO"),
    (262, "WALLET"),
    (32768, "TA"),
    (32769, "DLV"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_numbers() {
        assert!(TYPES.is_sorted_by(|(one, _), (next, _)| one < next));
        assert_eq!(
            (type_name(HTTPS), type_name(65280)),
            ("HTTPS".into(), "TYPE65280".into())
        );
        assert_eq!(
            (rcode_name(3), rcode_name(16), rcode_name(13)),
            ("NXDOMAIN".into(), "BADVERS".into(), "RCODE13".into())
        );
        assert_eq!((opcode_name(0), opcode_name(3)), ("QUERY".into(), "OPCODE3".into()));
    }
}
