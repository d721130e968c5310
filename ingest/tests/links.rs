//! Links and tunnels: which datagrams are found in a packet, by examples.

mod common;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use common::frames::bytes;
use ingest::{Options, Report};

/// Packets of one link type as a pcap file.
fn capture(link_type: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, link_type] {
        file.extend(u32::to_le_bytes(word));
    }
    for packet in packets {
        let length = packet.len() as u32;
        for word in [1, 0, length, length] {
            file.extend(u32::to_le_bytes(word));
        }
        file.extend(packet);
    }
    file
}

/// The connections found, in words: `IP4` for that datagram's, with the VLANs and the tunnel around it.
fn found(link_type: u32, packets: &[Vec<u8>]) -> (Vec<String>, Report) {
    let (kept, report) = common::ingest(&capture(link_type, packets), &Options::default());
    let mut found = Vec::new();
    for batch in kept.of("conns") {
        let column = |name| batch.column_by_name(name).expect("conns has it");
        let int = |name| column(name).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            // Who is the client matters not here.
            let ends = ["src_ip", "dst_ip"].map(|name| column(name).as_string::<i32>().value(row));
            let mut text = match ends.iter().min().copied() {
                Some("10.0.0.1") => "IP4".to_owned(),
                Some("10.0.0.2") if ends.contains(&"10.0.0.9") => "IP4b".to_owned(),
                Some("10.0.0.2") => "outer".to_owned(),
                Some("fd00::1") => "IP6".to_owned(),
                _ => ends.join(" "),
            };
            let vlans = column("vlan").as_list::<i32>().value(row);
            for vlan in vlans.as_primitive::<Int64Type>().values() {
                text += &format!(" vlan {vlan}");
            }
            let tunnel = column("tunnel").as_string::<i32>();
            if !tunnel.value(row).is_empty() {
                text += &format!(" in {}", tunnel.value(row));
            }
            let [packets, bytes] = [
                ["conn_local_pkts", "conn_remote_pkts"],
                ["conn_local_bytes", "conn_remote_bytes"],
            ]
            .map(|names| names.map(|name| int(name).value(row)).iter().sum::<i64>());
            if packets > 1 {
                text += &format!(", {packets} packets of {bytes} bytes");
            }
            found.push(text);
        }
    }
    found.sort();
    found.extend(report.anomalies.iter().map(|(kind, _)| format!("! {kind}")));
    if found.is_empty() {
        found.push("nothing".to_owned());
    }
    (found, report)
}

/// Reads packets (`|` between them) of a link type.
#[track_caller]
fn check(link_type: u32, packets: &str, expect: &str) {
    let packets: Vec<Vec<u8>> = packets.split('|').map(bytes).collect();
    assert_eq!(found(link_type, &packets).0.join("; "), expect);
}

#[test]
fn link_types() {
    for (link_type, packet, expect) in [
        // BSD loopback: address families of every system, in both byte orders; an EtherType; PPP.
        (0, "02000000 IP4", "IP4"),
        (0, "00000002 IP4", "IP4"),
        (0, "1e000000 IP6", "IP6"),
        (0, "18000000 IP6", "IP6"),
        (0, "0000001c IP6", "IP6"),
        (0, "1e000000 IP4", "! malformed_ipv6"),
        (0, "63000000 IP4", "! unknown_family_0x63"),
        (0, "07000000 00*20", "nothing"),
        (0, "0f000800 IP4", "IP4"),
        (0, "ff030021 IP4", "IP4"),
        (108, "00000002 IP4", "IP4"),
        (108, "0000001e IP6", "IP6"),
        (109, "02000000 00*8 IP4", "IP4"),
        (117, "3d02 00*62 IP4", "IP4"),
        // Raw IP.
        (12, "IP4", "IP4"),
        (14, "IP6", "IP6"),
        (101, "IP4", "IP4"),
        (101, "50 00*40", "! malformed_ip"),
        (228, "IP4", "IP4"),
        (229, "IP6", "IP6"),
        (229, "IP4", "! malformed_ipv6"),
        // Linux cooked capture: of some interfaces the protocol says nothing, or something else.
        (113, "0000 0001 0006 00*8 0800 IP4", "IP4"),
        (113, "0000 0001 0006 00*8 8100 0005 86dd IP6", "IP6 vlan 5"),
        (113, "0000 0338 0000 00*8 0000 00*20", "nothing"),
        (113, "0000 030a 0000 00*8 0800 IP4", "IP4"),
        (
            113,
            "0000 0323 0000 00*8 0000 0000080000000000 08010000 02*18 0000 SNAP 0800 IP4",
            "IP4",
        ),
        (113, "0000 0302 0000 00*8 0000 184103cc IP4", "IP4"),
        (113, "0000 0001 0006 00*8 0004 SNAP 0800 IP4", "IP4"),
        (113, "0000 0001 0006 00*8 0001 ffff 00*30", "nothing"),
        (276, "86dd 0000 00000001 0001 00 06 00*8 IP6", "IP6"),
        (276, "0004 0000 00000001 0338 00 06 00*8 00*16", "nothing"),
        // What captures put before a packet.
        (226, "0102 00*22 IP4", "IP4"),
        (226, "011a 00*22 IP6", "IP6"),
        (239, "02000000 0800 0200 00000000 2400 0900 IP4", "IP4"),
        (239, "0a000000 0008 0002 00000000 0038 0009 IP6", "IP6"),
        (258, "6c000000 01000000 01000000 00*96 MAC 0800 IP4", "IP4"),
        (258, "6c000000 01000000 0c000000 00*96 IP6", "IP6"),
        (258, "04000000 01000000 0c000000 IP6", "! malformed_pktap"),
        (197, "00*8 0204 0040 0000 002e 0000 MAC 0800 IP4", "IP4"),
        (197, "00*8 8204 0040 0000 002e 83*8 03*8 0000 MAC 0800 IP4", "IP4"),
        (128, "01000001 01 MAC 0800 IP4", "IP4"),
        (253, "00*36", "nothing"),
        (189, "00*64", "! unknown_link_type_189"),
        // PPP, with and without its optional bytes.
        (9, "ff03 0021 IP4", "IP4"),
        (9, "0057 IP6", "IP6"),
        (9, "21 IP4", "IP4"),
        (9, "ff03 003d c0000001 0021 IP4", "nothing"),
        (9, "0031 0001 MAC 0800 IP4", "IP4"),
        (9, "0281 00001140 IP4", "IP4 in mpls"),
        (9, "c021 01010004", "nothing"),
        (9, "0047 00*8", "! unknown_ppp_0x47"),
        (50, "ff03 0057 IP6", "IP6"),
        (51, "11000001 len(0021 IP4)", "IP4"),
        (166, "0003 0021 IP4", "IP4"),
        (204, "00 ff03 0021 IP4", "IP4"),
        // Cisco's HDLC, frame relay.
        (104, "0f00 0800 IP4", "IP4"),
        (104, "8f00 8035 00*18", "nothing"),
        (205, "00 0f00 86dd IP6", "IP6"),
        (107, "1841 03 cc IP4", "IP4"),
        (107, "1841 03 00 80 000000 0800 IP4", "IP4"),
        (107, "1841 03 8e IP6", "IP6"),
        (107, "1841 0800 IP4", "IP4"),
        (107, "1840 0001 03 cc IP4", "IP4"),
        (107, "1841 03 00 80 0080c2 0007 MAC 0800 IP4", "IP4"),
        (107, "1841 03 cf 0021 IP4", "IP4"),
        (107, "1841 03 b7 00*4", "! unknown_nlpid_0xb7"),
        (107, "18404040 03 cc", "! malformed_frame relay"),
        (206, "00 1841 03 cc IP4", "IP4"),
        (8, "00*16 IP4", "IP4"),
        // ATM, rings and other LANs.
        (100, "SNAP 0800 IP4", "IP4"),
        (11, "fefe03 cc IP4", "IP4"),
        (100, "aaaa03 0080c2 0007 0000 MAC 0800 IP4", "IP4"),
        (106, "SNAP 86dd IP6", "IP6"),
        (123, "02000020 SNAP 0800 IP4", "IP4"),
        (123, "01000020 0001 MAC 0800 IP4", "IP4"),
        (6, "1040 MAC SNAP 0800 IP4", "IP4"),
        (6, "1040 02*6 82*6 0600 01020304 SNAP 0800 IP4", "IP4"),
        (6, "1000 MAC 00*8", "nothing"),
        (10, "50 MAC SNAP 0800 IP4", "IP4"),
        (122, "00*16 SNAP 0800 IP4", "IP4"),
        (138, "00*16 0800 IP4", "IP4"),
        (242, "00*40 0800 0000 IP4", "IP4"),
        (143, "0000 002e 0000 MAC 0800 IP4", "IP4"),
        (143, "0103 0031 120000 0000 MAC 0800 IP4", "IP4"),
        (143, "0103 0031 310080 0000 MAC 0800 IP4", "nothing"),
        (240, "00*4 MAC 0800 IP4", "IP4"),
        (259, "55*8 MAC 0800 IP4", "IP4"),
        (274, "55*7 d5 MAC 0800 IP4", "IP4"),
        (274, "55*7 61 00*20", "nothing"),
        (281, "MAC 20000001 0800 IP4", "IP4"),
        (282, "00000001 MAC 0800 IP4", "IP4"),
        (284, "MAC e0000005 0800 IP4", "IP4 vlan 5"),
        (285, "MAC dada 0000 c0000000 0800 IP4", "IP4"),
    ] {
        check(link_type, packet, expect);
    }
}

#[test]
fn wireless() {
    const HEAD: &str = "08010000 02*18 0000";
    const QOS: &str = "88010000 02*18 0000";
    for (link_type, packet, expect) in [
        (105, format!("{HEAD} SNAP 0800 IP4"), "IP4"),
        (105, format!("{QOS} 0000 SNAP 0800 IP4"), "IP4"),
        (105, "88810000 02*18 0000 0000 00*4 SNAP 0800 IP4".into(), "IP4"),
        (105, "08030000 02*18 0000 02*6 SNAP 0800 IP4".into(), "IP4"),
        // A mesh, with addresses of its own.
        (
            105,
            "88030000 02*18 0000 02*6 0001 021f00000001 02*12 SNAP 0800 IP4".into(),
            "IP4",
        ),
        // Encrypted; an acknowledgment; a frame without data; a beacon; a later piece.
        (105, "08410000 02*18 0000 00*60".into(), "nothing"),
        (105, "d4000000 02*6".into(), "nothing"),
        (105, "48010000 02*18 0000".into(), "nothing"),
        (105, "80000000 02*18 0000 00*30".into(), "nothing"),
        (105, "08010000 02*18 0100 SNAP 0800 IP4".into(), "nothing"),
        // Bundles: each datagram, whatever stands between; cut.
        (
            105,
            format!("{QOS} 8000 MAC len(SNAP 0800 IP4) 0000 MAC len(SNAP 0800 IP4b)"),
            "IP4; IP4b",
        ),
        (
            105,
            format!("{QOS} 8000 MAC len(SNAP 1234 00*4) 0000 MAC len(SNAP 0806 00*4) 0000 MAC len(SNAP 86dd IP6)"),
            "IP6; ! unknown_ether_type_0x1234",
        ),
        (
            105,
            format!("{QOS} 8000 MAC len(SNAP 0800 IP4) 0000 MAC"),
            "IP4; ! truncated_802.11 subframe",
        ),
        // Radiotap: a check sequence ends the frame, the header is padded, the flags stand behind a time.
        (127, format!("0000080000000000 {HEAD} SNAP 0800 IP4"), "IP4"),
        (
            127,
            format!("000009000200000010 {QOS} 8000 MAC len(SNAP 0800 IP4) 0000 MAC len(SNAP 0800 IP4b) 01020304"),
            "IP4; IP4b",
        ),
        (127, format!("000009000200000020 {QOS} 0000 0000 SNAP 0800 IP4"), "IP4"),
        (
            127,
            format!("0000110003000000 00*8 20 {QOS} 0000 0000 SNAP 0800 IP4"),
            "IP4",
        ),
        (
            127,
            format!("00000d0002000080 00000000 20 {QOS} 0000 0000 SNAP 0800 IP4"),
            "IP4",
        ),
        (127, format!("0000040000000000 {HEAD}"), "! malformed_radiotap"),
        (119, format!("44000000 90000000 00*136 {HEAD} SNAP 0800 IP4"), "IP4"),
        (119, format!("80211001 00000040 00*56 {HEAD} SNAP 0800 IP4"), "IP4"),
        (163, format!("80211001 00000040 00*56 {HEAD} SNAP 0800 IP4"), "IP4"),
        (192, format!("00000800 69000000 {HEAD} SNAP 0800 IP4"), "IP4"),
        (192, "00000800 01000000 MAC 0800 IP4".into(), "IP4"),
        (
            192,
            format!("00002000 69000000 0200 1400 00*8 0100 00*10 {HEAD} SNAP 0800 IP4 01020304"),
            "IP4",
        ),
        (192, "00000800 c0000000".repeat(40), "! malformed_link"),
    ] {
        check(link_type, &packet, expect);
    }
}

#[test]
fn tags() {
    for (packet, expect) in [
        ("MAC 0800 IP4", "IP4"),
        ("MAC 0800 IP6", "IP6"),
        ("MAC 86dd IP4", "! malformed_ipv6"),
        ("MAC 8100 2005 88a8 0006 0800 IP4", "IP4 vlan 5 vlan 6"),
        ("MAC 9100 0007 9200 0008 86dd IP6", "IP6 vlan 7 vlan 8"),
        ("MAC len(SNAP 0800 IP4) 00*6", "IP4"),
        ("MAC len(060603 IP4)", "IP4"),
        ("MAC len(fefe03 8e IP6)", "IP6"),
        ("MAC len(aaaa03 0000f8 0800 IP4)", "IP4"),
        ("MAC len(424203 00*35)", "nothing"),
        ("MAC len(aaaa03 00000c 2000 00*8)", "nothing"),
        ("MAC len(aaaa03 123456 0800 IP4)", "! unknown_llc_0xaa"),
        ("MAC len(ac0003 00*8)", "! unknown_llc_0xac"),
        ("MAC len(ffff 00*28)", "nothing"),
        ("MAC 8870 SNAP 0800 IP4", "IP4"),
        ("MAC 8864 11000001 len(0021 IP4) 00*4", "IP4 in pppoe"),
        ("MAC 8863 11090000 0000", "nothing"),
        ("MAC 8926 00000001 0800 IP4", "IP4"),
        ("MAC 892f 00200001 0800 IP4", "IP4"),
        ("MAC f1c1 00000001 0800 IP4", "IP4"),
        ("MAC 8909 010100010005 0800 IP4", "IP4"),
        ("MAC dada 0000 e0000009 0800 IP4", "IP4 vlan 9"),
        ("MAC 88e7 00000005 MAC 0800 IP4", "IP4 in pbb"),
        ("MAC 8903 0005 MAC 0800 IP4", "IP4 in fabricpath"),
        ("MAC 22f3 004500010002 00*4 MAC 0800 IP4", "IP4 in trill"),
        ("MAC 88e5 200000000001 02*8 0800 IP4 00*16", "IP4"),
        ("MAC 88e5 0c0000000001 0800 IP4 00*16", "nothing"),
        ("MAC 894f 00020201000005ff IP4", "IP4 in nsh"),
        ("MAC 894f 00020203000005ff MAC 86dd IP6", "IP6 in nsh"),
        ("MAC 894f 0002020900000000", "! unknown_nsh_0x9"),
        ("MAC 8847 00010040 00010140 IP6", "IP6 in mpls"),
        ("MAC 8847 00010140 00000000 MAC 0800 IP4", "IP4 in mpls"),
        ("MAC 8848 00010140 MAC 8100 0003 0800 IP4", "IP4 vlan 3 in mpls"),
        ("MAC 8847 00010140 MAC 0806 00*28", "nothing"),
        ("MAC 8847 00010140 1000 00*20", "nothing"),
        // Known to carry no IP, and unknown.
        ("MAC 0806 00*28", "nothing"),
        ("MAC 88cc 00*28", "nothing"),
        ("MAC 888e 00*28", "nothing"),
        ("MAC 8809 00*28", "nothing"),
        ("MAC 0842 ff*6 00*96", "nothing"),
        ("MAC 88b5 00*28", "! unknown_ether_type_0x88b5"),
        ("MAC 0800", "! truncated_ip"),
        ("MAC 08", "! truncated_ethernet"),
    ] {
        check(1, packet, expect);
    }
    // Nothing nested is followed without end.
    check(
        1,
        &format!("MAC {} 0800 IP4", "6558 MAC ".repeat(40)),
        "! malformed_link",
    );
    check(
        1,
        &format!("MAC 8847 {} IP4", "00010040 ".repeat(40)),
        "! malformed_mpls",
    );
}

#[test]
fn tunnels() {
    for (packet, expect) in [
        ("ip4/4( IP4 )", "IP4 in ipip"),
        ("ip4/41( IP6 )", "IP6 in 6in4"),
        ("ip6/4( IP4 )", "IP4 in ipip"),
        ("ip6/41( IP6 )", "IP6 in 6in4"),
        ("ip4/4( 50 00*20 )", "! malformed_ip"),
        ("ip4/97( 3000 MAC 0800 IP4 )", "IP4 in etherip"),
        ("ip4/137( 00010140 IP4 )", "IP4 in mpls"),
        ("ip4/51( 1104 00*22 03e807d0 000c0000 00*4 )", "outer"),
        // GRE and what it carries.
        ("ip4/47( 0000 0800 IP4 )", "IP4 in gre"),
        ("ip4/47( b000 86dd 00*12 IP6 )", "IP6 in gre"),
        ("ip4/47( 4000 0800 00*4 08000004 01020304 00*4 IP4 )", "IP4 in gre"),
        ("ip4/47( 2000 6558 00*4 MAC 0800 IP4 )", "IP4 in gre"),
        ("ip4/47( 3081 880b 00*12 ff03 0021 IP4 )", "IP4 in pptp"),
        ("ip4/47( 0000 1234 00*8 )", "! unknown_ether_type_0x1234"),
        ("ip4/47( 0000 88be MAC 0800 IP4 )", "IP4 in erspan"),
        (
            "ip4/47( 1000 88be 00*4 1001 00*6 MAC 8100 0004 0800 IP4 )",
            "IP4 vlan 4 in erspan",
        ),
        (
            "ip4/47( 1000 22eb 00*4 2001 00*9 01 00*8 MAC 0800 IP4 )",
            "IP4 in erspan",
        ),
        ("ip4/47( 0000 883e 00000000 IP4 )", "IP4 in gre"),
        // Over UDP.
        ("ip4/17( udp/4789( 08 00*7 MAC 0800 IP4 ) )", "IP4 in vxlan"),
        ("ip4/17( udp/8472( 08 00*7 MAC 0800 IP4 ) )", "IP4 in vxlan"),
        ("ip4/17( udp/4789( 00 00*7 MAC 0800 IP4 ) )", "outer"),
        ("ip4/17( udp/4789( 08 00*7 MAC 0806 00*28 ) )", "outer"),
        ("ip4/17( udp/4790( 0c000003 00*4 MAC 0800 IP4 ) )", "IP4 in vxlan"),
        ("ip4/17( udp/4790( 0c000002 00*4 IP6 ) )", "IP6 in vxlan"),
        ("ip4/17( udp/4790( 0c000004 00*4 00020201000005ff IP4 ) )", "IP4 in nsh"),
        (
            "ip4/17( udp/6081( 01006558 00000100 00*4 MAC 0800 IP4 ) )",
            "IP4 in geneve",
        ),
        ("ip4/17( udp/2152( 30ff0024 00000001 IP4 ) )", "IP4 in gtp"),
        (
            "ip4/17( udp/2152( 34ff002c 00000001 00000085 01000000 IP4 ) )",
            "IP4 in gtp",
        ),
        ("ip4/17( udp/2152( 3001 0004 00*8 ) )", "outer"),
        ("ip4/17( udp/3386( 1eff0024 00*16 IP4 ) )", "IP4 in gtp"),
        ("ip4/17( udp/3544( IP6 ) )", "IP6 in teredo"),
        ("ip4/17( udp/3544( 00010000 00*9 0000 00*6 IP6 ) )", "IP6 in teredo"),
        ("ip4/17( udp/1701( 0002 0001 0001 ff03 0021 IP4 ) )", "IP4 in l2tp"),
        (
            "ip4/17( udp/1701( 4a02 0030 00010001 00*4 0002 0000 21 IP4 ) )",
            "IP4 in l2tp",
        ),
        ("ip4/17( udp/1701( c802 000c 00*8 ) )", "outer"),
        ("ip4/17( udp/6635( 00010140 IP4 ) )", "IP4 in mpls"),
        ("ip4/17( udp/4754( 0000 0800 IP4 ) )", "IP4 in gre"),
        ("ip4/17( udp/4341( 00*8 IP6 ) )", "IP6 in lisp"),
        ("ip4/17( udp/6080( 01040000 00000000 IP4 ) )", "IP4 in ipip"),
        ("ip4/17( udp/6080( IP4 ) )", "IP4 in gue"),
        ("ip4/17( udp/6080( 00110000 00*8 ) )", "outer"),
        (
            "ip4/17( udp/37008( 01000001 0a0100 00 01 MAC 0800 IP4 ) )",
            "IP4 in tzsp",
        ),
        (
            "ip4/17( udp/37008( 01000012 01 08010000 02*18 0000 SNAP 0800 IP4 ) )",
            "IP4 in tzsp",
        ),
        ("ip4/17( udp/5247( 00100200 00*4 MAC 0800 IP4 ) )", "IP4 in capwap"),
        (
            "ip4/17( udp/5247( 00104300 00*4 08010000 02*18 0000 SNAP 0800 IP4 ) )",
            "IP4 in capwap",
        ),
        (
            "ip4/17( udp/5247( 00104300 00*4 01080000 02*18 0110 SNAP 0800 IP4 ) )",
            "IP4 in capwap",
        ),
        ("ip4/17( udp/5247( 01000000 00*20 ) )", "outer"),
        // In each other; the innermost is told.
        (
            "ip4/17( udp/4789( 08 00*7 MAC 0800 ip4/47( 0000 0800 IP4 ) ) )",
            "IP4 in gre",
        ),
    ] {
        check(101, packet, expect);
    }
}

#[test]
fn ip_headers() {
    const UDP: &str = "03e807d0 000c0000 01020304";
    const V4: &str = "4011 0000 0a000001 0a000002";
    const V6: &str = "fd 00*14 01 fd 00*14 02";
    for (packet, expect) in [
        // Lengths: beyond the frame, with padding behind, empty under offload, impossible.
        (format!("4500 0064 00010000 {V4} {UDP}"), "IP4"),
        (format!("4500 0020 00010000 {V4} {UDP} 00*20"), "IP4"),
        (format!("4500 0000 00010000 {V4} {UDP}"), "IP4"),
        (format!("4500 0013 00010000 {V4} {UDP}"), "! malformed_ipv4"),
        (format!("4400 0020 00010000 {V4} {UDP}"), "! malformed_ipv4"),
        (format!("4700 0028 00010000 {V4} 94040000 00*4 {UDP}"), "IP4"),
        ("4500 0020 0001".into(), "! truncated_ipv4"),
        // IPv6: extension headers, jumbograms, offload, a fragment header that says nothing.
        (
            format!("60000000 001c 0040 {V6} 3c00010400000000 1100010400000000 {UDP}"),
            "IP6",
        ),
        (format!("60000000 0014 3340 {V6} 1100 00*6 {UDP}"), "IP6"),
        (format!("60000000 0000 0040 {V6} 1100c20400000014 {UDP} 00*4"), "IP6"),
        (format!("60000000 0000 1140 {V6} {UDP}"), "IP6"),
        (format!("60000000 0014 2c40 {V6} 1100000000000007 {UDP}"), "IP6"),
        (format!("60000000 0014 8c40 {V6} 1100000000000007 {UDP}"), "IP6"),
        (format!("60000000 0008 0040 {V6}"), "! truncated_ipv6 extension"),
    ] {
        check(101, &packet, expect);
    }
}

#[test]
fn fragments() {
    const V4: &str = "4011 0000 0a000001 0a000002";
    const V6: &str = "fd 00*14 01 fd 00*14 02";
    let front = "03e807d0 00180000";
    for (packets, expect) in [
        // Both orders; every piece is a packet of the connection.
        (
            format!("4500 001c 00012000 {V4} {front} | 4500 0024 00010001 {V4} 05*16"),
            "IP4, 2 packets of 64 bytes",
        ),
        (
            format!("4500 0024 00010001 {V4} 05*16 | 4500 001c 00012000 {V4} {front}"),
            "IP4, 2 packets of 64 bytes",
        ),
        // A piece that comes twice; one that overlaps; one beyond the end.
        (
            format!(
                "4500 001c 00012000 {V4} {front} | 4500 001c 00012000 {V4} {front} | 4500 0024 00010001 {V4} 05*16"
            ),
            "IP4, 2 packets of 64 bytes",
        ),
        (
            format!("4500 0024 00012000 {V4} {front} 05*8 | 4500 0024 00010001 {V4} 06*16"),
            "IP4, 2 packets of 72 bytes; ! overlapping_fragments",
        ),
        (
            format!("4500 0024 00010001 {V4} 05*16 | 4500 003c 00012000 {V4} {front} 07*32"),
            "IP4, 2 packets of 96 bytes; ! overlapping_fragments",
        ),
        // A hole; a first piece that was cut, and one that was captured whole.
        (format!("4500 001c 00012000 {V4} {front}"), "! incomplete_datagram"),
        (format!("4500 0064 00012000 {V4} {front}"), "IP4"),
        (format!("4500 0064 00010001 {V4} 05*16"), "! malformed_ip"),
        // IPv6: extension headers may lie in the pieces; only the first says what the payload is.
        (
            format!(
                "60000000 0010 2c40 {V6} 1100000100000007 {front} | 60000000 0018 2c40 {V6} 0600000800000007 05*16"
            ),
            "IP6, 2 packets of 120 bytes",
        ),
        (
            format!(
                "60000000 0018 2c40 {V6} 3c00000100000007 1100010400000000 {front} | \
                 60000000 0018 2c40 {V6} 3c00001000000007 05*16"
            ),
            "IP6, 2 packets of 128 bytes",
        ),
        // An authentication header lies in the pieces too.
        (
            format!(
                "4500 002c 00012000 4033 0000 0a000001 0a000002 1104 00*22 | \
                 4500 0024 00010003 4033 0000 0a000001 0a000002 {front} 05*8"
            ),
            "IP4, 2 packets of 80 bytes",
        ),
        // Pieces of the outer datagram are not the inner one's; pieces inside a tunnel are.
        (
            format!(
                "4500 001c 00092000 4004 0000 c0a80001 0a000002 4500002c00010000 | \
                 4500 0038 00090001 4004 0000 c0a80001 0a000002 {V4} {front} 05*16"
            ),
            "IP4 in ipip",
        ),
        (
            format!("ip4/4( 4500 001c 00012000 {V4} {front} ) | ip4/4( 4500 0024 00010001 {V4} 05*16 )"),
            "IP4 in ipip, 2 packets of 64 bytes",
        ),
    ] {
        check(101, &packets, expect);
    }
}

#[test]
fn datagrams_of_one_packet_give_the_same_rows_on_any_number_of_threads() {
    let packet = bytes(
        "88010000 02*18 0000 8000 MAC len(SNAP 0800 IP4) 0000 MAC len(SNAP 0800 IP4b) 0000 MAC len(SNAP 86dd IP6)",
    );
    let file = capture(105, &[packet.clone(), packet]);
    let on = |threads| {
        common::ingest(
            &file,
            &Options {
                threads,
                ..Options::default()
            },
        )
    };
    let (one, _) = on(1);
    assert_eq!((one.rows("conns"), one.rows("packets")), (3, 2));
    for threads in [2, 3, 16] {
        assert_eq!(on(threads).0, one, "{threads} threads");
    }
}

#[test]
fn any_cut_of_any_frame_is_no_more_than_an_anomaly() {
    let frame = bytes("MAC 8100 0005 0800 ip4/17( udp/4789( 08 00*7 MAC 86dd IP6 ) )");
    for length in 0..frame.len() {
        let cut = frame[..length].to_vec();
        let (_, report) = found(1, &[cut]);
        assert_eq!(report.packets, 1);
    }
}

#[test]
fn what_begins_in_one_bundle_is_told_apart_by_its_index() {
    const QOS: &str = "88010000 02*18 0000";
    let bundle = format!("{QOS} 8000 MAC len(SNAP 0800 IP4) 0000 MAC len(SNAP 0800 IP4b) 0000 MAC len(SNAP 86dd IP6)");
    let capture = capture(105, &[bytes(&bundle), bytes(&bundle)]);
    for threads in [1, 2, 8] {
        let mut options = Options {
            threads,
            ..Options::default()
        };
        options.recognition.raw_entries = true;
        let (kept, _) = common::ingest(&capture, &options);
        let begun = vec![(1, 0), (1, 1), (1, 2)];
        let entries = [1, 2].map(|id| [(id, 0), (id, 1 << 16), (id, 2 << 16)]).concat();
        for (table, expected) in [("conns", begun.clone()), ("flows", begun), ("udp", entries)] {
            let mut found = Vec::new();
            for batch in kept.of(table) {
                let int = |name| {
                    batch
                        .column_by_name(name)
                        .expect("it has one")
                        .as_primitive::<Int64Type>()
                };
                found.extend(
                    int("id")
                        .values()
                        .iter()
                        .copied()
                        .zip(int("index").values().iter().copied()),
                );
            }
            assert_eq!(found, expected, "{table}");
        }
    }
}
