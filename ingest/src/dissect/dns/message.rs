//! A DNS message, read as far as it can be.
//!
//! Specification: RFC 1035 §4.1, RFC 6891 (EDNS). Authority and additional records are walked past; of the OPT record among
//! them the high bits of the response code are used, of the others the names that an announcement (mDNS) gives. A message
//! that is damaged or cut keeps what came before.

use super::naming::{self, Given};
use super::{name, rdata, registry};
use crate::Limits;

/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 12;

/// Flags, from the most significant bit (RFC 1035 §4.1.1, RFC 4035 §3.2.2).
const RESPONSE: u16 = 0x8000;
const FLAGS: [(u16, &str); 6] = [
    (0x0400, "AA"),
    (0x0200, "TC"),
    (0x0100, "RD"),
    (0x0080, "RA"),
    (0x0020, "AD"),
    (0x0010, "CD"),
];
const RESERVED: u16 = 0x0040;

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub id: u16,
    flags: u16,
    pub questions: u16,
    pub answers: u16,
    pub authorities: u16,
    pub additionals: u16,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub name: String,
    pub kind: u16,
    pub class: u16,
}

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    pub header: Header,
    pub questions: Vec<Question>,
    /// The data of the answers, as text.
    pub answers: Vec<String>,
    /// The names it gives to addresses.
    pub given: Vec<Given>,
    /// The response code with the high bits of EDNS.
    pub rcode: u16,
    /// Bytes of the message.
    pub size_bytes: usize,
    /// Bytes that were read.
    pub read_bytes: usize,
    /// Why reading stopped before the end, if it did.
    pub damage: Option<&'static str>,
}

impl Header {
    /// Reads the header; `None` if there are too few bytes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut words = bytes
            .get(..HEADER_BYTES)?
            .chunks_exact(2)
            .map(|word| word.try_into().map(u16::from_be_bytes).ok());
        let mut word = || words.next()?;
        Some(Self {
            id: word()?,
            flags: word()?,
            questions: word()?,
            answers: word()?,
            authorities: word()?,
            additionals: word()?,
        })
    }

    /// True if the message is a response.
    pub fn is_response(&self) -> bool {
        self.flags & RESPONSE != 0
    }

    /// The operation.
    pub fn opcode(&self) -> u8 {
        u8::try_from((self.flags >> 11) & 0x0f).unwrap_or_default()
    }

    /// The response code without the bits of EDNS.
    pub fn rcode(&self) -> u16 {
        self.flags & 0x0f
    }

    /// The names of the flags that are set.
    pub fn flags(&self) -> Vec<&'static str> {
        FLAGS
            .iter()
            .filter(|(bit, _)| self.flags & bit != 0)
            .map(|(_, name)| *name)
            .collect()
    }

    /// True if this could hardly be the header of something else.
    pub fn is_plausible(&self) -> bool {
        let sections = match self.is_response() {
            false => self.rcode() == 0 && self.answers == 0 && self.authorities == 0 && self.additionals <= 2,
            true => self.rcode() <= 10 && self.answers <= 512 && self.authorities <= 64 && self.additionals <= 64,
        };
        self.flags & RESERVED == 0 && self.opcode() == 0 && self.questions == 1 && sections
    }
}

impl Message {
    /// Reads a message; `None` if not even the header is there.
    pub fn read(bytes: &[u8], limits: &Limits) -> Option<Self> {
        let header = Header::read(bytes)?;
        let mut message = Self {
            header,
            questions: Vec::new(),
            answers: Vec::new(),
            given: Vec::new(),
            rcode: header.rcode(),
            size_bytes: bytes.len(),
            read_bytes: HEADER_BYTES,
            damage: None,
        };
        let mut telling = Vec::new();
        message.damage = message.read_sections(bytes, limits, &mut telling).err();
        if message.rcode == registry::NOERROR && header.opcode() == registry::QUERY {
            message.given = naming::given(bytes, &message.questions, &telling);
        }
        Some(message)
    }

    /// Reads all sections; picks the records that may tell names.
    fn read_sections(&mut self, bytes: &[u8], limits: &Limits, telling: &mut Vec<Record>) -> Result<(), &'static str> {
        let header = self.header;
        for place in 0..header.questions {
            let (question, end) = read_question(bytes, self.read_bytes).ok_or("a question is damaged or cut")?;
            self.read_bytes = end;
            if usize::from(place) < limits.dns_records {
                self.questions.push(question);
            }
        }
        let mut text_bytes = 0_usize;
        for place in 0..header.answers {
            let record = read_record(bytes, self.read_bytes).ok_or("an answer is damaged or cut")?;
            self.read_bytes = record.data.end;
            let has_room = usize::from(place) < limits.dns_records && text_bytes < limits.dns_text_bytes;
            if has_room && header.is_response() && record.kind != registry::OPT {
                let text = rdata::text(record.kind, bytes, record.data.clone());
                text_bytes = text_bytes.saturating_add(text.len());
                self.answers.push(text);
                if record.tells_names() {
                    telling.push(record);
                }
            }
        }
        let announces = header.is_response() && header.questions == 0;
        let others = u32::from(header.authorities).saturating_add(u32::from(header.additionals));
        for place in 0..others {
            let record = read_record(bytes, self.read_bytes).ok_or("an additional record is damaged or cut")?;
            self.read_bytes = record.data.end;
            if record.kind == registry::OPT {
                // The first octet of what is the time to live elsewhere (RFC 6891 §6.1.3).
                let [extended_rcode, ..] = record.ttl_s.to_be_bytes();
                self.rcode |= u16::from(extended_rcode) << 4;
            }
            let is_additional = place >= u32::from(header.authorities);
            if announces && is_additional && record.tells_names() && telling.len() < limits.dns_records {
                telling.push(record);
            }
        }
        Ok(())
    }

    /// Bytes of memory that the message's texts hold.
    pub fn held_bytes(&self) -> usize {
        let questions = self.questions.iter().map(|question| question.name.len()).sum::<usize>();
        questions
            .saturating_add(self.questions.len().saturating_mul(size_of::<Question>()))
            .saturating_add(size_of::<Self>())
    }

    /// True if this message, a response, can answer a query: if both repeat the question, it is the same one.
    pub fn answers(&self, query: &Message) -> bool {
        let same = |(mine, asked): (&Question, &Question)| {
            mine.kind == asked.kind && mine.name.eq_ignore_ascii_case(&asked.name)
        };
        self.header.id == query.header.id
            && self.header.opcode() == query.header.opcode()
            && self.questions.iter().zip(&query.questions).all(same)
    }
}

/// Reads the question at a place; gives the place behind it.
pub(super) fn read_question(bytes: &[u8], at: usize) -> Option<(Question, usize)> {
    let (name, at) = name::read(bytes, at)?;
    let end = at.checked_add(4)?;
    let [kind_high, kind_low, class_high, class_low] = *bytes.get(at..end)? else {
        return None;
    };
    let kind = u16::from_be_bytes([kind_high, kind_low]);
    Some((
        Question {
            name,
            kind,
            class: u16::from_be_bytes([class_high, class_low]),
        },
        end,
    ))
}

/// A resource record.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Where the owner's name stands.
    pub owner: usize,
    pub kind: u16,
    pub class: u16,
    pub ttl_s: u32,
    /// Where the data stands.
    pub data: std::ops::Range<usize>,
}

impl Record {
    /// True if it may say what an address is called.
    fn tells_names(&self) -> bool {
        matches!(
            self.kind,
            registry::A | registry::AAAA | registry::CNAME | registry::PTR
        )
    }
}

fn read_record(bytes: &[u8], owner: usize) -> Option<Record> {
    let at = name::skip(bytes, owner)?;
    let start = at.checked_add(10)?;
    let [
        kind_high,
        kind_low,
        class_high,
        class_low,
        ttl_s @ ..,
        length_high,
        length_low,
    ] = *bytes.get(at..start)?.first_chunk::<10>()?;
    let end = start.checked_add(usize::from(u16::from_be_bytes([length_high, length_low])))?;
    let data = bytes.get(start..end).map(|_| start..end)?;
    Some(Record {
        owner,
        kind: u16::from_be_bytes([kind_high, kind_low]),
        class: u16::from_be_bytes([class_high, class_low]),
        ttl_s: u32::from_be_bytes(ttl_s),
        data,
    })
}
