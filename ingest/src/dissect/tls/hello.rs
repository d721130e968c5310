//! ClientHello and ServerHello, read as far as they can be.
//!
//! Specification: RFC 8446 §4.1 and §4.2, RFC 5246 §7.4.1, RFC 6066 §3 (server name), RFC 7301 (ALPN), RFC 8422 §5.1 (groups and
//! point formats), RFC 5246 appendix E.2 (the hello in the format of SSL 2.0).

/// Extensions that are looked into.
mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const SUPPORTED_GROUPS: u16 = 10;
    pub const POINT_FORMATS: u16 = 11;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const ALPN: u16 = 16;
    pub const SUPPORTED_VERSIONS: u16 = 43;
}

pub(super) use extension::{ALPN, SERVER_NAME};

/// What a client offers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ClientHello {
    /// The version field, which TLS 1.3 freezes at 1.2.
    pub legacy_version: u16,
    pub suites: Vec<u16>,
    /// Types of the extensions, in order.
    pub extensions: Vec<u16>,
    pub server_name: Option<String>,
    pub alpn: Vec<String>,
    /// The first of them as it was sent, which need not be text.
    pub first_alpn: Vec<u8>,
    pub versions: Vec<u16>,
    pub groups: Vec<u16>,
    pub point_formats: Vec<u8>,
    pub signatures: Vec<u16>,
    /// False if the hello is damaged or cut, so that fingerprints of it would be wrong.
    pub is_whole: bool,
}

/// What a server chose.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ServerHello {
    /// The version field, which TLS 1.3 freezes at 1.2.
    pub legacy_version: u16,
    pub suite: u16,
    /// Types of the extensions, in order.
    pub extensions: Vec<u16>,
    pub alpn: Vec<String>,
    pub version: Option<u16>,
    /// False if the hello is damaged or cut, so that fingerprints of it would be wrong.
    pub is_whole: bool,
}

impl ClientHello {
    /// Reads the body of the handshake message; `None` if not even the suites are there.
    pub fn read(body: &[u8]) -> Option<Self> {
        Self::read_with(body, false)
    }

    /// Reads the body of the handshake message in the format of DTLS, which has a cookie (RFC 6347 §4.2.1).
    pub fn read_dtls(body: &[u8]) -> Option<Self> {
        Self::read_with(body, true)
    }

    fn read_with(body: &[u8], has_cookie: bool) -> Option<Self> {
        let mut bytes = Cursor(body);
        let legacy_version = bytes.u16()?;
        bytes.take(32)?;
        bytes.vector8()?;
        if has_cookie {
            bytes.vector8()?;
        }
        let suites = words(bytes.vector16()?);
        let mut hello = Self {
            legacy_version,
            suites,
            ..Self::default()
        };
        hello.is_whole = hello.read_rest(&mut bytes).is_some();
        Some(hello)
    }

    fn read_rest(&mut self, bytes: &mut Cursor<'_>) -> Option<()> {
        bytes.vector8()?;
        // Before extensions were invented hellos ended here; one more byte is not a list of them either.
        if bytes.0.len() < 2 {
            return Some(());
        }
        let mut extensions = Cursor(bytes.vector16()?);
        while !extensions.0.is_empty() {
            let kind = extensions.u16()?;
            let mut data = Cursor(extensions.vector16()?);
            self.extensions.push(kind);
            // An extension that contradicts its own lengths says nothing; the others still do.
            let _ = self.read_extension(kind, &mut data);
        }
        Some(())
    }

    fn read_extension(&mut self, kind: u16, data: &mut Cursor<'_>) -> Option<()> {
        match kind {
            extension::SERVER_NAME => {
                let mut names = Cursor(data.vector16()?);
                while !names.0.is_empty() {
                    let is_host = names.u8()? == 0;
                    let name = names.vector16()?;
                    if is_host && self.server_name.is_none() {
                        self.server_name = Some(String::from_utf8_lossy(name).into_owned());
                    }
                }
            }
            extension::ALPN => {
                let mut first = Cursor(data.0.get(2..)?);
                self.first_alpn = first.vector8()?.to_vec();
                self.alpn = protocols(data)?;
            }
            extension::SUPPORTED_VERSIONS => self.versions = words(data.vector8()?),
            extension::SUPPORTED_GROUPS => self.groups = words(data.vector16()?),
            extension::POINT_FORMATS => self.point_formats = data.vector8()?.to_vec(),
            extension::SIGNATURE_ALGORITHMS => self.signatures = words(data.vector16()?),
            _ => {}
        }
        Some(())
    }

    /// Reads a hello in the format of SSL 2.0, without the length of its record.
    pub fn read_v2(body: &[u8]) -> Option<Self> {
        let mut bytes = Cursor(body);
        bytes.u8().filter(|kind| *kind == super::CLIENT_HELLO)?;
        let legacy_version = bytes.u16()?;
        let suites_bytes = usize::from(bytes.u16()?);
        bytes.take(4)?;
        // Suites of SSL 2.0 proper have a first byte that is not 0, and no number in TLS.
        let suites = bytes
            .take(suites_bytes)?
            .chunks_exact(3)
            .filter_map(|suite| match suite {
                [0, high, low] => Some(u16::from_be_bytes([*high, *low])),
                _ => None,
            });
        Some(Self {
            legacy_version,
            suites: suites.collect(),
            ..Self::default()
        })
    }

    /// The highest version offered: a final one if there is any, else a draft's.
    pub fn highest_version(&self) -> u16 {
        let published = self.offered().filter(|version| is_published(*version)).max_by_key(rank);
        published.unwrap_or_else(|| self.highest_number())
    }

    /// The highest version offered, drafts' included.
    pub fn highest_number(&self) -> u16 {
        self.offered().max_by_key(rank).unwrap_or(self.legacy_version)
    }

    fn offered(&self) -> impl Iterator<Item = u16> {
        self.versions.iter().copied().filter(|version| !is_grease(*version))
    }
}

impl ServerHello {
    /// Reads the body of the handshake message; `None` if not even the suite is there.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut bytes = Cursor(body);
        let legacy_version = bytes.u16()?;
        bytes.take(32)?;
        // Drafts of TLS 1.3 before the 22nd had neither session nor compression (their numbers are 0x7f01 to 0x7f15).
        let is_short = (0x7f01..=0x7f15).contains(&legacy_version);
        if !is_short {
            bytes.vector8()?;
        }
        let mut hello = Self {
            legacy_version,
            suite: bytes.u16()?,
            ..Self::default()
        };
        hello.is_whole = hello.read_rest(&mut bytes, is_short).is_some();
        Some(hello)
    }

    fn read_rest(&mut self, bytes: &mut Cursor<'_>, is_short: bool) -> Option<()> {
        if !is_short {
            bytes.u8()?;
        }
        if bytes.0.len() < 2 {
            return Some(());
        }
        let mut extensions = Cursor(bytes.vector16()?);
        while !extensions.0.is_empty() {
            let kind = extensions.u16()?;
            let mut data = Cursor(extensions.vector16()?);
            self.extensions.push(kind);
            match kind {
                extension::ALPN => self.alpn = protocols(&mut data).unwrap_or_default(),
                extension::SUPPORTED_VERSIONS => self.version = data.u16(),
                _ => {}
            }
        }
        Some(())
    }

    /// The version chosen.
    pub fn chosen_version(&self) -> u16 {
        self.version.unwrap_or(self.legacy_version)
    }
}

fn is_published(version: u16) -> bool {
    matches!(version, 0x0300..=0x0304 | 0xfefc | 0xfefd | 0xfeff)
}

/// Orders versions: the numbers of DTLS go down as it gets newer.
fn rank(version: &u16) -> u16 {
    match version {
        0xfe00..=0xfeff => 0xffff_u16.saturating_sub(*version),
        version => *version,
    }
}

/// True for the numbers that clients strew in to keep servers tolerant (RFC 8701 §2).
pub(super) fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn protocols(data: &mut Cursor<'_>) -> Option<Vec<String>> {
    let mut list = Cursor(data.vector16()?);
    let mut protocols = Vec::new();
    while !list.0.is_empty() {
        protocols.push(String::from_utf8_lossy(list.vector8()?).into_owned());
    }
    Some(protocols)
}

fn words(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .filter_map(|word| word.try_into().ok())
        .map(u16::from_be_bytes)
        .collect()
}

/// Reads from the front of bytes.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().map(u16::from_be_bytes).ok()
    }

    /// A vector behind its length in one byte.
    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u8()?);
        self.take(length)
    }

    /// A vector behind its length in two bytes.
    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?);
        self.take(length)
    }
}
