//! The data set that a master sends to a replica, when only a mark says where it ends.

use super::{MARK_BYTES, Reader, Step};

impl Reader {
    /// Takes bytes up to the mark that ends them. The line holds the last of them, in case that the mark comes in pieces.
    pub(super) fn marked(&mut self, rest: &mut &[u8], mark: &[u8; MARK_BYTES]) -> Step {
        let held = self.line.len();
        let border = rest.get(..MARK_BYTES).unwrap_or(rest);
        self.line.extend_from_slice(border);
        if let Some(place) = find(&self.line, mark) {
            let own = place.saturating_add(MARK_BYTES).saturating_sub(held);
            *rest = rest.get(own..).unwrap_or_default();
            return Step::Transferred;
        }
        if let Some(place) = find(rest, mark) {
            *rest = rest.get(place.saturating_add(MARK_BYTES)..).unwrap_or_default();
            return Step::Transferred;
        }
        if rest.len() > border.len() {
            self.line.clear();
            let tail = rest.len().saturating_sub(MARK_BYTES.saturating_sub(1));
            self.line.extend_from_slice(rest.get(tail..).unwrap_or(rest));
        } else {
            let surplus = self.line.len().saturating_sub(MARK_BYTES.saturating_sub(1));
            self.line.drain(..surplus);
        }
        *rest = &[];
        Step::More
    }
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, mark)
}
