//! Networks, and the parsing of addresses. What is asked of one address is in `addresses`.
//!
//! Specification: the Kubernetes CEL library for IP and CIDR, and cel-go's network extension. Texts are parsed as
//! RFC 4291 §2.2 and RFC 4632 §3.1 write them; numbers of IPv4 addresses and prefix lengths have no leading zeros, zones
//! are refused, and so are IPv6 addresses that spell an IPv4 address in dots to mean it (`::ffff:10.0.0.1`), except where an
//! address is looked for in a network: traffic has such, and they are stored as RFC 5952 writes them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use datafusion::arrow::array::ArrayRef;

use super::kernel::Arguments;
use super::{Function, Overload};
use crate::fault::Fault;
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
        let is_number = prefix.bytes().all(|digit| digit.is_ascii_digit());
        let is_short = prefix.len() == 1 || !prefix.starts_with('0');
        let prefix = prefix.parse().ok().filter(|_| is_number && is_short)?;
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

    fn contains_all(&self, inner: &Cidr) -> bool {
        self.prefix <= inner.prefix && self.contains(inner.address)
    }

    /// The network whose address has zeros in the bits that do not count.
    fn masked(&self) -> Self {
        let host = u32::from(bits(self.address) - self.prefix);
        let address = match self.address {
            IpAddr::V4(address) => {
                Ipv4Addr::from_bits(address.to_bits() & u32::MAX.checked_shl(host).unwrap_or(0)).into()
            }
            IpAddr::V6(address) => {
                Ipv6Addr::from_bits(address.to_bits() & u128::MAX.checked_shl(host).unwrap_or(0)).into()
            }
        };
        Self { address, ..*self }
    }

    /// Texts between which those of the network's addresses are, the second no more: statistics of a column of texts prune
    /// by them. `None` where the network is too wide for its addresses to begin alike.
    pub(crate) fn text_bounds(&self) -> Option<(String, String)> {
        let network = self.masked().address;
        let (beginning, mark, next) = match network {
            IpAddr::V4(network) => {
                let octets = network.octets();
                let whole = octets.iter().take(usize::from(self.prefix / 8)).map(u8::to_string);
                (whole.collect::<Vec<_>>(), ".", "/")
            }
            IpAddr::V6(network) => {
                let groups = network.segments();
                let whole = groups.iter().take(usize::from(self.prefix / 16));
                // From the first zero on a text may be shortened.
                let plain = whole.take_while(|group| **group != 0).map(|group| format!("{group:x}"));
                (plain.collect::<Vec<_>>(), ":", ";")
            }
        };
        if beginning.is_empty() {
            return self.first_group_bounds();
        }
        let is_whole = beginning.len() == if network.is_ipv4() { 4 } else { 8 };
        let beginning = beginning.join(mark);
        // The whole address has nothing after it.
        match is_whole {
            true => Some((beginning.clone(), format!("{beginning}!"))),
            false => Some((format!("{beginning}{mark}"), format!("{beginning}{next}"))),
        }
    }

    /// Of an IPv6 network that is wider than one group, the bounds by that group: four digits are ordered as numbers are.
    fn first_group_bounds(&self) -> Option<(String, String)> {
        let IpAddr::V6(network) = self.masked().address else {
            return None;
        };
        let first = network.segments()[0];
        let last = first | u16::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
        (first >= 0x1000 && self.prefix > 0).then(|| (format!("{first:x}"), format!("{last:x};")))
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
        let address = address(bytes)?;
        (*prefix <= bits(address)).then_some(Self {
            address,
            prefix: *prefix,
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", address_text(self.address), self.prefix)
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Parses an address; one with a zone is none.
pub(crate) fn parse_ip(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok()?;
    match address {
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() && text.contains('.') => None,
        address => Some(address),
    }
}

/// Parses an address to look for it in a network, among IPv6 addresses also one that spells an IPv4 address in dots.
fn parse_stored(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// Writes an address as RFC 5952 does, but never in the dots that [`parse_ip`] refuses.
pub(crate) fn address_text(address: IpAddr) -> String {
    match address {
        IpAddr::V6(mapped) if mapped.to_ipv4_mapped().is_some() => {
            let [.., high, low] = mapped.segments();
            format!("::ffff:{high:x}:{low:x}")
        }
        address => address.to_string(),
    }
}

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "cidr",
        doc: "The network that a string spells.",
        examples: &[
            ("cidr('10.0.0.0/8').prefixLength()", "8"),
            ("cidr('10.0.0.1/8')", "cidr(\"10.0.0.1/8\")"),
            ("cidr('::ffff:10.0.0.1/100')", "error"),
        ],
        overloads: &[Overload::new("cidr(string) -> cidr", |args| {
            let text = args.string(0);
            args.binaries(|row| Cidr::parse(text.at(row)?).map(Cidr::to_bytes))
        })
        .refuse(|arguments| {
            refuse(
                arguments,
                |text| Cidr::parse(text).is_some(),
                "a network such as 10.0.0.0/8",
            )
        })
        .fails(Fault::BadConversion)],
    },
    Function {
        name: "isCIDR",
        doc: "True if a string spells a network.",
        examples: &[
            ("isCIDR('10.0.0.0/8')", "true"),
            ("isCIDR('10.0.0.0/33')", "false"),
            ("isCIDR('10.0.0.0/08')", "false"),
        ],
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
        name: "masked",
        doc: "The network with zeros in the bits of its address that do not count.",
        examples: &[
            ("cidr('192.168.0.1/24').masked()", "cidr(\"192.168.0.0/24\")"),
            ("cidr('2001:db8::1/32').masked()", "cidr(\"2001:db8::/32\")"),
            ("cidr('10.0.0.1/0').masked()", "cidr(\"0.0.0.0/0\")"),
        ],
        overloads: &[Overload::new("cidr.masked() -> cidr", |args| {
            let bytes = args.bytes(0);
            args.binaries(|row| Some(Cidr::from_bytes(bytes.at(row)?)?.masked().to_bytes()))
        })],
    },
    Function {
        name: "containsIP",
        doc: "True if a network holds an address; `x in cidr(…)` is short for it. Text that is no address is an error.",
        examples: &[
            ("cidr('10.0.0.0/8').containsIP('10.1.2.3')", "true"),
            ("'11.0.0.1' in cidr('10.0.0.0/8')", "false"),
            ("cidr('::/0').containsIP(ip('::1'))", "true"),
            ("cidr('::/0').containsIP('::ffff:10.0.0.1')", "true"),
            ("'::ffff:10.0.0.1' in cidr('10.0.0.0/8')", "false"),
            ("'' in cidr('0.0.0.0/0')", "error"),
        ],
        overloads: &[
            Overload::new("cidr.containsIP(string) -> bool", |args| {
                let text = args.string(1);
                holds(args, |row| text.at(row).map(parse_stored))
            })
            .fails(Fault::BadConversion),
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
            ("cidr('10.0.0.0/8').containsCIDR('10.0.0.0/8')", "true"),
            ("cidr('10.0.0.0/8').containsCIDR('10')", "error"),
        ],
        overloads: &[
            Overload::new("cidr.containsCIDR(cidr) -> bool", |args| {
                let (outer, inner) = (args.bytes(0), args.bytes(1));
                args.bools(|row| {
                    let outer = Cidr::from_bytes(outer.at(row)?)?;
                    Some(outer.contains_all(&Cidr::from_bytes(inner.at(row)?)?))
                })
            }),
            Overload::new("cidr.containsCIDR(string) -> bool", |args| {
                let (outer, inner) = (args.bytes(0), args.string(1));
                args.bools(|row| {
                    let outer = Cidr::from_bytes(outer.at(row)?)?;
                    Some(outer.contains_all(&Cidr::parse(inner.at(row)?)?))
                })
            })
            .fails(Fault::BadConversion),
        ],
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

pub(super) fn refuse(arguments: &[Option<&Value>], is_valid: fn(&str) -> bool, expected: &str) -> Option<String> {
    match arguments {
        [Some(Value::String(text))] if !is_valid(text) => Some(format!("expected {expected}, found `{text}`")),
        _ => None,
    }
}

/// The address of a network.
pub(super) fn network_address(bytes: &[u8]) -> Option<IpAddr> {
    Cidr::from_bytes(bytes).map(|network| network.address)
}

/// True if a network holds an address, or the address that a text spells; `None` if it spells none.
pub(crate) fn contains(network: &Value, item: &Value) -> Option<bool> {
    let Value::Cidr(network) = network else { return None };
    match item {
        Value::Ip(address) => Some(network.contains(*address)),
        Value::String(text) => parse_stored(text).map(|address| network.contains(address)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_spelt_one_way() {
        for (text, expect) in [
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("2001:DB8::0/32", Some("2001:db8::/32")),
            ("::/0", Some("::/0")),
            ("::ffff:c0a8:1/128", Some("::ffff:c0a8:1/128")),
            ("::ffff:192.168.0.1/24", None),
            ("10.0.0.0", None),
            ("10.0.0.0/", None),
            ("10.0.0.0/+8", None),
            ("10.0.0.0/33", None),
            ("10.0.0.0/256", None),
            ("10.0.0/8", None),
            ("fe80::%en0/64", None),
            ("::/129", None),
            (" ::/1", None),
        ] {
            let found = Cidr::parse(text).map(|network| network.to_string());
            assert_eq!(found.as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn texts_of_addresses_are_between_bounds() {
        let mut rng = fastrand::Rng::with_seed(5);
        for _ in 0..20_000 {
            let address: IpAddr = if rng.bool() {
                Ipv4Addr::from_bits(rng.u32(..)).into()
            } else {
                // Groups of zeros are shortened, and few digits are ordered in another way.
                let group = |rng: &mut fastrand::Rng| [0, rng.u16(..), rng.u16(..16)][rng.usize(..3)];
                let groups: [u16; 8] = std::array::from_fn(|_| group(&mut rng));
                std::net::Ipv6Addr::from(groups).into()
            };
            let prefix = rng.u8(0..=bits(address));
            let network = Cidr { address, prefix };
            let Some((from, to)) = network.text_bounds() else {
                continue;
            };
            let noise = rng.u128(..) & u128::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
            let inside: IpAddr = match network.masked().address {
                IpAddr::V4(base) => Ipv4Addr::from_bits(base.to_bits() | (noise >> 96) as u32).into(),
                IpAddr::V6(base) => std::net::Ipv6Addr::from_bits(base.to_bits() | noise).into(),
            };
            assert!(network.contains(inside), "{network} {inside}");
            for text in [inside.to_string(), address_text(inside)] {
                assert!(from <= text && text < to, "{network} {inside} {from} {to}");
            }
        }
        let bounds = |text| Cidr::parse(text).and_then(|network| network.text_bounds());
        let pair = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        assert_eq!(bounds("10.0.0.0/8"), pair("10.", "10/"));
        assert_eq!(bounds("172.16.0.0/12"), pair("172.", "172/"));
        assert_eq!(bounds("2001:db8::/32"), pair("2001:db8:", "2001:db8;"));
        assert_eq!(bounds("fe80::/10"), pair("fe80", "febf;"));
        assert_eq!(bounds("0.0.0.0/0"), None);
        assert_eq!(bounds("::/8"), None);
    }

    #[test]
    fn networks_hold_networks() {
        for (outer, inner, expect) in [
            ("10.0.0.0/8", "10.0.0.0/8", true),
            ("192.168.0.0/24", "192.168.0.0/23", false),
            ("0.0.0.0/0", "255.255.255.255/32", true),
            ("0.0.0.0/0", "::/0", false),
            ("2001:db8::/32", "2001:db8::/33", true),
            ("2001:db8::/32", "2001:db9::/33", false),
        ] {
            let (outer, inner) = (Cidr::parse(outer).unwrap(), Cidr::parse(inner).unwrap());
            assert_eq!(outer.contains_all(&inner), expect, "{outer} {inner}");
        }
    }
}
