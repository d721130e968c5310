//! Packets: the capture itself.

use crate::declare::table;

table! {
    /// One packet as captured; clustered by flow, connection and number inside a part.
    "packets": Record, flags {},
    groups {},
    PACKETS => struct Packet, PacketOwn, PacketBuilder, PacketOwnBuilder {
        /// Number of the packet in the database, counted over all captures in file order from 1.
        packet "packet": Int;
        /// Capture time, UTC.
        timestamp "timestamp": Time;
        /// Connection the packet belongs to; null if it belongs to none (ARP, undecodable packets).
        conn_id "conn_id": Int;
        /// Flow the packet belongs to; null if it belongs to none.
        flow_id "flow_id": Int;
        /// Interface that captured it: an index into the interfaces of its capture.
        interface "interface": Int;
        /// Link type (LINKTYPE_ registry of tcpdump.org).
        link_type "link_type": Int;
        /// Bytes captured, which is the length of data.
        captured_length "captured_length" ["bytes"]: Int;
        /// Bytes on the wire.
        original_length "original_length" ["bytes"]: Int;
        /// Comment of the capture file on this packet (pcapng opt_comment); null if it has none.
        comment "comment": Str;
        /// The bytes as captured.
        data "data": Bytes;
    }
}
