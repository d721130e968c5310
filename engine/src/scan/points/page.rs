//! Pages as they are stored: their header read and their bytes decompressed into room that all pages share, one after the other.
//!
//! The library makes a decompressor for each column and new memory for each page, which for a few rows takes longer than what is
//! done with the page.
//!
//! Specification: Apache Parquet format, "Page Header", in Thrift's compact protocol, and "Data Pages". What is not written as that
//! says, and codecs that tables do not have, are `None` here.

use std::cell::Cell;

use datafusion::parquet::basic::{Compression, Encoding};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use crate::scan::pages::Levels;
use crate::thrift::{FALSE, I32, STRUCT, TRUE, field, number, skip};

/// Most bytes of a page that was decompressed.
const MOST_BYTES: usize = 64 << 20;
/// Bytes that are decompressed at a time of a page whose rows are looked for: what zstd makes a block of.
const STEP_BYTES: usize = 128 << 10;
/// Most bytes of room that a thread keeps: for pages of bodies, with what zstd needs for them.
const KEPT_BYTES: usize = 4 << 20;
/// The largest window of a page that is decompressed piece by piece, as a power of two: eight times a page of bodies.
const MOST_WINDOW_LOG: u32 = 23;
/// The kinds of pages.
const DATA: i64 = 0;
const DICTIONARY: i64 = 2;
const DATA_V2: i64 = 3;

/// A page of values.
pub(super) struct DataPage<'p> {
    pub(super) encoding: Encoding,
    /// Values, and places of values that are not there.
    pub(super) count: usize,
    pub(super) repetition: &'p [u8],
    pub(super) definition: &'p [u8],
    pub(super) values: Body<'p>,
}

/// The values of a page, decompressed as far as they were asked for: rows of large pages lie in the midst of them. What is damaged behind
/// them is not seen.
pub(super) enum Body<'p> {
    Whole(&'p [u8]),
    Growing(Growing<'p>),
}

impl Body<'_> {
    /// As much as there is so far.
    pub(super) fn known(&self) -> &[u8] {
        match self {
            Body::Whole(bytes) => bytes,
            Body::Growing(growing) => &growing.bytes[..growing.ready],
        }
    }

    /// Decompresses more; `None` if that was all.
    pub(super) fn grow(&mut self) -> Option<()> {
        match self {
            Body::Whole(_) => None,
            Body::Growing(growing) => growing.grow(),
        }
    }

    /// All of them.
    pub(super) fn whole(&mut self) -> Option<&[u8]> {
        if let Body::Growing(growing) = self {
            while growing.ready < growing.bytes.len() {
                growing.grow()?;
            }
            growing.is_whole().then_some(())?;
        }
        Some(self.known())
    }
}

/// Values that are decompressed piece by piece.
pub(super) struct Growing<'p> {
    /// Room for all of them, and how many are there.
    bytes: &'p mut [u8],
    ready: usize,
    /// What is still to be decompressed.
    stored: &'p [u8],
    /// None once zstd has come to the end.
    left: usize,
    zstd: &'p mut DCtx<'static>,
}

impl Growing<'_> {
    fn grow(&mut self) -> Option<()> {
        let to = self.bytes.len().min(self.ready + STEP_BYTES);
        let mut out = OutBuffer::around(&mut self.bytes[self.ready..to]);
        let mut stored = InBuffer::around(self.stored);
        self.left = self.zstd.decompress_stream(&mut out, &mut stored).ok()?;
        let (written, taken) = (out.pos(), stored.pos());
        self.ready += written;
        self.stored = &self.stored[taken..];
        (written > 0).then_some(())
    }

    /// True if the page is as long as its header says.
    fn is_whole(&self) -> bool {
        self.ready == self.bytes.len() && self.left == 0 && self.stored.is_empty()
    }
}

/// What a page turned out to be.
pub(super) enum Page<'p> {
    Data(DataPage<'p>),
    /// So many values, written plainly.
    Dictionary(usize, &'p [u8]),
}

/// Room for a page, and what decompresses it.
#[derive(Default)]
pub(super) struct Room {
    bytes: Vec<u8>,
    zstd: Option<DCtx<'static>>,
}

impl Room {
    /// The room of this thread, which is given back to it: to ask for new takes a twentieth of what a hundred rows do.
    pub(super) fn with<T>(f: impl FnOnce(&mut Self) -> T) -> T {
        thread_local! {
            static ROOM: Cell<Room> = Cell::default();
        }
        let mut room = ROOM.take();
        let given = f(&mut room);
        if room.memory_size() <= KEPT_BYTES {
            ROOM.set(room);
        }
        given
    }

    fn memory_size(&self) -> usize {
        self.bytes.len() + self.zstd.as_ref().map_or(0, DCtx::sizeof)
    }

    /// Opens the first page of some bytes of a chunk, which become those behind it.
    pub(super) fn open<'p, 'b: 'p>(
        &'p mut self,
        chunk: &ColumnChunkMetaData,
        levels: Levels,
        bytes: &mut &'b [u8],
    ) -> Option<Page<'p>> {
        let header = Header::take(bytes)?;
        let (stored, rest) = bytes.split_at_checked(header.stored)?;
        *bytes = rest;
        let count = header.number(1)?;
        if header.kind == DATA_V2 {
            let [definition, repetition] = [header.number(5)?, header.number(6)?];
            let (repetition, stored) = stored.split_at_checked(repetition)?;
            let (definition, stored) = stored.split_at_checked(definition)?;
            let length = header.length.checked_sub(repetition.len() + definition.len())?;
            let encoding = encoding(header.numbers[4]?)?;
            let values = match (header.numbers[7], chunk.compression()) {
                (Some(0), _) => Body::Whole((stored.len() == length).then_some(stored)?),
                (_, Compression::ZSTD(_)) if length > STEP_BYTES && encoding == Encoding::PLAIN => {
                    self.growing(stored, length)?
                }
                (_, codec) => Body::Whole(self.decompressed(codec, stored, length)?),
            };
            return Some(Page::Data(DataPage {
                encoding,
                count,
                repetition,
                definition,
                values,
            }));
        }
        let mut bytes = self.decompressed(chunk.compression(), stored, header.length)?;
        match header.kind {
            DATA => {
                let are_hybrid = [3, 4].iter().all(|field| header.numbers[*field] == Some(3));
                are_hybrid.then_some(())?;
                let mut part = |is_there: bool| if is_there { prefixed(&mut bytes) } else { Some(&[][..]) };
                Some(Page::Data(DataPage {
                    encoding: encoding(header.numbers[2]?)?,
                    count,
                    repetition: part(levels.is_repeated)?,
                    definition: part(levels.whole > 0)?,
                    values: Body::Whole(bytes),
                }))
            }
            DICTIONARY => Some(Page::Dictionary(count, bytes)),
            _ => None,
        }
    }

    fn decompressed<'p>(&'p mut self, codec: Compression, stored: &'p [u8], length: usize) -> Option<&'p [u8]> {
        if codec == Compression::UNCOMPRESSED {
            return (stored.len() == length).then_some(stored);
        }
        let (room, zstd) = self.of(length)?;
        let written = match codec {
            // Of nothing, nothing is compressed.
            _ if length == 0 => 0,
            Compression::LZ4_RAW => lz4_flex::block::decompress_into(stored, room).ok()?,
            Compression::ZSTD(_) => ready(zstd)?.decompress(room, stored).ok()?,
            _ => return None,
        };
        (written == length).then_some(&*room)
    }

    fn growing<'p>(&'p mut self, stored: &'p [u8], length: usize) -> Option<Body<'p>> {
        let (bytes, zstd) = self.of(length)?;
        let zstd = ready(zstd)?;
        Some(Body::Growing(Growing {
            bytes,
            ready: 0,
            stored,
            left: 1,
            zstd,
        }))
    }

    /// Room for so many bytes, and what zstd needs.
    fn of(&mut self, length: usize) -> Option<(&mut [u8], &mut Option<DCtx<'static>>)> {
        if length > MOST_BYTES {
            return None;
        }
        if self.bytes.len() < length {
            // Nothing of the page before is wanted.
            self.bytes = vec![0; length.next_power_of_two()];
        }
        Some((&mut self.bytes[..length], &mut self.zstd))
    }
}

/// What decompresses a page, which knows nothing of the page before.
fn ready<'z>(zstd: &'z mut Option<DCtx<'static>>) -> Option<&'z mut DCtx<'static>> {
    match zstd {
        Some(zstd) => {
            zstd.reset(ResetDirective::SessionOnly).ok()?;
            Some(zstd)
        }
        none => {
            let mut zstd = DCtx::try_create()?;
            // What a frame says of its window is a claim.
            zstd.set_parameter(DParameter::WindowLogMax(MOST_WINDOW_LOG)).ok()?;
            Some(none.insert(zstd))
        }
    }
}

/// Bytes behind their length.
fn prefixed<'p>(bytes: &mut &'p [u8]) -> Option<&'p [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *bytes = rest;
    Some(part)
}

/// Those encodings that tables have, by their numbers.
fn encoding(number: i64) -> Option<Encoding> {
    match number {
        0 => Some(Encoding::PLAIN),
        2 => Some(Encoding::PLAIN_DICTIONARY),
        5 => Some(Encoding::DELTA_BINARY_PACKED),
        8 => Some(Encoding::RLE_DICTIONARY),
        _ => None,
    }
}

/// What the header of a page says.
struct Header {
    kind: i64,
    /// Bytes that are decompressed, and as they are stored.
    length: usize,
    stored: usize,
    /// The fields of the structure that its kind has, by their numbers.
    numbers: [Option<i64>; 9],
}

impl Header {
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let (mut own, mut of_kind) = ([None; 9], [[None; 9]; 9]);
        let mut id = 0;
        while let Some(kind) = field(bytes, &mut id)? {
            match (usize::try_from(id).ok().filter(|id| *id < own.len()), kind) {
                (Some(id), I32) => own[id] = Some(number(bytes)?),
                (Some(id), STRUCT) => of_kind[id] = numbers(bytes)?,
                _ => skip(bytes, kind)?,
            }
        }
        let length = |field: usize| usize::try_from(own[field]?).ok();
        let kind = own[1]?;
        let numbers = match kind {
            DATA => of_kind[5],
            DICTIONARY => of_kind[7],
            DATA_V2 => of_kind[8],
            _ => return None,
        };
        Some(Self {
            kind,
            length: length(2)?,
            stored: length(3)?,
            numbers,
        })
    }

    fn number(&self, field: usize) -> Option<usize> {
        usize::try_from(self.numbers[field]?).ok()
    }
}

/// The numbers of a structure, by their fields'; of what is true or false 1 or 0.
fn numbers(bytes: &mut &[u8]) -> Option<[Option<i64>; 9]> {
    let (mut numbers, mut id) = ([None; 9], 0);
    while let Some(kind) = field(bytes, &mut id)? {
        let place = usize::try_from(id).ok().filter(|id| *id < numbers.len());
        match (place, kind) {
            (Some(place), I32) => numbers[place] = Some(number(bytes)?),
            (Some(place), TRUE | FALSE) => numbers[place] = Some(i64::from(kind == TRUE)),
            _ => skip(bytes, kind)?,
        }
    }
    Some(numbers)
}
