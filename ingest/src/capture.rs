//! Stage 1: bytes → packets.
//!
//! In: any reader of a capture: pcap or pcapng, plain or compressed. Out: [`Block`]s, each a buffer of capture bytes with the
//! packets that lie whole in it, so that a packet's bytes are never copied after they were read; and a [`Description`] of
//! what else stands in the file.
//!
//! Specification: pcap, pcapng: IETF drafts draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
//!
//! Limits: `packet_bytes`, `block_bytes`, `secrets_bytes`, `interfaces`, `read_bytes`. A file that ends inside a record, or a record that cannot be, ends
//! the reading with an anomaly that says where; everything before it is kept.

mod compression;
mod description;
mod interface;
mod pcap;
mod pcapng;
mod pool;
mod resolution;

use std::io::{self, Read};
use std::net::IpAddr;

use crate::{Anomaly, Limits};

pub use description::Description;
pub use interface::Interface;
use pool::Pool;
pub use resolution::Resolution;

/// One packet of a block.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Capture time.
    pub timestamp_ns: i64,
    /// Where its bytes begin in the block.
    pub start: u32,
    /// How many bytes were captured.
    pub captured: u32,
    /// How many bytes it had on the wire.
    pub original: u32,
    /// Index of its interface, over all sections of the capture.
    pub interface: u32,
    /// Link type of that interface.
    pub link_type: u16,
}

/// What the capturing machine called an address, as the file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The address.
    pub address: IpAddr,
    /// Its name; never empty.
    pub name: String,
}

/// A buffer of capture bytes and the packets in it.
#[derive(Debug, Default)]
pub struct Block {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The packets, in file order.
    pub records: Vec<Record>,
    /// Comments on packets: the record's index in this block, and the text; one at most for a record.
    pub comments: Vec<(u32, String)>,
    /// Names of addresses, in file order.
    pub names: Vec<Named>,
    /// Number of the first packet.
    pub first_number: u64,
    /// Bytes captured in all packets.
    pub captured_bytes: u64,
    /// Where its memory goes once nobody needs it.
    pool: Pool,
}

impl Drop for Block {
    fn drop(&mut self) {
        self.pool
            .give_back(std::mem::take(&mut self.bytes), std::mem::take(&mut self.records));
    }
}

impl Block {
    /// The captured bytes of a packet.
    pub fn data(&self, record: &Record) -> &[u8] {
        let start = record.start as usize;
        self.bytes
            .get(start..start.saturating_add(record.captured as usize))
            .unwrap_or_default()
    }

    /// The comment on a packet, by its record's index.
    pub fn comment(&self, record: u32) -> Option<&str> {
        let at = self
            .comments
            .binary_search_by_key(&record, |(record, _)| *record)
            .ok()?;
        self.comments.get(at).map(|(_, text)| text.as_str())
    }

    /// Memory that the block takes, which is also more than the capture bytes it took. It depends on the capture alone: where epochs
    /// and parts end follows from it.
    pub fn held_bytes(&self) -> usize {
        self.bytes
            .len()
            .saturating_add(self.records.len().saturating_mul(size_of::<Record>()))
            .saturating_add(self.text_bytes())
            .saturating_add(self.names.len().saturating_mul(size_of::<Named>()))
    }

    /// Memory of comments and names.
    fn text_bytes(&self) -> usize {
        let comments = self
            .comments
            .iter()
            .map(|comment| size_of_val(comment).saturating_add(comment.1.len()));
        let names = self
            .names
            .iter()
            .map(|named| size_of_val(named).saturating_add(named.name.len()));
        comments.chain(names).fold(0, usize::saturating_add)
    }

    /// The packets with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &Record)> {
        (self.first_number..).zip(&self.records)
    }
}

/// What one step over the bytes found.
enum Step {
    /// So many bytes were taken in, a packet or not.
    Took(usize),
    /// So many bytes were taken in that are damaged and mean nothing to those after them.
    PassedOver(usize, &'static str),
    /// A record needs so many bytes in all.
    Needs(usize),
    /// The bytes cannot be a record.
    Broken(&'static str),
}

enum Format {
    Pcap(pcap::Header),
    Pcapng(pcapng::Section),
}

/// Why a capture cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The reader failed.
    Read(io::Error),
    /// The first bytes are those of no capture, here in hex.
    NotACapture(String),
}

/// A capture being read.
pub struct Reader<'a> {
    input: Box<dyn Read + Send + 'a>,
    limits: Limits,
    format: Option<Format>,
    /// Bytes read that belong to the next block.
    rest: Vec<u8>,
    /// Where `rest` begins in the decompressed capture.
    offset: u64,
    next_number: u64,
    at_end: bool,
    pool: Pool,
    /// Damage found before the first block.
    damage: Option<Anomaly>,
    /// What stands in the file besides packets, as far as it was read.
    pub description: Description,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    /// Recognises compression and format by the first bytes.
    pub fn open(input: impl Read + Send + 'a, first_number: u64, limits: &Limits) -> Result<Self, OpenError> {
        let (mut input, compression) = compression::open(input).map_err(OpenError::Read)?;
        let mut head = Vec::new();
        let mut damage = None;
        if let Err(error) = input.by_ref().take(pcap::HEADER_BYTES as u64).read_to_end(&mut head) {
            if compression.is_none() {
                return Err(OpenError::Read(error));
            }
            tolerate(error).map_err(OpenError::Read)?;
            damage = Some(Anomaly::BrokenCompression {
                offset: head.len() as u64,
            });
        }
        let mut reader = Self {
            input,
            limits: limits.clone(),
            format: None,
            rest: head,
            offset: 0,
            next_number: first_number,
            at_end: false,
            pool: Pool::new(limits.read_bytes),
            damage,
            description: Description {
                compression,
                ..Description::default()
            },
        };
        if reader.rest.is_empty() {
            return Ok(reader);
        }
        if let Some(section) = pcapng::Section::recognise(&reader.rest) {
            reader.description.format = "pcapng";
            reader.format = Some(Format::Pcapng(section));
        } else if let Some(header) = pcap::Header::parse(&reader.rest) {
            reader.description.format = "pcap";
            reader.description.interfaces.push(header.interface());
            reader.rest.drain(..pcap::HEADER_BYTES);
            reader.offset = pcap::HEADER_BYTES as u64;
            reader.format = Some(Format::Pcap(header));
        } else if pcap::begins_like_one(&reader.rest) || pcapng::begins_like_one(&reader.rest) {
            // An interrupted download: it was to be a capture, and holds nothing yet.
            reader.damage.get_or_insert(Anomaly::CutFile { offset: 0 });
        } else {
            let found = reader
                .rest
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect::<Vec<_>>()
                .join(" ");
            return Err(OpenError::NotACapture(found));
        }
        Ok(reader)
    }

    /// Reads the next block; `None` at the end of the capture.
    ///
    /// # Errors
    ///
    /// The reader's own. Damage of the capture is an anomaly, after which the capture has ended.
    pub fn next_block(&mut self) -> io::Result<(Option<Block>, Option<Anomaly>)> {
        if self.at_end || self.format.is_none() {
            return Ok((None, self.damage.take()));
        }
        let mut wanted = self.limits.read_bytes;
        let (bytes, records) = self.pool.take();
        let mut block = Block {
            bytes,
            records,
            comments: Vec::new(),
            names: Vec::new(),
            first_number: self.next_number,
            captured_bytes: 0,
            pool: self.pool.clone(),
        };
        let mut filled = self.rest.len();
        let mut anomaly = None;
        let mut taken = 0_usize;
        loop {
            // A buffer that was used before is longer than what is read of it at first: nothing is cleared twice.
            block.bytes.resize(wanted.max(filled), 0);
            if let Some(front) = block.bytes.get_mut(..self.rest.len()) {
                front.copy_from_slice(&self.rest);
                self.rest.clear();
            }
            let ended = match read_full(&mut self.input, &mut block.bytes, &mut filled) {
                Ok(ended) => ended,
                Err(error) if self.description.compression.is_some() => {
                    // A decoder's complaint is damage of the file; only a plain file's error is the system's.
                    tolerate(error)?;
                    let offset = self.offset.saturating_add(filled as u64);
                    anomaly = Some(Anomaly::BrokenCompression { offset });
                    true
                }
                Err(error) => return Err(error),
            };
            block.bytes.truncate(filled);
            match self.take_records(&mut block, &mut taken) {
                Step::Broken(reason) => {
                    anomaly = Some(Anomaly::BrokenRecord {
                        offset: self.offset.saturating_add(taken as u64),
                        reason,
                    });
                    self.at_end = true;
                }
                Step::Needs(_) if ended => {
                    if taken < block.bytes.len() && anomaly.is_none() {
                        anomaly = Some(Anomaly::CutFile {
                            offset: self.offset.saturating_add(taken as u64),
                        });
                    }
                    self.at_end = true;
                }
                Step::Needs(bytes) if taken == 0 => {
                    wanted = bytes.max(wanted);
                    continue;
                }
                Step::Needs(_) | Step::Took(_) | Step::PassedOver(..) => {
                    self.rest
                        .extend_from_slice(block.bytes.get(taken..).unwrap_or_default());
                    block.bytes.truncate(taken);
                }
            }
            break;
        }
        self.offset = self.offset.saturating_add(taken as u64);
        self.next_number = self.next_number.saturating_add(block.records.len() as u64);
        Ok((Some(block), anomaly))
    }

    /// Bytes of the decompressed capture that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.offset
    }

    fn take_records(&mut self, block: &mut Block, taken: &mut usize) -> Step {
        let Some(format) = &mut self.format else {
            return Step::Broken("no format");
        };
        // The parser reads from the buffer while it appends records, so the buffer is lent out of the block meanwhile.
        let bytes = std::mem::take(&mut block.bytes);
        let step = loop {
            let rest = bytes.get(*taken..).unwrap_or_default();
            let step = match format {
                Format::Pcap(header) => header.step(rest, *taken, block, &self.limits),
                Format::Pcapng(section) => section.step(rest, *taken, block, &mut self.description, &self.limits),
            };
            match step {
                Step::Took(count) => *taken = taken.saturating_add(count),
                Step::PassedOver(count, reason) => {
                    let offset = self.offset.saturating_add(*taken as u64);
                    let damaged = Anomaly::DamagedBlock { offset, reason };
                    self.description.anomalies.add(0, damaged);
                    *taken = taken.saturating_add(count);
                }
                other => break other,
            }
        };
        block.bytes = bytes;
        step
    }
}

/// Reads until the buffer is full, behind what it holds; says whether the input ended before.
fn read_full(input: &mut impl Read, buffer: &mut [u8], filled: &mut usize) -> io::Result<bool> {
    while let Some(free) = buffer.get_mut(*filled..).filter(|free| !free.is_empty()) {
        match input.read(free) {
            Ok(0) => return Ok(true),
            Ok(count) => *filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Tells damage of compressed data from failures of the disk below the decoder.
fn tolerate(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::Other => Ok(()),
        _ => Err(error),
    }
}
