//! Capture files, written: packets in, the bytes of a pcap or pcapng file out.
//!
//! Specification: draft-ietf-opsawg-pcap (with nanoseconds, magic number 0xa1b23c4d), draft-ietf-opsawg-pcapng.
//! Limits: a pcap file has one link type and 32-bit seconds (1970 to 2106); comments are cut at 65535 bytes, which is
//! what a pcapng option holds. Absent on purpose: name resolution blocks; pcap has no place for comments and secrets.

use std::io::{self, Write};

const NS_PER_SECOND: i64 = 1_000_000_000;

/// What readers take for granted at least; tcpdump writes the same.
const SNAP_LENGTH_BYTES: u32 = 262_144;

/// Format of a written capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFormat {
    /// pcap with nanoseconds; falls back to pcapng where link types differ.
    Pcap,
    /// pcapng.
    Pcapng,
}

/// One packet to write.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Capture time.
    pub timestamp_ns: i64,
    /// Link type (LINKTYPE_ registry of tcpdump.org).
    pub link_type: u16,
    /// Interface in the capture it came from; pcapng keeps interfaces apart.
    pub interface: u32,
    /// Bytes on the wire.
    pub original_length: u32,
    /// Comment; pcapng keeps it.
    pub comment: Option<&'a str>,
    /// The bytes as captured.
    pub data: &'a [u8],
}

/// Writes one capture file.
#[derive(Debug)]
pub struct CaptureWriter<W: Write> {
    out: W,
    layout: Layout,
    block: Vec<u8>,
}

#[derive(Debug)]
enum Layout {
    Pcap { link_type: u16 },
    Pcapng { interfaces: Vec<(u16, u32)> },
}

impl<W: Write> CaptureWriter<W> {
    /// Begins a file. Link type and the length of the longest packet matter to pcap alone.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn new(mut out: W, format: CaptureFormat, link_type: u16, longest_bytes: u32) -> io::Result<Self> {
        let layout = match format {
            CaptureFormat::Pcap => {
                out.write_all(&pcap_header(link_type, longest_bytes.max(SNAP_LENGTH_BYTES)))?;
                Layout::Pcap { link_type }
            }
            CaptureFormat::Pcapng => {
                out.write_all(&section_header())?;
                Layout::Pcapng { interfaces: Vec::new() }
            }
        };
        Ok(Self {
            out,
            layout,
            block: Vec::new(),
        })
    }

    /// True if pcap can say this time.
    pub fn pcap_holds(timestamp_ns: i64) -> bool {
        u32::try_from(timestamp_ns.div_euclid(NS_PER_SECOND)).is_ok()
    }

    /// Writes decryption secrets blocks, little-endian and complete, which pcap has no place for. They go before the packets
    /// that they decrypt.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn secrets(&mut self, blocks: &[u8]) -> io::Result<()> {
        match self.layout {
            Layout::Pcap { .. } => Ok(()),
            Layout::Pcapng { .. } => self.out.write_all(blocks),
        }
    }

    /// Writes one packet.
    ///
    /// # Errors
    ///
    /// Those of the output; `InvalidInput` for a packet that pcap cannot hold.
    pub fn write(&mut self, record: &Record<'_>) -> io::Result<()> {
        self.block.clear();
        match &mut self.layout {
            Layout::Pcap { link_type } => pcap_record(&mut self.block, *link_type, record)?,
            Layout::Pcapng { interfaces } => {
                let key = (record.link_type, record.interface);
                let number = interfaces.iter().position(|known| *known == key).unwrap_or_else(|| {
                    interfaces.push(key);
                    interface_block(&mut self.block, record.link_type);
                    interfaces.len() - 1
                });
                packet_block(&mut self.block, number as u32, record);
            }
        }
        self.out.write_all(&self.block)
    }

    /// Ends the file and gives the output back, flushed.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn pcap_header(link_type: u16, snap_length: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(24);
    header.extend_from_slice(&0xa1b2_3c4d_u32.to_le_bytes());
    header.extend_from_slice(&2_u16.to_le_bytes());
    header.extend_from_slice(&4_u16.to_le_bytes());
    // Time zone and accuracy: every writer leaves them 0.
    header.extend_from_slice(&[0; 8]);
    header.extend_from_slice(&snap_length.to_le_bytes());
    header.extend_from_slice(&u32::from(link_type).to_le_bytes());
    header
}

fn pcap_record(out: &mut Vec<u8>, link_type: u16, record: &Record<'_>) -> io::Result<()> {
    if record.link_type != link_type {
        let found = record.link_type;
        let reason = format!("a pcap file has one link type: expected {link_type}, found {found}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    let seconds = u32::try_from(record.timestamp_ns.div_euclid(NS_PER_SECOND)).map_err(|_| {
        let reason = format!("pcap holds times from 1970 to 2106, found {} ns", record.timestamp_ns);
        io::Error::new(io::ErrorKind::InvalidInput, reason)
    })?;
    let nanoseconds = record.timestamp_ns.rem_euclid(NS_PER_SECOND) as u32;
    for number in [seconds, nanoseconds, record.data.len() as u32, record.original_length] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(record.data);
    Ok(())
}

fn section_header() -> Vec<u8> {
    let mut out = Vec::new();
    block(&mut out, 0x0a0d_0d0a, |body| {
        body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        body.extend_from_slice(&1_u16.to_le_bytes());
        body.extend_from_slice(&0_u16.to_le_bytes());
        // Section length −1: not known while streaming.
        body.extend_from_slice(&(-1_i64).to_le_bytes());
        option(body, 4, b"kfl");
        end_of_options(body);
    });
    out
}

fn interface_block(out: &mut Vec<u8>, link_type: u16) {
    block(out, 1, |body| {
        body.extend_from_slice(&link_type.to_le_bytes());
        body.extend_from_slice(&[0; 2]);
        // Snap length 0: no limit.
        body.extend_from_slice(&0_u32.to_le_bytes());
        // if_tsresol: 10^-9 seconds.
        option(body, 9, &[9]);
        end_of_options(body);
    });
}

fn packet_block(out: &mut Vec<u8>, interface: u32, record: &Record<'_>) {
    block(out, 6, |body| {
        // Times before 1970 cannot be said; none comes out of a capture file.
        let ticks = u64::try_from(record.timestamp_ns).unwrap_or(0);
        let (high, low) = ((ticks >> 32) as u32, ticks as u32);
        for number in [interface, high, low, record.data.len() as u32, record.original_length] {
            body.extend_from_slice(&number.to_le_bytes());
        }
        body.extend_from_slice(record.data);
        pad(body);
        if let Some(comment) = record.comment {
            let end = comment.floor_char_boundary(usize::from(u16::MAX));
            option(body, 1, &comment.as_bytes()[..end]);
            end_of_options(body);
        }
    });
}

/// Appends a block: type, total length, body, total length again.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    body(out);
    let total = (out.len() - start + 4) as u32;
    out[start + 4..start + 8].copy_from_slice(&total.to_le_bytes());
    out.extend_from_slice(&total.to_le_bytes());
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&(value.len() as u16).to_le_bytes());
    body.extend_from_slice(value);
    pad(body);
}

fn end_of_options(body: &mut Vec<u8>) {
    body.extend_from_slice(&[0; 4]);
}

/// Fills up to 32 bits. Blocks begin on such a boundary of the file, and every buffer here begins with a block.
fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const RECORD: Record<'_> = Record {
        timestamp_ns: 1_700_000_000_123_456_789,
        link_type: 1,
        interface: 0,
        original_length: 60,
        comment: Some("hi"),
        data: b"abcde",
    };

    #[track_caller]
    fn check(format: CaptureFormat, records: &[Record<'_>], expect: Expect) {
        let mut writer = CaptureWriter::new(Vec::new(), format, 1, 0).unwrap();
        for record in records {
            writer.write(record).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let words = bytes
            .chunks(4)
            .map(|word| word.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let lines: Vec<_> = words.collect::<Vec<_>>().chunks(4).map(|line| line.join(" ")).collect();
        expect.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn pcap_has_nanoseconds_and_original_lengths() {
        check(
            CaptureFormat::Pcap,
            &[RECORD],
            expect![[r#"
            4d3cb2a1 02000400 00000000 00000000
            00000400 01000000 00f15365 15cd5b07
            05000000 3c000000 61626364 65"#]],
        );
    }

    #[test]
    fn pcapng_has_an_interface_per_link_type_and_comments() {
        let other = Record {
            link_type: 101,
            comment: None,
            ..RECORD
        };
        check(
            CaptureFormat::Pcapng,
            &[RECORD, other, RECORD],
            expect![[r#"
            0a0d0d0a 28000000 4d3c2b1a 01000000
            ffffffff ffffffff 04000300 6b666c00
            00000000 28000000 01000000 20000000
            01000000 00000000 09000100 09000000
            00000000 20000000 06000000 34000000
            00000000 fe9c9717 15cd853d 05000000
            3c000000 61626364 65000000 01000200
            68690000 00000000 34000000 01000000
            20000000 65000000 00000000 09000100
            09000000 00000000 20000000 06000000
            28000000 01000000 fe9c9717 15cd853d
            05000000 3c000000 61626364 65000000
            28000000 06000000 34000000 00000000
            fe9c9717 15cd853d 05000000 3c000000
            61626364 65000000 01000200 68690000
            00000000 34000000"#]],
        );
    }

    #[test]
    fn pcap_refuses_a_second_link_type() {
        let mut writer = CaptureWriter::new(Vec::new(), CaptureFormat::Pcap, 1, 0).unwrap();
        let error = writer
            .write(&Record {
                link_type: 101,
                ..RECORD
            })
            .unwrap_err();
        expect!["a pcap file has one link type: expected 1, found 101"].assert_eq(&error.to_string());
    }
}
