//! What distinguishes the kinds of pcap file: length of a record's header, order of its lengths, unit of its times.
//!
//! Specification: none; what libpcap and Wireshark read. Told by the magic number: microseconds, nanoseconds, Kuznetzov's
//! longer record headers, and Ixia's, which have a length before the first record. Told by the version: lengths the other
//! way round (before 2.3, sometimes in 2.3, and in 543.0 of DG/UX), and AIX, whose 2.2 has nanoseconds and the interface
//! types of SNMP. Told by the first records alone, and only if they cannot be read otherwise: Nokia's firewalls, and SuSE
//! 6.3's still longer headers of Kuznetzov's. A file of those two with a single record is not told from a cut one.

use super::RecordHeader;
use crate::capture::Resolution;

mod magic {
    pub const MICROSECONDS: u32 = 0xa1b2_c3d4;
    pub const NANOSECONDS: u32 = 0xa1b2_3c4d;
    pub const KUZNETZOV: u32 = 0xa1b2_cd34;
    pub const IXIA_HARDWARE: u32 = 0x1c00_01ac;
    pub const IXIA_SOFTWARE: u32 = 0x1c00_01ab;
    pub const ALL: [u32; 5] = [MICROSECONDS, NANOSECONDS, KUZNETZOV, IXIA_HARDWARE, IXIA_SOFTWARE];
}

/// Link types of AIX (ifType of RFC 1573): Ethernet, token ring, FDDI, loopback; and the same as everybody else has them.
const AIX_LINK_TYPES: [(u16, u16); 4] = [(6, 1), (9, 6), (15, 10), (24, 0)];

/// Bytes of a record's header.
const HEADER: usize = 16;
/// Four bytes follow that mean nothing to us.
const NOKIA_HEADER: usize = 20;
/// Interface, protocol and direction follow.
const KUZNETZOV_HEADER: usize = 24;
/// And numbers of processors after these.
const SUSE_HEADER: usize = 28;

/// Records that are looked at to tell variants that nothing else tells.
const RECORDS_LOOKED_AT: usize = 3;
/// As many of them are too few to believe in a rare variant.
const TOO_FEW: usize = 1;

/// Which length comes first in a record.
#[derive(Clone, Copy)]
pub(super) enum Lengths {
    InOrder,
    Swapped,
    /// Either: the smaller is the captured one.
    SmallerFirst,
}

/// A kind of pcap file.
#[derive(Clone, Copy)]
pub(super) struct Variant {
    pub(super) record_header_bytes: usize,
    /// What the header is if the first records cannot be read otherwise.
    other_header_bytes: Option<usize>,
    pub(super) bytes_before_records: usize,
    pub(super) lengths: Lengths,
    /// Nanoseconds of one unit of a time's fraction.
    pub(super) fraction_ns: i64,
    pub(super) link_type: u16,
}

/// True for the magic number of a variant, in the file's byte order.
pub(super) fn is_magic(magic: u32) -> bool {
    magic::ALL.contains(&magic)
}

impl Variant {
    /// The variant that a file header tells; `None` if it is no pcap file's.
    pub(super) fn of(magic: u32, version: (u16, u16), link_type: u16) -> Option<Self> {
        if !is_magic(magic) {
            return None;
        }
        let aix = AIX_LINK_TYPES
            .iter()
            .find(|(theirs, _)| *theirs == link_type && version == (2, 2) && magic == magic::MICROSECONDS);
        let (record_header_bytes, other_header_bytes) = match magic {
            magic::KUZNETZOV => (KUZNETZOV_HEADER, Some(SUSE_HEADER)),
            magic::MICROSECONDS => (HEADER, Some(NOKIA_HEADER)),
            _ => (HEADER, None),
        };
        Some(Self {
            record_header_bytes,
            other_header_bytes,
            bytes_before_records: if matches!(magic, magic::IXIA_HARDWARE | magic::IXIA_SOFTWARE) {
                4
            } else {
                0
            },
            lengths: match version {
                (2, 0..=2) | (543, 0) => Lengths::Swapped,
                (2, 3) => Lengths::SmallerFirst,
                _ => Lengths::InOrder,
            },
            fraction_ns: if magic == magic::NANOSECONDS || aix.is_some() {
                1
            } else {
                1000
            },
            link_type: aix.map_or(link_type, |(_, ours)| *ours),
        })
    }

    /// How long a unit of a time's fraction is.
    pub(super) fn resolution(&self) -> Resolution {
        if self.fraction_ns == 1 {
            Resolution::NANOSECONDS
        } else {
            Resolution::MICROSECONDS
        }
    }

    /// Looks at the first records: headers are longer than the file header told if they only make sense so.
    pub(super) fn settle(&mut self, records: &[u8], longest: u32, read: impl Fn(&[u8]) -> Option<RecordHeader>) {
        let sound = |header_bytes| self.sound_records(records, header_bytes, longest, &read);
        if let Some(other) = self.other_header_bytes
            && sound(self.record_header_bytes).is_none()
            && sound(other).is_some_and(|count| count > TOO_FEW)
        {
            self.record_header_bytes = other;
        }
    }

    /// How many of the first records can be, if their headers have this length; `None` if one cannot.
    fn sound_records(
        &self,
        mut records: &[u8],
        header_bytes: usize,
        longest: u32,
        read: impl Fn(&[u8]) -> Option<RecordHeader>,
    ) -> Option<usize> {
        let units_per_second = 1_000_000_000_i64.checked_div(self.fraction_ns)?;
        let mut count = 0_usize;
        while count < RECORDS_LOOKED_AT
            && let Some(header) = read(records)
        {
            let bytes = match self.lengths {
                Lengths::InOrder => header.captured,
                Lengths::Swapped => header.original,
                Lengths::SmallerFirst => header.captured.min(header.original),
            };
            if bytes > longest || i64::from(header.fraction) >= units_per_second {
                return None;
            }
            count = count.saturating_add(1);
            let end = header_bytes.saturating_add(bytes as usize);
            records = records.get(end..).unwrap_or_default();
        }
        Some(count)
    }
}
