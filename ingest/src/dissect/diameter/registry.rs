//! Names of commands and applications.
//!
//! Specification: IANA, Authentication, Authorization, and Accounting (AAA) Parameters: command codes and application identifiers; 3GPP
//! TS 29.230 for those that were given to 3GPP.

use std::borrow::Cow;

/// The name of a command, without "Request" and "Answer"; `None` if there is none.
pub(super) fn command_name(code: u32) -> Option<&'static str> {
    look_up(COMMANDS, code)
}

/// The name of a command, or its number.
pub(super) fn name_of_command(code: u32) -> Cow<'static, str> {
    command_name(code).map_or_else(|| format!("command {code}").into(), Into::into)
}

/// The short name of an application, "" of the base protocol; `None` if there is none.
pub(super) fn application_name(id: u32) -> Option<&'static str> {
    look_up(APPLICATIONS, id)
}

fn look_up(names: &[(u32, &'static str)], number: u32) -> Option<&'static str> {
    let place = names.binary_search_by_key(&number, |(known, _)| *known).ok()?;
    names.get(place).map(|(_, name)| *name)
}

const COMMANDS: &[(u32, &str)] = &[
    (257, "Capabilities-Exchange"),
    (258, "Re-Auth"),
    (260, "AA-Mobile-Node"),
    (262, "Home-Agent-MIP"),
    (265, "AA"),
    (268, "Diameter-EAP"),
    (271, "Accounting"),
    (272, "Credit-Control"),
    (274, "Abort-Session"),
    (275, "Session-Termination"),
    (280, "Device-Watchdog"),
    (282, "Disconnect-Peer"),
    (283, "User-Authorization"),
    (284, "Server-Assignment"),
    (285, "Location-Info"),
    (286, "Multimedia-Auth"),
    (287, "Registration-Termination"),
    (288, "Push-Profile"),
    (300, "User-Authorization"),
    (301, "Server-Assignment"),
    (302, "Location-Info"),
    (303, "Multimedia-Auth"),
    (304, "Registration-Termination"),
    (305, "Push-Profile"),
    (306, "User-Data"),
    (307, "Profile-Update"),
    (308, "Subscribe-Notifications"),
    (309, "Push-Notification"),
    (310, "Bootstrapping-Info"),
    (311, "Message-Process"),
    (312, "GBAPush-Info"),
    (314, "Policy-Data"),
    (315, "Policy-Install"),
    (316, "Update-Location"),
    (317, "Cancel-Location"),
    (318, "Authentication-Information"),
    (319, "Insert-Subscriber-Data"),
    (320, "Delete-Subscriber-Data"),
    (321, "Purge-UE"),
    (322, "Reset"),
    (323, "Notify"),
    (324, "ME-Identity-Check"),
    (325, "MIP6"),
    (326, "QoS-Authorization"),
    (327, "QoS-Install"),
    (328, "Capabilities-Update"),
    (329, "IKEv2-SK"),
    (330, "NAT-Control"),
    (8_388_620, "Provide-Location"),
    (8_388_621, "Location-Report"),
    (8_388_622, "LCS-Routing-Info"),
    (8_388_635, "Spending-Limit"),
    (8_388_636, "Spending-Status-Notification"),
    (8_388_637, "TDF-Session"),
    (8_388_638, "Update-VCSG-Location"),
    (8_388_639, "Device-Action"),
    (8_388_640, "Device-Notification"),
    (8_388_641, "Subscriber-Information"),
    (8_388_642, "Cancel-VCSG-Location"),
    (8_388_643, "Device-Trigger"),
    (8_388_644, "Delivery-Report"),
    (8_388_645, "MO-Forward-Short-Message"),
    (8_388_646, "MT-Forward-Short-Message"),
    (8_388_647, "Send-Routing-Info-for-SM"),
    (8_388_648, "Alert-Service-Centre"),
    (8_388_649, "Report-SM-Delivery-Status"),
    (8_388_656, "Trigger-Establishment"),
    (8_388_662, "GCS-Action"),
    (8_388_663, "GCS-Notification"),
    (8_388_664, "ProSe-Subscriber-Information"),
    (8_388_665, "Update-ProSe-Subscriber-Data"),
    (8_388_666, "ProSe-Notify"),
    (8_388_667, "Reset"),
    (8_388_713, "ProSe-Initial-Location-Information"),
    (8_388_718, "Configuration-Information"),
    (8_388_719, "Reporting-Information"),
    (8_388_720, "Non-Aggregated-RUCI-Report"),
    (8_388_721, "Aggregated-RUCI-Report"),
    (8_388_722, "Modify-Uecontext"),
    (8_388_726, "NIDD-Information"),
    (8_388_732, "Connection-Management"),
    (8_388_733, "MO-Data"),
    (8_388_734, "MT-Data"),
];

const APPLICATIONS: &[(u32, &str)] = &[
    (0, ""),
    (1, "NASREQ"),
    (2, "Mobile IPv4"),
    (3, "Base Accounting"),
    (4, "Credit Control"),
    (5, "EAP"),
    (6, "SIP"),
    (7, "Mobile IPv6 IKE"),
    (8, "Mobile IPv6 Auth"),
    (9, "QoS"),
    (10, "Capabilities Update"),
    (11, "IKE SK"),
    (12, "NAT Control"),
    (16_777_216, "Cx"),
    (16_777_217, "Sh"),
    (16_777_218, "Re"),
    (16_777_219, "Wx"),
    (16_777_220, "Zn"),
    (16_777_221, "Zh"),
    (16_777_222, "Gq"),
    (16_777_223, "Gmb"),
    (16_777_224, "Gx (first version)"),
    (16_777_225, "Gx over Gy"),
    (16_777_226, "MM10"),
    (16_777_227, "Ericsson MSI"),
    (16_777_228, "Ericsson Zx"),
    (16_777_229, "Rx (first version)"),
    (16_777_230, "Pr"),
    (16_777_231, "e4"),
    (16_777_236, "Rx"),
    (16_777_237, "e2"),
    (16_777_238, "Gx"),
    (16_777_250, "STa"),
    (16_777_251, "S6a"),
    (16_777_252, "S13"),
    (16_777_253, "EAP with MIP6"),
    (16_777_255, "SLg"),
    (16_777_264, "SWm"),
    (16_777_265, "SWx"),
    (16_777_266, "Gxx"),
    (16_777_267, "S9"),
    (16_777_268, "Zpn"),
    (16_777_272, "S6b"),
    (16_777_291, "SLh"),
    (16_777_292, "SGmb"),
    (16_777_302, "Sy"),
    (16_777_303, "Sd"),
    (16_777_308, "S7a"),
    (16_777_309, "Tsp"),
    (16_777_310, "S6m"),
    (16_777_311, "T4"),
    (16_777_312, "S6c"),
    (16_777_313, "SGd"),
    (16_777_318, "S15"),
    (16_777_319, "S9a"),
    (16_777_335, "MB2-C"),
    (16_777_336, "PC4a"),
    (16_777_337, "PC2"),
    (16_777_340, "PC6"),
    (16_777_342, "Np"),
    (16_777_345, "S6t"),
    (16_777_346, "T6a"),
    (16_777_347, "Ns"),
    (16_777_348, "Nt"),
    (16_777_349, "St"),
    (u32::MAX, "Relay"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order() {
        assert!(COMMANDS.is_sorted_by_key(|(code, _)| *code));
        assert!(APPLICATIONS.is_sorted_by_key(|(id, _)| *id));
        assert_eq!(
            (command_name(316), application_name(16_777_251)),
            (Some("Update-Location"), Some("S6a"))
        );
        assert_eq!(name_of_command(5), "command 5");
    }
}
