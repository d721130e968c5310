//! Names of the numbers in SCTP chunks.
//!
//! Specification: IANA, Stream Control Transmission Protocol (SCTP) Parameters.

use std::borrow::Cow;

/// The name of a chunk's type; "type" and the number where there is none.
pub(super) fn chunk_name(kind: u8) -> Cow<'static, str> {
    match CHUNKS.binary_search_by_key(&kind, |(known, _)| *known) {
        Ok(place) => CHUNKS.get(place).map_or("", |(_, name)| name).into(),
        Err(_) => format!("type {kind}").into(),
    }
}

/// The name of a payload protocol, if it is registered.
pub(super) fn payload_protocol_name(number: u32) -> Option<&'static str> {
    let place = PAYLOADS.binary_search_by_key(&number, |(known, _)| *known).ok()?;
    PAYLOADS.get(place).map(|(_, name)| *name)
}

/// The name of an error's cause; "cause" and the number where there is none.
pub(super) fn cause_name(number: u16) -> Cow<'static, str> {
    match CAUSES.binary_search_by_key(&number, |(known, _)| *known) {
        Ok(place) => CAUSES.get(place).map_or("", |(_, name)| name).into(),
        Err(_) => format!("cause {number}").into(),
    }
}

const CHUNKS: &[(u8, &str)] = &[
    (0, "DATA"),
    (1, "INIT"),
    (2, "INIT ACK"),
    (3, "SACK"),
    (4, "HEARTBEAT"),
    (5, "HEARTBEAT ACK"),
    (6, "ABORT"),
    (7, "SHUTDOWN"),
    (8, "SHUTDOWN ACK"),
    (9, "ERROR"),
    (10, "COOKIE ECHO"),
    (11, "COOKIE ACK"),
    (12, "ECNE"),
    (13, "CWR"),
    (14, "SHUTDOWN COMPLETE"),
    (15, "AUTH"),
    (64, "I-DATA"),
    (128, "ASCONF-ACK"),
    (130, "RE-CONFIG"),
    (132, "PAD"),
    (192, "FORWARD TSN"),
    (193, "ASCONF"),
    (194, "I-FORWARD-TSN"),
];

const CAUSES: &[(u16, &str)] = &[
    (1, "invalid stream identifier"),
    (2, "missing mandatory parameter"),
    (3, "stale cookie"),
    (4, "out of resource"),
    (5, "unresolvable address"),
    (6, "unrecognized chunk type"),
    (7, "invalid mandatory parameter"),
    (8, "unrecognized parameters"),
    (9, "no user data"),
    (10, "cookie received while shutting down"),
    (11, "restart of an association with new addresses"),
    (12, "user-initiated abort"),
    (13, "protocol violation"),
    (160, "request to delete last remaining IP address"),
    (161, "operation refused due to resource shortage"),
    (162, "request to delete source IP address"),
    (163, "association aborted due to illegal ASCONF-ACK"),
    (164, "request refused, no authorization"),
    (261, "unsupported HMAC identifier"),
];

const PAYLOADS: &[(u32, &str)] = &[
    (1, "IUA"),
    (2, "M2UA"),
    (3, "M3UA"),
    (4, "SUA"),
    (5, "M2PA"),
    (6, "V5UA"),
    (7, "H.248"),
    (8, "BICC"),
    (9, "TALI"),
    (10, "DUA"),
    (11, "ASAP"),
    (12, "ENRP"),
    (13, "H.323"),
    (14, "Q.IPC"),
    (15, "SIMCO"),
    (16, "DDP segment"),
    (17, "DDP stream session control"),
    (18, "S1AP"),
    (19, "RUA"),
    (20, "HNBAP"),
    (21, "ForCES-HP"),
    (22, "ForCES-MP"),
    (23, "ForCES-LP"),
    (24, "SBc-AP"),
    (25, "NBAP"),
    (27, "X2AP"),
    (28, "IRCP"),
    (29, "LCS-AP"),
    (30, "MPICH2"),
    (31, "SABP"),
    (32, "FGP"),
    (33, "PPP"),
    (34, "CALCAPP"),
    (35, "SSP"),
    (36, "NPMP-CONTROL"),
    (37, "NPMP-DATA"),
    (38, "ECHO"),
    (39, "DISCARD"),
    (40, "DAYTIME"),
    (41, "CHARGEN"),
    (42, "RNA"),
    (43, "M2AP"),
    (44, "M3AP"),
    (45, "SSH"),
    (46, "Diameter"),
    (47, "Diameter over DTLS"),
    (48, "R14P"),
    (49, "GDT"),
    (50, "WebRTC DCEP"),
    (51, "WebRTC String"),
    (52, "WebRTC Binary Partial"),
    (53, "WebRTC Binary"),
    (54, "WebRTC String Partial"),
    (55, "PUA"),
    (56, "WebRTC String Empty"),
    (57, "WebRTC Binary Empty"),
    (58, "XwAP"),
    (59, "Xw control plane"),
    (60, "NGAP"),
    (61, "XnAP"),
    (62, "F1AP"),
    (63, "HTTP/SCTP"),
    (64, "E1AP"),
    (65, "ELE2"),
    (66, "NGAP over DTLS"),
    (67, "XnAP over DTLS"),
    (68, "F1AP over DTLS"),
    (69, "E1AP over DTLS"),
    (70, "E2-CP"),
    (71, "E2-UP"),
    (72, "E2-DU"),
    (73, "W1AP"),
];
