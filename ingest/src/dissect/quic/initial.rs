//! Initial packets of one connection, opened.

use super::keys::{Keys, derive};
use super::packet::{Packet, Version};
use crate::dissect::Half;

/// What opens the Initial packets of a connection.
#[derive(Debug)]
pub(super) struct Initial {
    /// The half of the client.
    pub client: Half,
    /// The server sent a Retry.
    pub is_retried: bool,
    version: Version,
    /// The id in the client's first packet.
    id: Vec<u8>,
    /// The client's and the server's; none once they are not wanted any more.
    keys: Option<Box<[Keys; 2]>>,
    /// The same of the version that another packet had last: a server may go on in one that it likes better (RFC 9368 §2.3).
    other_keys: Option<(Version, Box<[Keys; 2]>)>,
    /// The id in each half's packets that keys were derived from last, so that it is not tried for every packet.
    tried: [Vec<u8>; 2],
}

impl Initial {
    /// Opens the packet that a client begins with, whose keys follow from the id in it.
    pub fn begin(client: Half, packet: &Packet<'_>) -> Option<(Self, Vec<u8>)> {
        if !packet.may_begin() {
            return None;
        }
        let keys = derive(packet.version, packet.destination_id)?;
        let [clients, _] = &keys;
        let frames = clients.open(packet)?;
        let initial = Self {
            client,
            is_retried: false,
            version: packet.version,
            id: packet.destination_id.to_vec(),
            keys: Some(Box::new(keys)),
            other_keys: None,
            tried: Default::default(),
        };
        Some((initial, frames))
    }

    /// Opens a packet of the connection; gives its frames, or nothing if it has other keys.
    pub fn open(&mut self, half: Half, packet: &Packet<'_>) -> Option<Vec<u8>> {
        let keys = self.keys.as_deref()?;
        let [clients, servers] = if packet.version == self.version {
            keys
        } else {
            if self
                .other_keys
                .as_ref()
                .is_none_or(|(version, _)| *version != packet.version)
            {
                let keys = Box::new(derive(packet.version, &self.id)?);
                self.other_keys = Some((packet.version, keys));
            }
            self.other_keys.as_ref().map(|(_, keys)| &**keys)?
        };
        let keys = if half == self.client { clients } else { servers };
        keys.open(packet)
    }

    /// Forgets the keys: all was read that they open.
    pub fn forget(&mut self) {
        (self.keys, self.other_keys) = (None, None);
    }

    /// Bytes of memory that the keys hold, about.
    pub fn held_bytes(&self) -> usize {
        let keys = self.keys.as_deref().map_or(0, size_of_val);
        let others = self.other_keys.as_ref().map_or(0, |(_, keys)| size_of_val(&**keys));
        keys.saturating_add(others)
    }

    /// True if another connection, or another try of this one, may begin with a packet; asked once for each id.
    pub fn may_begin_with(&mut self, half: Half, packet: &Packet<'_>) -> bool {
        let [of_client, of_server] = &mut self.tried;
        let tried = if half == Half::Client { of_client } else { of_server };
        // The first packet, sent again, begins nothing.
        if !packet.may_begin() || tried == packet.destination_id || self.id == packet.destination_id {
            return false;
        }
        *tried = packet.destination_id.to_vec();
        true
    }
}
