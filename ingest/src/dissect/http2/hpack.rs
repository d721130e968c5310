//! Header blocks to fields.
//!
//! In: header blocks of one half, in order. Out: their fields. Specification: RFC 7541. What a block refers to may be
//! unknown, since the capture began later than the connection or missed a part of it: such a field is left out, and that
//! is no error. Limits: the dynamic table holds [`table::TABLE_BYTES`] at most; the fields of a block are bounded by the
//! caller, because a short block can repeat a long field thousands of times.

mod huffman;
mod table;

use std::borrow::Cow;

use table::Table;

/// The fields of one or more header blocks, in order.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// Names and values, one behind the other.
    text: String,
    /// Where each name and each value ends in it.
    ends: Vec<(usize, usize)>,
}

/// What kept a block from being read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is damaged; says what was expected.
    Damaged(&'static str),
    /// Its fields were more than the limit; those beyond are left out.
    TooLong,
}

/// The compression state of one half.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    table: Table,
}

impl Fields {
    /// The fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, value_end)| *value_end));
        starts.zip(&self.ends).map(|(start, (name_end, value_end))| {
            let part = |range| self.text.get(range).unwrap_or_default();
            (part(start..*name_end), part(*name_end..*value_end))
        })
    }

    /// The first value of a field, named in lower case.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.iter().find(|field| field.0 == name).map(|field| field.1)
    }

    /// Adds the fields of a later block.
    pub fn append(&mut self, later: &Fields) {
        later.iter().for_each(|(name, value)| self.push(name, value));
    }

    /// Bytes of memory that the fields hold.
    pub fn held_bytes(&self) -> usize {
        self.text
            .len()
            .saturating_add(self.ends.len().saturating_mul(size_of::<(usize, usize)>()))
    }

    fn push(&mut self, name: &str, value: &str) {
        self.text.push_str(name);
        let name_end = self.text.len();
        self.text.push_str(value);
        self.ends.push((name_end, self.text.len()));
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Fields {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str)>>(fields: T) -> Self {
        let mut all = Self::default();
        fields.into_iter().for_each(|(name, value)| all.push(name, value));
        all
    }
}

impl Decoder {
    /// Forgets what later blocks may refer to.
    pub fn forget(&mut self) {
        self.table.forget();
    }

    /// Bytes of memory that the state holds, about.
    pub fn held_bytes(&self) -> usize {
        self.table.size_bytes()
    }

    /// Reads a block; gives its fields and what was wrong, if anything. `most_bytes` bounds the memory of the fields.
    pub fn decode(&mut self, block: &[u8], most_bytes: usize) -> (Fields, Option<Fault>) {
        let mut fields = Fields::default();
        let mut fault = None;
        let mut input = Input(block);
        while !input.0.is_empty() {
            match self.step(&mut input, &mut fields, most_bytes) {
                Ok(true) => {}
                Ok(false) => fault = Some(Fault::TooLong),
                Err(reason) => {
                    // How many entries the rest of the block would have made is unknown.
                    self.forget();
                    return (fields, Some(Fault::Damaged(reason)));
                }
            }
        }
        (fields, fault)
    }

    /// Reads one representation (RFC 7541 §6). False if its field had no room.
    fn step(&mut self, input: &mut Input<'_>, fields: &mut Fields, most_bytes: usize) -> Result<bool, &'static str> {
        match input.first()? {
            0x80.. => {
                let index = input.integer(7)?;
                if index == 0 {
                    return Err("expected the index of a field, found 0");
                }
                Ok(self
                    .table
                    .get(index)
                    .is_none_or(|(name, value)| add(fields, name, value, most_bytes)))
            }
            0x40.. => {
                let (name, value) = self.literal(input, 6)?;
                let added = add(fields, &name, &value, most_bytes);
                self.table.insert(&name, &value);
                Ok(added)
            }
            0x20.. => {
                let most_table_bytes = input.integer(5)?;
                self.table.resize(most_table_bytes);
                Ok(true)
            }
            _ => {
                let (name, value) = self.literal(input, 4)?;
                Ok(add(fields, &name, &value, most_bytes))
            }
        }
    }

    /// Reads a field whose value is spelled out. An unknown name is empty.
    #[expect(
        clippy::type_complexity,
        reason = "a name and a value, each copied only where it must be"
    )]
    fn literal<'a>(
        &self,
        input: &mut Input<'a>,
        prefix_bits: u32,
    ) -> Result<(Cow<'a, [u8]>, Cow<'a, [u8]>), &'static str> {
        let name = match input.integer(prefix_bits)? {
            0 => input.string()?,
            index => {
                let (name, _) = self.table.get(index).unwrap_or_default();
                Cow::Owned(name.to_vec())
            }
        };
        Ok((name, input.string()?))
    }
}

/// Adds a field unless its name is unknown. False if there was no room.
fn add(fields: &mut Fields, name: &[u8], value: &[u8], most_bytes: usize) -> bool {
    let size_bytes = name.len().saturating_add(value.len());
    if fields.held_bytes().saturating_add(size_bytes) > most_bytes {
        return false;
    }
    if !name.is_empty() {
        // A name in capitals is forbidden (RFC 9113 §8.2) but said all the same.
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        fields.push(&name, &String::from_utf8_lossy(value));
    }
    true
}

/// What is left of a block.
struct Input<'a>(&'a [u8]);

const CUT: &str = "expected the rest of a field, found the end of the header block";

impl<'a> Input<'a> {
    fn first(&self) -> Result<u8, &'static str> {
        self.0.first().copied().ok_or(CUT)
    }

    fn next(&mut self) -> Result<u8, &'static str> {
        let (byte, rest) = self.0.split_first().ok_or(CUT)?;
        self.0 = rest;
        Ok(*byte)
    }

    /// Reads an integer (RFC 7541 §5.1).
    fn integer(&mut self, prefix_bits: u32) -> Result<usize, &'static str> {
        /// Groups of 7 bits after which a number is far beyond anything a block can hold.
        const MOST_GROUPS: u32 = 4;
        let most = 0xff_u8
            .checked_shr(8_u32.saturating_sub(prefix_bits))
            .unwrap_or_default();
        let prefix = self.next()? & most;
        let mut value = usize::from(prefix);
        if prefix < most {
            return Ok(value);
        }
        for group in 0..MOST_GROUPS {
            let byte = self.next()?;
            let part = usize::from(byte & 0x7f).wrapping_shl(group.saturating_mul(7));
            value = value.saturating_add(part);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("expected a number of a header block below 2^28, found a larger one")
    }

    /// Reads a string (RFC 7541 §5.2).
    fn string(&mut self) -> Result<Cow<'a, [u8]>, &'static str> {
        let is_huffman = self.first()? & 0x80 != 0;
        let length = self.integer(7)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(CUT)?;
        self.0 = rest;
        if is_huffman {
            huffman::decode(bytes)
                .map(Cow::Owned)
                .ok_or("expected a Huffman code of RFC 7541, found none of them")
        } else {
            Ok(bytes.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks of one half and the fields of each, as `name: value` lines.
    #[track_caller]
    fn check(blocks: &[(&[u8], &str)]) {
        let mut decoder = Decoder::default();
        for (block, expect) in blocks {
            let (fields, fault) = decoder.decode(block, 4096);
            let mut text: String = fields
                .iter()
                .map(|(name, value)| format!("{name}: {value}\n"))
                .collect();
            if let Some(fault) = fault {
                text.push_str(&format!("{fault:?}\n"));
            }
            assert_eq!(text, *expect);
        }
    }

    const FIRST: &str = ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n";

    #[test]
    fn requests_of_the_specification() {
        // RFC 7541 C.3 and C.4.
        let second = format!("{FIRST}cache-control: no-cache\n");
        check(&[
            (b"\x82\x86\x84\x41\x0fwww.example.com", FIRST),
            (b"\x82\x86\x84\xbe\x58\x08no-cache", &second),
            (
                b"\x82\x87\x85\xbf\x40\x0acustom-key\x0ccustom-value",
                ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value\n",
            ),
        ]);
        check(&[
            (
                b"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff",
                FIRST,
            ),
            (b"\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf", &second),
        ]);
    }

    #[test]
    fn entries_leave_a_table_that_shrinks() {
        check(&[
            (b"\x40\x01a\x01b\x40\x01c\x01d\xbe\xbf", "a: b\nc: d\nc: d\na: b\n"),
            // Room for one entry of 34 bytes.
            (b"\x3f\x0f\xbe\xbf", "c: d\n"),
            (b"\x40\x01e\x01f\xbe\xbf", "e: f\ne: f\n"),
            (b"\x20\xbe", ""),
        ]);
    }

    #[test]
    fn what_is_unknown_is_left_out() {
        // An unknown field, an unknown name, and the entry that it made.
        check(&[(
            b"\xbe\x7f\x09\x01v\x82\xbe\x0f\x3f\x01w\x84",
            ":method: GET\n:path: /\n",
        )]);
    }

    #[test]
    fn damage_ends_a_block_and_its_table() {
        let zero = "a: b\nDamaged(\"expected the index of a field, found 0\")\n";
        check(&[(b"\x40\x01a\x01b\x80\x82", zero), (b"\xbe\x82", ":method: GET\n")]);
        let cut = format!("Damaged({CUT:?})\n");
        for block in [&b"\xff"[..], b"\x40", b"\x00\x05ab", b"\x00\x01a", b"\x7f\xff", b"\x3f"] {
            check(&[(block, &cut)]);
        }
        let large = "Damaged(\"expected a number of a header block below 2^28, found a larger one\")\n";
        check(&[(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", large)]);
        let code = "Damaged(\"expected a Huffman code of RFC 7541, found none of them\")\n";
        check(&[
            (b"\x00\x81\x00\x00", code),
            (b"\x00\x82\xff\xff\x00", code),
            (b"\x00\x84\xff\xff\xff\xff\x00", code),
        ]);
    }

    #[test]
    fn changes_of_the_table_without_end_cost_little() {
        let block = b"\x40\x01a\x01b\x20\x3f\xe1\x1f".repeat(50_000);
        let mut decoder = Decoder::default();
        let (fields, fault) = decoder.decode(&block, 4096);
        assert_eq!((fields.iter().count(), fault), (228, Some(Fault::TooLong)));
        assert_eq!(decoder.held_bytes(), 0);
    }

    #[test]
    fn a_short_block_cannot_make_much_of_a_long_field() {
        let mut block = b"\x40\x01a\x7f\x81\x01".to_vec();
        block.extend([b'x'; 256]);
        block.extend([0xbe; 1000]);
        let (fields, fault) = Decoder::default().decode(&block, 4096);
        assert_eq!((fields.iter().count(), fault), (15, Some(Fault::TooLong)));
    }
}
