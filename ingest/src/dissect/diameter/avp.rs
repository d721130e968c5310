//! Attribute-value pairs.
//!
//! Specification: RFC 6733 §4.1 and §4.5; the numbers of 3GPP are those of TS 29.230.

/// Codes of AVPs that are looked at.
pub(super) mod code {
    pub const USER_NAME: u32 = 1;
    pub const SESSION_ID: u32 = 263;
    pub const ORIGIN_HOST: u32 = 264;
    pub const RESULT_CODE: u32 = 268;
    pub const DISCONNECT_CAUSE: u32 = 273;
    pub const ERROR_MESSAGE: u32 = 281;
    pub const EXPERIMENTAL_RESULT: u32 = 297;
    pub const EXPERIMENTAL_RESULT_CODE: u32 = 298;
    pub const CC_REQUEST_TYPE: u32 = 416;
    pub const SUBSCRIPTION_ID: u32 = 443;
    pub const SUBSCRIPTION_ID_DATA: u32 = 444;
    pub const ACCOUNTING_RECORD_TYPE: u32 = 480;
    pub const PUBLIC_IDENTITY: u32 = 601;
    pub const USER_IDENTITY: u32 = 700;
    pub const MSISDN: u32 = 701;
}

/// The vendor of what 3GPP defines.
pub(super) const VENDOR_3GPP: u32 = 10415;

const HEADER_BYTES: usize = 8;
const HAS_VENDOR: u8 = 0x80;
const RESERVED: u8 = 0x1f;

/// AVPs of a message or of a grouped AVP, from the front of these bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Avps<'a>(pub &'a [u8]);

/// An AVP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Avp<'a> {
    pub code: u32,
    /// 0 if it is one of the base protocol's.
    pub vendor: u32,
    pub data: &'a [u8],
}

impl<'a> Avps<'a> {
    /// The data of the first AVP of a code.
    pub fn data(&self, vendor: u32, code: u32) -> Option<&'a [u8]> {
        let mut avps = *self;
        let found = avps.find(|avp| (avp.vendor, avp.code) == (vendor, code));
        found.map(|avp| avp.data)
    }

    /// The AVPs inside the first AVP of a code.
    pub fn group(&self, vendor: u32, code: u32) -> Option<Avps<'a>> {
        self.data(vendor, code).map(Avps)
    }

    /// The text of the first AVP of a code.
    pub fn text(&self, vendor: u32, code: u32) -> Option<String> {
        let text = self.data(vendor, code).map(String::from_utf8_lossy)?;
        Some(text.into_owned()).filter(|text| !text.is_empty())
    }

    /// The number of the first AVP of a code.
    pub fn number(&self, code: u32) -> Option<u32> {
        self.data(0, code)?.try_into().map(u32::from_be_bytes).ok()
    }
}

/// Ends at the first AVP that cannot be, which is left in front.
impl<'a> Iterator for Avps<'a> {
    type Item = Avp<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let header = Header::read(self.0)?;
        let length = usize::try_from(header.length).ok()?;
        let data = self.0.get(header.bytes()..length)?;
        // The last may lack its padding.
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Avp {
            code: header.code,
            vendor: header.vendor.unwrap_or(0),
            data,
        })
    }
}

/// What precedes the data of an AVP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub code: u32,
    pub flags: u8,
    pub length: u32,
    pub vendor: Option<u32>,
}

impl Header {
    /// Reads the header that begins the bytes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (code, rest) = bytes.split_first_chunk()?;
        let (&[flags, l0, l1, l2], rest) = rest.split_first_chunk()?;
        let vendor = match flags & HAS_VENDOR {
            0 => None,
            _ => Some(u32::from_be_bytes(*rest.first_chunk()?)),
        };
        Some(Self {
            code: u32::from_be_bytes(*code),
            flags,
            length: u32::from_be_bytes([0, l0, l1, l2]),
            vendor,
        })
    }

    /// True if an AVP in so many bytes can have this header.
    pub fn is_plausible(&self, bytes: u32) -> bool {
        let fits = usize::try_from(self.length).is_ok_and(|length| length >= self.bytes()) && self.length <= bytes;
        self.code != 0 && self.flags & RESERVED == 0 && fits
    }

    fn bytes(&self) -> usize {
        let vendor_bytes = if self.vendor.is_some() { 4 } else { 0 };
        HEADER_BYTES.saturating_add(vendor_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn avps_end_where_a_length_cannot_be() {
        let bytes = b"\0\0\0\x01\x40\0\0\x0bbob\0\0\0\x02\x59\xc0\0\0\x0d\0\0\x28\xafa\0\0\0\0\0\0\x01\x40\0\0\x07\0";
        let mut avps = Avps(bytes);
        assert_eq!(avps.text(0, code::USER_NAME).as_deref(), Some("bob"));
        assert_eq!(avps.text(VENDOR_3GPP, code::PUBLIC_IDENTITY).as_deref(), Some("a"));
        assert_eq!(avps.data(0, code::PUBLIC_IDENTITY), None);
        assert_eq!(avps.by_ref().count(), 2);
        assert_eq!(avps.0.len(), 9);
    }
}
