//! EtherTypes: what a frame says that it carries.
//!
//! Specification: IANA "IEEE 802 Numbers", IEEE 802.3 §3.2.6; for those that no list has, what sends them.

pub(super) const IPV4: u16 = 0x0800;
pub(super) const CISCO_DISCOVERY: u16 = 0x2000;
pub(super) const TRILL: u16 = 0x22f3;
pub(super) const TRANSPARENT_ETHERNET: u16 = 0x6558;
pub(super) const SLARP: u16 = 0x8035;
pub(super) const VLAN: u16 = 0x8100;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const PPP: u16 = 0x880b;
pub(super) const MPLS: u16 = 0x8847;
pub(super) const MPLS_MULTICAST: u16 = 0x8848;
pub(super) const PPPOE_SESSION: u16 = 0x8864;
/// LLC frames longer than the length field can say.
pub(super) const JUMBO_LLC: u16 = 0x8870;
pub(super) const SERVICE_VLAN: u16 = 0x88a8;
pub(super) const MAC_SECURITY: u16 = 0x88e5;
pub(super) const BACKBONE_SERVICE: u16 = 0x88e7;
pub(super) const FABRIC_PATH: u16 = 0x8903;
pub(super) const CISCO_METADATA: u16 = 0x8909;
pub(super) const VN_TAG: u16 = 0x8926;
/// High-availability Seamless Redundancy (IEC 62439-3).
pub(super) const SEAMLESS_REDUNDANCY: u16 = 0x892f;
pub(super) const SERVICE_HEADER: u16 = 0x894f;
pub(super) const OLD_SERVICE_VLANS: [u16; 3] = [0x9100, 0x9200, 0x9300];
pub(super) const SWITCH_TAG: u16 = 0xdada;
/// Redundancy tag (IEEE 802.1CB).
pub(super) const REDUNDANCY_TAG: u16 = 0xf1c1;
/// Below it the field is a length.
pub(super) const FIRST: u16 = 0x0600;

/// What is known to carry no IP: no finding. In order, for the search.
const WITHOUT_IP: &[u16] = &[
    0x0600, // XNS
    0x0806, // ARP
    0x0842, // wake-on-LAN
    0x0bad, // VINES
    0x0baf, // VINES echo
    0x2000, // Cisco discovery
    0x2004, // Cisco dynamic trunking
    0x22ea, // stream reservation
    0x22f0, // audio and video transport
    0x22f4, // IS-IS of TRILL
    0x6000, 0x6001, 0x6002, 0x6003, 0x6004, 0x6005, 0x6006, 0x6007, // DEC
    0x8035, // reverse ARP, Cisco SLARP
    0x809b, // AppleTalk
    0x80f3, // AppleTalk ARP
    0x8137, 0x8138, // IPX
    0x8191, // NetBEUI
    0x8808, // pause and other MAC control
    0x8809, // slow protocols: LACP, OAM
    0x8819, // CobraNet
    0x8863, // PPPoE discovery
    0x886d, // Intel teaming
    0x887b, // HomePlug
    0x888e, // EAPOL
    0x8892, // PROFINET
    0x8899, // Realtek
    0x88a2, // ATA over Ethernet
    0x88a4, // EtherCAT
    0x88ab, // POWERLINK
    0x88b8, // GOOSE
    0x88b9, // GSE management
    0x88ba, // sampled values
    0x88bb, // LWAPP
    0x88c7, // 802.11 pre-authentication
    0x88ca, // TIPC
    0x88cc, // LLDP
    0x88cd, // SERCOS
    0x88d9, // LLTD
    0x88e1, // HomePlug AV
    0x88e3, // media redundancy
    0x88f5, // MVRP
    0x88f6, // MMRP
    0x88f7, // precision time
    0x88f8, // NCSI
    0x88fb, // PRP supervision
    0x8902, // connectivity faults
    0x8906, // Fibre Channel
    0x890d, // 802.11 TDLS
    0x8912, // mediaxtream
    0x8914, // Fibre Channel initialization
    0x8915, // RDMA
    0x891d, // TTEthernet
    0x893a, // IEEE 1905
    0x893f, // 802.1BR
    0x9000, // loopback test
];

/// True if a frame of this type carries no IP, as everybody knows.
pub(super) fn is_without_ip(ether_type: u16) -> bool {
    WITHOUT_IP.binary_search(&ether_type).is_ok()
}

/// True if a type says what a frame carries: IP, a usual tag, or what carries no IP.
pub(super) fn is_known(ether_type: u16) -> bool {
    is_without_ip(ether_type)
        || matches!(
            ether_type,
            IPV4 | IPV6 | VLAN | SERVICE_VLAN | MPLS | MPLS_MULTICAST | PPPOE_SESSION
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(WITHOUT_IP.is_sorted());
        assert!(is_without_ip(0x88cc) && is_without_ip(0x0806) && !is_without_ip(IPV4));
    }
}
