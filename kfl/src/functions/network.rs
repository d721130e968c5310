//! Addresses and networks.
//!
//! Specification: the Kubernetes CEL library for IP and CIDR. Texts are parsed as RFC 4291 §2.2 and RFC 4632 §3.1 write
//! them; an IPv4 address has four decimal numbers without leading zeros. IPv4-mapped IPv6 addresses are refused, as
//! there. Absent on purpose until the rest of the language: `isLoopback` and its like, `masked`.

use std::fmt;
use std::net::IpAddr;

use datafusion::arrow::array::ArrayRef;

use super::kernel::Arguments;
use super::{Function, Overload};
use crate::value::{Value, address, octets};

/// A network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address = parse_ip(address)?;
        let digits = !prefix.is_empty() && prefix.len() <= 3 && prefix.bytes().all(|digit| digit.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|_| digits)?;
        (prefix <= bits(address)).then_some(Self { address, prefix })
    }

    fn contains(&self, other: IpAddr) -> bool {
        let (network, other) = match (self.address, other) {
            (IpAddr::V4(network), IpAddr::V4(other)) => {
                (u128::from(network.to_bits()) << 96, u128::from(other.to_bits()) << 96)
            }
            (IpAddr::V6(network), IpAddr::V6(other)) => (network.to_bits(), other.to_bits()),
            _ => return false,
        };
        let shift = 128 - u32::from(self.prefix);
        // Shifting all bits away is no shift of the machine's: everything is in such a network.
        network.checked_shr(shift) == other.checked_shr(shift)
    }

    /// The network as a column holds it: the address, then the prefix length.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = octets(self.address);
        bytes.push(self.prefix);
        bytes
    }

    /// Reads what [`Cidr::to_bytes`] wrote.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (prefix, bytes) = bytes.split_last()?;
        Some(Self {
            address: address(bytes)?,
            prefix: *prefix,
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Parses an address; one with a zone is none.
pub(crate) fn parse_ip(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok()?;
    match address {
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => None,
        address => Some(address),
    }
}

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "ip",
        doc: "The address that a string spells.",
        examples: &[("ip('::1') == ip('0:0::1')", "true"), ("ip(string(1))", "error")],
        overloads: &[Overload::new("ip(string) -> ip", |args| {
            let text = args.string(0);
            args.binaries(|row| parse_ip(text.at(row)?).map(octets))
        })
        .refuse(|arguments| {
            refuse(
                arguments,
                |text| parse_ip(text).is_some(),
                "an address such as 10.0.0.1 or 2001:db8::1",
            )
        })],
    },
    Function {
        name: "isIP",
        doc: "True if a string spells an address.",
        examples: &[("isIP('10.0.0.1')", "true"), ("isIP('10.0.0.01')", "false")],
        overloads: &[Overload::new("isIP(string) -> bool", |args| {
            let text = args.string(0);
            args.bools(|row| Some(parse_ip(text.at(row)?).is_some()))
        })],
    },
    Function {
        name: "family",
        doc: "4 or 6: the version of an address.",
        examples: &[("ip('::1').family()", "6")],
        overloads: &[Overload::new("ip.family() -> int", |args| {
            let bytes = args.bytes(0);
            args.ints(|row| Some(if address(bytes.at(row)?)?.is_ipv4() { 4 } else { 6 }))
        })],
    },
    Function {
        name: "cidr",
        doc: "The network that a string spells.",
        examples: &[("cidr('10.0.0.0/8').prefixLength()", "8")],
        overloads: &[Overload::new("cidr(string) -> cidr", |args| {
            let text = args.string(0);
            args.binaries(|row| Cidr::parse(text.at(row)?).map(|network| network.to_bytes()))
        })
        .refuse(|arguments| {
            refuse(
                arguments,
                |text| Cidr::parse(text).is_some(),
                "a network such as 10.0.0.0/8",
            )
        })],
    },
    Function {
        name: "isCIDR",
        doc: "True if a string spells a network.",
        examples: &[("isCIDR('10.0.0.0/8')", "true"), ("isCIDR('10.0.0.0/33')", "false")],
        overloads: &[Overload::new("isCIDR(string) -> bool", |args| {
            let text = args.string(0);
            args.bools(|row| Some(Cidr::parse(text.at(row)?).is_some()))
        })],
    },
    Function {
        name: "prefixLength",
        doc: "How many leading bits of a network's address count.",
        examples: &[("cidr('::/0').prefixLength()", "0")],
        overloads: &[Overload::new("cidr.prefixLength() -> int", |args| {
            let bytes = args.bytes(0);
            args.ints(|row| Some(i64::from(Cidr::from_bytes(bytes.at(row)?)?.prefix)))
        })],
    },
    Function {
        name: "containsIP",
        doc: "True if a network holds an address; `x in cidr(…)` is short for it. Text that is no address is an error.",
        examples: &[
            ("cidr('10.0.0.0/8').containsIP('10.1.2.3')", "true"),
            ("'11.0.0.1' in cidr('10.0.0.0/8')", "false"),
            ("cidr('::/0').containsIP(ip('::1'))", "true"),
            ("'' in cidr('0.0.0.0/0')", "error"),
        ],
        overloads: &[
            Overload::new("cidr.containsIP(string) -> bool", |args| {
                let text = args.string(1);
                holds(args, |row| text.at(row).map(parse_ip))
            }),
            Overload::new("cidr.containsIP(ip) -> bool", |args| {
                let bytes = args.bytes(1);
                holds(args, |row| bytes.at(row).map(address))
            }),
        ],
    },
    Function {
        name: "containsCIDR",
        doc: "True if a network holds all of another.",
        examples: &[
            ("cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))", "true"),
            ("cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))", "false"),
        ],
        overloads: &[Overload::new("cidr.containsCIDR(cidr) -> bool", |args| {
            let (outer, inner) = (args.bytes(0), args.bytes(1));
            args.bools(|row| {
                let (outer, inner) = (Cidr::from_bytes(outer.at(row)?)?, Cidr::from_bytes(inner.at(row)?)?);
                Some(outer.prefix <= inner.prefix && outer.contains(inner.address))
            })
        })],
    },
];

fn holds(args: &Arguments, address: impl Fn(usize) -> Option<Option<IpAddr>>) -> ArrayRef {
    let network = args.bytes(0);
    let constant = network.constant().and_then(Cidr::from_bytes);
    args.bools(|row| {
        let network = constant.or_else(|| Cidr::from_bytes(network.at(row)?))?;
        Some(network.contains(address(row)??))
    })
}

fn refuse(arguments: &[Option<&Value>], is_valid: fn(&str) -> bool, expected: &str) -> Option<String> {
    match arguments {
        [Some(Value::String(text))] if !is_valid(text) => Some(format!("expected {expected}, found `{text}`")),
        _ => None,
    }
}
/// True if a network holds an address, or the address that a text spells; `None` if it spells none.
pub(crate) fn contains(network: &Value, item: &Value) -> Option<bool> {
    let Value::Cidr(network) = network else { return None };
    match item {
        Value::Ip(address) => Some(network.contains(*address)),
        Value::String(text) => parse_ip(text).map(|address| network.contains(address)),
        _ => None,
    }
}
