//! Names with values: fields, cookies, query parameters.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Message;

/// Names with values, in the order in which the names came; values of a repeated name are joined with ", ".
#[derive(Debug, Default)]
pub(crate) struct Pairs<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Where each name is, once there are many.
    places: HashMap<Cow<'a, str>, usize, ahash::RandomState>,
}

/// Names that are found faster by looking at all of them.
const FEW: usize = 24;

impl<'a> Pairs<'a> {
    /// The fields of a message.
    pub fn of_fields(message: Option<&Message<'a>>) -> Self {
        let mut pairs = Self::default();
        for (name, value) in message.into_iter().flat_map(|message| &message.fields) {
            // A list of cookies may be split over several fields (RFC 9113 §8.2.3).
            let separator = if *name == COOKIE { "; " } else { ", " };
            pairs.add((*name).into(), (*value).into(), separator);
        }
        pairs
    }

    /// The cookies that a client sent.
    pub fn of_cookies(message: Option<&Message<'a>>) -> Self {
        Self::cookies(message, COOKIE, usize::MAX)
    }

    /// The cookies that a server set, without their attributes.
    pub fn of_set_cookies(message: Option<&Message<'a>>) -> Self {
        Self::cookies(message, "set-cookie", 1)
    }

    fn cookies(message: Option<&Message<'a>>, field: &str, most_per_field: usize) -> Self {
        let mut pairs = Self::default();
        for value in message.into_iter().flat_map(|message| message.values(field)) {
            for cookie in value.split(';').take(most_per_field) {
                let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
                if !name.trim().is_empty() {
                    pairs.add(name.trim().into(), value.trim().into(), ", ");
                }
            }
        }
        pairs
    }

    /// The parameters of a query, percent-decoded.
    pub fn of_query(query: &'a str) -> Self {
        let mut pairs = Self::default();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            pairs.add(form_decode(name), form_decode(value), ", ");
        }
        pairs
    }

    /// The pairs, as a builder takes them.
    pub fn borrowed(&self) -> Vec<(&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .collect()
    }

    fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>, separator: &str) {
        match self.find(&name) {
            Some((_, known)) => {
                let known = known.to_mut();
                known.push_str(separator);
                known.push_str(&value);
            }
            None => {
                if !self.places.is_empty() {
                    self.places.insert(name.clone(), self.pairs.len());
                }
                self.pairs.push((name, value));
            }
        }
    }

    /// The pair of a name.
    fn find(&mut self, name: &str) -> Option<&mut (Cow<'a, str>, Cow<'a, str>)> {
        if self.pairs.len() <= FEW {
            return self.pairs.iter_mut().find(|(known, _)| known == name);
        }
        if self.places.is_empty() {
            let places = self.pairs.iter().enumerate();
            self.places = places.map(|(place, (name, _))| (name.clone(), place)).collect();
        }
        self.pairs.get_mut(*self.places.get(name)?)
    }
}

const COOKIE: &str = "cookie";

/// Removes the escapes of a form: those of [`percent_decode`], and `+` for a blank.
fn form_decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        percent_decode(&text.replace('+', " ")).into_owned().into()
    } else {
        percent_decode(text)
    }
}

/// Removes escapes: `%41` is A; a broken one stays as it is.
pub(super) fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let digit = |place: usize| after.get(place).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(0).zip(digit(1))) {
            (b'%', Some((high, low))) => {
                decoded.push(u8::try_from(high << 4 | low).unwrap_or(b'%'));
                rest = after.get(2..).unwrap_or_default();
            }
            _ => decoded.push(*byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_repeated_names_joined() {
        let pairs = Pairs::of_query("a=1&b=%C3%BC+x&a=2&c&%zz=%4&=");
        assert_eq!(
            pairs.borrowed(),
            [("a", "1, 2"), ("b", "ü x"), ("c", ""), ("%zz", "%4"), ("", "")]
        );
    }

    #[test]
    fn of_many_names_each_is_found() {
        let names: Vec<String> = (0..3 * FEW).map(|name| name.to_string()).collect();
        let query = [names.as_slice(), &names].concat().join("&");
        let expect: Vec<_> = names.iter().map(|name| (name.as_str(), ", ")).collect();
        assert_eq!(Pairs::of_query(&query).borrowed(), expect);
    }
}
