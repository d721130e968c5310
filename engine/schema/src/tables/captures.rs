//! Captures: what was ingested.

use crate::declare::table;

table! {
    /// One capture that was ingested.
    "captures": Record, flags {},
    groups {},
    CAPTURES => struct Capture, CaptureOwn, CaptureBuilder, CaptureOwnBuilder {
        /// Number of the capture's first packet; a capture without packets has the number its first would have had.
        capture_id "capture_id": Int;
        /// File name as given, "-" for standard input.
        name "name": Str;
        /// BLAKE3 digest of the file as given, in hex.
        digest "digest": Str;
        /// Size of the file as given, compressed if it was.
        size_bytes "size_bytes" ["bytes"]: Int;
        /// "pcap" or "pcapng".
        format "format": Str;
        /// "gzip", "zstd" or "lz4"; null if the file was plain.
        compression "compression": Str;
        /// Interfaces, one text each: link type, snap length, time resolution, name, what the file tells of them, what they
        /// counted.
        interfaces "interfaces": Strs;
        /// Comments on sections and interfaces of the capture.
        comments "comments": Strs;
        /// Decryption secrets that the file brings along: its secrets blocks as pcapng writes them (draft-ietf-opsawg-pcapng
        /// §4.7), one after the other, little-endian and without options; null if it has none.
        secrets "secrets": Bytes;
        /// Packets read.
        packets "packets": Int;
        /// Packets that the capturing machine lost by its own count: what interface statistics say, else the drop counts of
        /// packets; null if the file says nothing.
        dropped "dropped": Int;
        /// Bytes captured in them.
        captured_bytes "captured_bytes" ["bytes"]: Int;
        /// Bytes on the wire.
        original_bytes "original_bytes" ["bytes"]: Int;
        /// Time of the earliest packet, UTC; null if there is none.
        first_time "first_time": Time;
        /// Time of the latest packet, UTC; null if there is none.
        last_time "last_time": Time;
        /// When it was ingested, UTC.
        ingested_time "ingested_time": Time;
        /// Anomalies by kind, with their counts.
        anomalies "anomalies": Map;
    }
}
