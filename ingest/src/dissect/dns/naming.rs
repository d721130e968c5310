//! The names that a response gives to addresses.
//!
//! Specification: RFC 1034 §3.6.2 (CNAME), RFC 1035 §3.5 (in-addr.arpa), RFC 2317 (its delegation by CNAME), RFC 3596 §2.5
//! (ip6.arpa), RFC 6762 §10 (mDNS: the cache-flush bit, goodbyes).
//!
//! A record is about the name that was asked for, if its owner is that name or is reached from it through the message's CNAME
//! records; else it is about its owner. A and AAAA records give their address that name; a PTR record about a name in
//! in-addr.arpa or ip6.arpa gives the address in it the record's name.
//!
//! Limits: `ALIASES` per message, so that time stays linear. Absent on purpose: addresses that are hints of SVCB and HTTPS
//! records; glue, the additional records of a message that answers a question.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::message::{HEADER_BYTES, Question, Record};
use super::{name, registry};
use crate::names::Lookup;

/// CNAME records of a message that are followed. Resolvers themselves follow fewer.
const ALIASES: usize = 16;

/// In the class of an mDNS record: it replaces what was known before (RFC 6762 §10.2).
const CACHE_FLUSH: u16 = 0x8000;
const INTERNET: u16 = 1;

/// A name that a message gives to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub address: IpAddr,
    pub name: Arc<str>,
    pub lookup: Lookup,
}

/// The names that these records of a response give. A response without a question announces (mDNS).
pub(super) fn given(message: &[u8], questions: &[Question], records: &[Record]) -> Vec<Given> {
    let mut asked = Asked::new(message, questions.first());
    let in_force = |record: &&Record| {
        let withdrawn = questions.is_empty() && record.ttl_s == 0;
        record.class & !CACHE_FLUSH == INTERNET && !withdrawn
    };
    for record in records.iter().filter(in_force) {
        if record.kind == registry::CNAME {
            asked.follow(record);
        }
    }
    let mut given = Vec::new();
    for record in records.iter().filter(in_force) {
        given.extend(match record.kind {
            registry::A => named(&mut asked, record, |data: [u8; 4]| Ipv4Addr::from(data).into()),
            registry::AAAA => named(&mut asked, record, |data: [u8; 16]| Ipv6Addr::from(data).into()),
            registry::PTR => pointed_to(&mut asked, record),
            _ => None,
        });
    }
    given
}

fn named<const N: usize>(asked: &mut Asked<'_>, record: &Record, address: fn([u8; N]) -> IpAddr) -> Option<Given> {
    let data = asked.message.get(record.data.clone())?;
    Some(Given {
        address: address(data.try_into().ok()?),
        name: asked.subject(record)?,
        lookup: Lookup::Forward,
    })
}

fn pointed_to(asked: &mut Asked<'_>, record: &Record) -> Option<Given> {
    let (name, _) = name::read(asked.message, record.data.start)?;
    Some(Given {
        address: address_in(&asked.subject(record)?)?,
        name: name.into(),
        lookup: Lookup::Reverse,
    })
}

/// What was asked for, and the other names for it.
struct Asked<'a> {
    message: &'a [u8],
    question: Option<&'a Question>,
    /// The question's name, made once a record is about it.
    name: Option<Arc<str>>,
    /// Where the question's name and those it leads to stand in the message.
    places: Vec<usize>,
    /// The texts of as many of them as were needed.
    texts: Vec<String>,
}

impl<'a> Asked<'a> {
    fn new(message: &'a [u8], question: Option<&'a Question>) -> Self {
        let place = question.and_then(|_| name::place(message, HEADER_BYTES));
        Self {
            message,
            question,
            name: None,
            places: place.into_iter().collect(),
            texts: Vec::new(),
        }
    }

    /// Learns that a CNAME record's owner is an alias of its data, if somebody asked for the owner.
    fn follow(&mut self, record: &Record) {
        if self.places.len() <= ALIASES
            && let Some(place) = name::place(self.message, record.data.start)
            && let Some(Owner::Asked) = self.owner(record)
        {
            self.places.push(place);
        }
    }

    /// The name that a record is about; nothing if it is damaged.
    fn subject(&mut self, record: &Record) -> Option<Arc<str>> {
        match self.owner(record)? {
            Owner::Asked => {
                let asked = &self.question?.name;
                Some(self.name.get_or_insert_with(|| asked.as_str().into()).clone())
            }
            Owner::Other(name) => Some(name.into()),
        }
    }

    fn owner(&mut self, record: &Record) -> Option<Owner> {
        // Owners are nearly always pointers: to the question, or into the record before.
        let place = name::place(self.message, record.owner)?;
        if self.places.contains(&place) {
            return Some(Owner::Asked);
        }
        let (owner, _) = name::read(self.message, record.owner)?;
        let unread = self.places.iter().skip(self.texts.len());
        // A damaged name stands as an empty text, which no owner is.
        let read = unread.map(|place| name::read(self.message, *place).map_or_else(String::new, |(text, _)| text));
        self.texts.extend(read);
        let is_alias = self.texts.iter().any(|text| text.eq_ignore_ascii_case(&owner));
        Some(if is_alias { Owner::Asked } else { Owner::Other(owner) })
    }
}

/// Whose a record is.
enum Owner {
    /// That of the name that was asked for, or of one that this leads to.
    Asked,
    Other(String),
}

/// The address that a name in in-addr.arpa or ip6.arpa stands for.
fn address_in(name: &str) -> Option<IpAddr> {
    let lower = name.to_ascii_lowercase();
    if let Some(octets) = lower.strip_suffix(".in-addr.arpa") {
        let octets: Vec<&str> = octets.rsplit('.').collect();
        return octets.join(".").parse().ok().map(IpAddr::V4);
    }
    let nibbles = lower.strip_suffix(".ip6.arpa")?;
    let mut bits = 0_u128;
    let mut count = 0_u32;
    for nibble in nibbles.rsplit('.') {
        let (letter, "") = (nibble.chars().next()?, nibble.get(1..)?) else {
            return None;
        };
        bits = bits << 4 | u128::from(letter.to_digit(16)?);
        count = count.saturating_add(1);
    }
    (count == 32).then(|| Ipv6Addr::from_bits(bits).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_names() {
        #[track_caller]
        fn check(name: &str, expect: Option<&str>) {
            assert_eq!(address_in(name).map(|address| address.to_string()).as_deref(), expect);
        }
        check("4.3.2.1.in-addr.arpa", Some("1.2.3.4"));
        check("4.3.2.1.IN-ADDR.ARPA", Some("1.2.3.4"));
        check("3.2.1.in-addr.arpa", None);
        check("4.0/26.2.1.in-addr.arpa", None);
        check("256.3.2.1.in-addr.arpa", None);
        check("1.2.3.4", None);
        let zeros = "0.".repeat(23);
        check(&format!("1.{zeros}8.b.d.0.1.0.0.2.ip6.arpa"), Some("2001:db8::1"));
        check(&format!("1.{zeros}8.B.D.0.1.0.0.2.ip6.arpa"), Some("2001:db8::1"));
        check(&format!("{zeros}8.b.d.0.1.0.0.2.ip6.arpa"), None);
        check(&format!("11.{zeros}8.b.d.0.1.0.0.2.ip6.arpa"), None);
        check(".ip6.arpa", None);
        check("ü.ip6.arpa", None);
    }
}
