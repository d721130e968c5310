//! Names of the numbers in ICMP messages.
//!
//! Specification: IANA, Internet Control Message Protocol (ICMP) Parameters, and ICMPv6 Parameters; in lower case, "echo" of ICMP
//! as ICMPv6 calls it.

use std::borrow::Cow;

use crate::decode::icmp::{Version, v4, v6};

/// The name of a type; "type" and the number where there is none.
pub(super) fn type_name(version: Version, kind: u8) -> Cow<'static, str> {
    let types = match version {
        Version::V4 => TYPES_4,
        Version::V6 => TYPES_6,
    };
    match types.binary_search_by_key(&kind, |(known, _)| *known) {
        Ok(place) => types.get(place).map_or("", |(_, name)| name).into(),
        Err(_) => format!("type {kind}").into(),
    }
}

/// What a code says of a type whose codes mean something.
pub(super) fn code_name(version: Version, kind: u8, code: u8) -> Option<Cow<'static, str>> {
    let codes: &[&str] = match (version, kind) {
        (Version::V4, v4::UNREACHABLE) => UNREACHABLE_4,
        (Version::V4, v4::REDIRECT) => REDIRECTS,
        (Version::V4, v4::TIME_EXCEEDED) => &["time to live exceeded in transit", "fragment reassembly time exceeded"],
        (Version::V4, v4::PARAMETER_PROBLEM) => {
            &["pointer indicates the error", "missing a required option", "bad length"]
        }
        (Version::V6, v6::UNREACHABLE) => UNREACHABLE_6,
        (Version::V6, v6::TIME_EXCEEDED) => &["hop limit exceeded in transit", "fragment reassembly time exceeded"],
        (Version::V6, v6::PARAMETER_PROBLEM) => PROBLEMS_6,
        _ => return None,
    };
    Some(match codes.get(usize::from(code)) {
        Some(name) => (*name).into(),
        None => format!("code {code}").into(),
    })
}

const REDIRECTS: &[&str] = &[
    "for the network",
    "for the host",
    "for the type of service and network",
    "for the type of service and host",
];

const UNREACHABLE_4: &[&str] = &[
    "net unreachable",
    "host unreachable",
    "protocol unreachable",
    "port unreachable",
    "fragmentation needed and don't fragment was set",
    "source route failed",
    "destination network unknown",
    "destination host unknown",
    "source host isolated",
    "communication with destination network is administratively prohibited",
    "communication with destination host is administratively prohibited",
    "destination network unreachable for type of service",
    "destination host unreachable for type of service",
    "communication administratively prohibited",
    "host precedence violation",
    "precedence cutoff in effect",
];

const UNREACHABLE_6: &[&str] = &[
    "no route to destination",
    "communication with destination administratively prohibited",
    "beyond scope of source address",
    "address unreachable",
    "port unreachable",
    "source address failed ingress/egress policy",
    "reject route to destination",
    "error in source routing header",
    "headers too long",
    "error in P-Route",
];

const PROBLEMS_6: &[&str] = &[
    "erroneous header field encountered",
    "unrecognized next header type encountered",
    "unrecognized IPv6 option encountered",
    "IPv6 first fragment has incomplete IPv6 header chain",
    "SR upper-layer header error",
    "unrecognized next header type encountered by intermediate node",
    "extension header too big",
    "extension header chain too long",
    "too many extension headers",
    "too many options in extension header",
    "option too big",
];

const TYPES_4: &[(u8, &str)] = &[
    (0, "echo reply"),
    (3, "destination unreachable"),
    (4, "source quench"),
    (5, "redirect"),
    (6, "alternate host address"),
    (8, "echo request"),
    (9, "router advertisement"),
    (10, "router solicitation"),
    (11, "time exceeded"),
    (12, "parameter problem"),
    (13, "timestamp"),
    (14, "timestamp reply"),
    (15, "information request"),
    (16, "information reply"),
    (17, "address mask request"),
    (18, "address mask reply"),
    (30, "traceroute"),
    (31, "datagram conversion error"),
    (32, "mobile host redirect"),
    (33, "IPv6 where-are-you"),
    (34, "IPv6 I-am-here"),
    (35, "mobile registration request"),
    (36, "mobile registration reply"),
    (37, "domain name request"),
    (38, "domain name reply"),
    (39, "SKIP"),
    (40, "photuris"),
    (41, "experimental mobility"),
    (42, "extended echo request"),
    (43, "extended echo reply"),
];

const TYPES_6: &[(u8, &str)] = &[
    (1, "destination unreachable"),
    (2, "packet too big"),
    (3, "time exceeded"),
    (4, "parameter problem"),
    (128, "echo request"),
    (129, "echo reply"),
    (130, "multicast listener query"),
    (131, "multicast listener report"),
    (132, "multicast listener done"),
    (133, "router solicitation"),
    (134, "router advertisement"),
    (135, "neighbor solicitation"),
    (136, "neighbor advertisement"),
    (137, "redirect message"),
    (138, "router renumbering"),
    (139, "node information query"),
    (140, "node information response"),
    (141, "inverse neighbor discovery solicitation"),
    (142, "inverse neighbor discovery advertisement"),
    (143, "version 2 multicast listener report"),
    (144, "home agent address discovery request"),
    (145, "home agent address discovery reply"),
    (146, "mobile prefix solicitation"),
    (147, "mobile prefix advertisement"),
    (148, "certification path solicitation"),
    (149, "certification path advertisement"),
    (150, "experimental mobility"),
    (151, "multicast router advertisement"),
    (152, "multicast router solicitation"),
    (153, "multicast router termination"),
    (154, "FMIPv6"),
    (155, "RPL control"),
    (156, "ILNPv6 locator update"),
    (157, "duplicate address request"),
    (158, "duplicate address confirmation"),
    (159, "MPL control"),
    (160, "extended echo request"),
    (161, "extended echo reply"),
];
