//! What in a hello is known to be weak.
//!
//! Specification: RFC 6176 (SSL 2.0), RFC 7568 (SSL 3.0), RFC 8996 (TLS 1.0 and 1.1, DTLS 1.0), RFC 7465 (RC4), RFC 8429 (3DES),
//! RFC 9325 §4.1 (null, export, anonymous, less than 112 bits: DES, RC2), RFC 6151 (MD5).

use super::suites;

/// Parts of suites' names, and what they are called as a finding.
const SUITE_PARTS: [(&str, &str); 9] = [
    ("_RC4_", "rc4"),
    ("_3DES_", "3des"),
    ("_DES_", "des"),
    ("_DES40_", "des"),
    ("_RC2_", "rc2"),
    ("_NULL", "null"),
    ("_EXPORT", "export"),
    ("_anon_", "anon"),
    ("_MD5", "md5"),
];

/// Versions, and what they are called as a finding.
const VERSIONS: [(u16, &str); 6] = [
    (0x0002, "sslv2"),
    (0x0300, "sslv3"),
    (0x0301, "tls1.0"),
    (0x0302, "tls1.1"),
    (0xfeff, "dtls1.0"),
    (0x0100, "dtls1.0"),
];

/// The findings in versions and suites offered or chosen, in a fixed order.
pub(super) fn findings(versions: &[u16], chosen: &[u16]) -> Vec<&'static str> {
    let mut findings = Vec::new();
    let named: Vec<&str> = chosen.iter().filter_map(|suite| suites::name(*suite)).collect();
    for (version, finding) in VERSIONS {
        findings.extend(versions.contains(&version).then_some(finding));
    }
    for (part, finding) in SUITE_PARTS {
        let is_new = !findings.contains(&finding);
        findings.extend((is_new && named.iter().any(|name| name.contains(part))).then_some(finding));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_versions_and_suites_are_found() {
        assert_eq!(
            findings(&[0x0304, 0x0303], &[0x1301, 0xc02f, 0x00ff]),
            Vec::<&str>::new()
        );
        assert_eq!(findings(&[0x0301], &[0x0004, 0x000a]), ["tls1.0", "rc4", "3des", "md5"]);
        assert_eq!(
            findings(&[0x0300], &[0x0003, 0x0018, 0x0002]),
            ["sslv3", "rc4", "null", "export", "anon", "md5"]
        );
        assert_eq!(
            findings(&[0x0302, 0xfeff], &[0x0008, 0x0009]),
            ["tls1.1", "dtls1.0", "des", "export"]
        );
    }
}
