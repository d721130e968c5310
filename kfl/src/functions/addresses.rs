//! Functions of one address.
//!
//! Specification: the Kubernetes CEL library for IP, and Go's `net/netip`, whose classes of addresses it takes: private
//! and unique local addresses are global unicast, the limited broadcast address is not. An IPv6 address that maps an
//! IPv4 address (`::ffff:7f00:1`) has family 6 and the class of the address it maps.

use std::net::IpAddr;

use super::network::{address_text, network_address, parse_ip, refuse};
use super::{Function, Overload};
use crate::fault::Fault;
use crate::value::{address, octets};

macro_rules! class {
    ($name:literal, $doc:literal, $test:expr, $examples:expr) => {
        Function {
            name: $name,
            doc: $doc,
            examples: $examples,
            overloads: &[Overload::new(concat!("ip.", $name, "() -> bool"), |args| {
                let (bytes, test): (_, fn(IpAddr) -> bool) = (args.bytes(0), $test);
                args.bools(|row| Some(test(address(bytes.at(row)?)?.to_canonical())))
            })],
        }
    };
}

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "ip",
        doc: "The address that a string spells, or that a network has.",
        examples: &[
            ("ip('::1') == ip('0:0::1')", "true"),
            ("ip(string(1))", "error"),
            ("cidr('10.0.0.1/8').ip()", "ip(\"10.0.0.1\")"),
        ],
        overloads: &[
            Overload::new("ip(string) -> ip", |args| {
                let text = args.string(0);
                args.binaries(|row| parse_ip(text.at(row)?).map(octets))
            })
            .refuse(|arguments| {
                refuse(
                    arguments,
                    |text| parse_ip(text).is_some(),
                    "an address such as 10.0.0.1 or 2001:db8::1",
                )
            })
            .fails(Fault::BadConversion),
            Overload::new("cidr.ip() -> ip", |args| {
                let bytes = args.bytes(0);
                args.binaries(|row| network_address(bytes.at(row)?).map(octets))
            }),
        ],
    },
    Function {
        name: "isIP",
        doc: "True if a string spells an address.",
        examples: &[
            ("isIP('10.0.0.1')", "true"),
            ("isIP('10.0.0.01')", "false"),
            ("isIP('::ffff:10.0.0.1')", "false"),
        ],
        overloads: &[Overload::new("isIP(string) -> bool", |args| {
            let text = args.string(0);
            args.bools(|row| Some(parse_ip(text.at(row)?).is_some()))
        })],
    },
    Function {
        name: "ip.isCanonical",
        doc: "True if a string spells an address as RFC 5952 recommends; an error if it spells none.",
        examples: &[
            ("ip.isCanonical('2001:db8::68')", "true"),
            ("ip.isCanonical('2001:DB8::68')", "false"),
            ("ip.isCanonical('2001:db8:0:0:0:0:0:68')", "false"),
            ("ip.isCanonical('127.0.0.1.0')", "error"),
        ],
        overloads: &[Overload::new("ip.isCanonical(string) -> bool", |args| {
            let text = args.string(0);
            args.bools(|row| {
                let text = text.at(row)?;
                Some(address_text(parse_ip(text)?) == text)
            })
        })
        .fails(Fault::BadConversion)],
    },
    Function {
        name: "family",
        doc: "4 or 6: the version of an address.",
        examples: &[("ip('::1').family()", "6"), ("ip('127.0.0.1').family()", "4")],
        overloads: &[Overload::new("ip.family() -> int", |args| {
            let bytes = args.bytes(0);
            args.ints(|row| Some(if address(bytes.at(row)?)?.is_ipv4() { 4 } else { 6 }))
        })],
    },
    class!(
        "isUnspecified",
        "True of 0.0.0.0 and ::.",
        |address| address.is_unspecified(),
        &[
            ("ip('0.0.0.0').isUnspecified()", "true"),
            ("ip('::1').isUnspecified()", "false"),
        ]
    ),
    class!(
        "isLoopback",
        "True of the addresses in 127.0.0.0/8, and of ::1.",
        |address| address.is_loopback(),
        &[
            ("ip('127.1.2.3').isLoopback()", "true"),
            ("ip('10.0.0.1').isLoopback()", "false"),
        ]
    ),
    class!(
        "isMulticast",
        "True of the addresses in 224.0.0.0/4 and ff00::/8.",
        |address| address.is_multicast(),
        &[
            ("ip('ff02::1').isMulticast()", "true"),
            ("ip('10.0.0.1').isMulticast()", "false"),
        ]
    ),
    class!(
        "isLinkLocalMulticast",
        "True of the addresses in 224.0.0.0/24, and of multicast addresses of the link's scope.",
        is_link_local_multicast,
        &[
            ("ip('224.0.0.1').isLinkLocalMulticast()", "true"),
            ("ip('224.0.1.1').isLinkLocalMulticast()", "false"),
            ("ip('ff02::1').isLinkLocalMulticast()", "true"),
        ]
    ),
    class!(
        "isLinkLocalUnicast",
        "True of the addresses in 169.254.0.0/16 and fe80::/10.",
        is_link_local_unicast,
        &[
            ("ip('169.254.169.254').isLinkLocalUnicast()", "true"),
            ("ip('fd80::1').isLinkLocalUnicast()", "false"),
        ]
    ),
    class!(
        "isGlobalUnicast",
        "True of addresses of one machine, private ones included, that are not loopback, link-local or unspecified.",
        is_global_unicast,
        &[
            ("ip('192.168.0.1').isGlobalUnicast()", "true"),
            ("ip('255.255.255.255').isGlobalUnicast()", "false"),
            ("ip('2001:db8::abcd').isGlobalUnicast()", "true"),
        ]
    ),
];

fn is_link_local_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn is_link_local_multicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[..3] == [224, 0, 0],
        // The flags in the third digit do not change the scope in the fourth.
        IpAddr::V6(address) => address.segments()[0] & 0xff0f == 0xff02,
    }
}

fn is_global_unicast(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(is_broadcast
        || address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || is_link_local_unicast(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_netip() {
        // Global unicast, loopback, link-local unicast, link-local multicast, multicast, unspecified.
        for (text, expect) in [
            ("10.0.0.1", "G-----"),
            ("8.8.8.8", "G-----"),
            ("127.255.0.1", "-L----"),
            ("169.254.0.1", "--U---"),
            ("224.0.0.251", "---MX-"),
            ("239.1.1.1", "----X-"),
            ("255.255.255.255", "------"),
            ("240.0.0.1", "G-----"),
            ("0.0.0.0", "-----0"),
            ("::", "-----0"),
            ("::1", "-L----"),
            ("fd00::1", "G-----"),
            ("fe80::1", "--U---"),
            ("febf::1", "--U---"),
            ("fec0::1", "G-----"),
            ("ff02::fb", "---MX-"),
            ("ff32::1", "---MX-"),
            ("ff05::2", "----X-"),
        ] {
            let address: IpAddr = text.parse().unwrap();
            let mark = |is_so: bool, letter: char| if is_so { letter } else { '-' };
            let found: String = [
                mark(is_global_unicast(address), 'G'),
                mark(address.is_loopback(), 'L'),
                mark(is_link_local_unicast(address), 'U'),
                mark(is_link_local_multicast(address), 'M'),
                mark(address.is_multicast(), 'X'),
                mark(address.is_unspecified(), '0'),
            ]
            .into_iter()
            .collect();
            assert_eq!(found, expect, "{text}");
        }
    }

    #[test]
    fn texts_of_addresses_are_read_again() {
        for (text, expect) in [
            ("::ffff:c0a8:1", Some("::ffff:c0a8:1")),
            ("::FFFF:0:1", Some("::ffff:0:1")),
            ("::1.2.3.4", Some("::102:304")),
            ("1:0:0:2:0:0:0:3", Some("1:0:0:2::3")),
            ("::ffff:1.2.3.4", None),
            ("fe80::1%en0", None),
            ("2001:db8:::68", None),
            ("1.2.3", None),
            ("01.2.3.4", None),
            ("1.2.3.4 ", None),
            ("[::1]", None),
        ] {
            let found = parse_ip(text).map(address_text);
            assert_eq!(found.as_deref(), expect, "{text}");
            assert_eq!(found.as_deref().and_then(parse_ip).map(address_text), found, "{text}");
        }
    }
}
