//! What a reply says of its command.

use super::bson::{self, Document, Element};
use super::header::Operation;
use super::message::{Message, Section, count, flag};
use crate::dissect::printable::printable;

/// Bytes kept of an error's sentence, and of its name.
const ERROR_BYTES: usize = 256;

/// Flags of OP_REPLY.
const CURSOR_NOT_FOUND: u32 = 1;
const QUERY_FAILURE: u32 = 1 << 1;

/// Numbers of errors that the server gives where a reply has none.
mod error {
    pub const UNKNOWN: i64 = 8;
    pub const CURSOR_NOT_FOUND: i64 = 43;
}

/// A reply.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// Whether the command was done; `None` if what says so was cut.
    pub success: Option<bool>,
    pub code: Option<i64>,
    pub code_name: Option<String>,
    pub message: Option<String>,
    /// Documents found.
    pub documents: Option<u64>,
    /// Documents that a write found or made.
    pub written: Option<i64>,
    /// False if the message was cut, and there may be more documents.
    pub is_whole: bool,
    /// True if another reply to the same command follows.
    pub has_more: bool,
}

impl Reply {
    /// Reads a reply to a command, or to a query of the old kind.
    pub fn read(message: &Message<'_>, is_command: bool) -> Self {
        let mut reply = Self {
            is_whole: !message.is_cut,
            ..Self::default()
        };
        match message.operation {
            Operation::Reply => {
                // What is cut before its end leaves the rest of the fields as they are.
                let _ = reply.reply(&message.body, is_command);
            }
            Operation::Msg => {
                reply.has_more = message.flags() & flag::MORE_TO_COME != 0;
                for section in message.sections() {
                    match section {
                        Section::Body(body) => reply.document(body),
                        Section::Sequence(_, documents) => reply.documents = Some(count(documents)),
                    }
                }
            }
            _ => {
                // Metadata and the reply; which comes first differs between versions.
                let mut rest: &[u8] = &message.body;
                while let Some(document) = Document::take(&mut rest).filter(|_| reply.success.is_none()) {
                    reply.document(document);
                }
            }
        }
        reply
    }

    /// The outcome as a number: 0, or that of the error.
    pub fn status_code(&self) -> Option<i64> {
        match self.success? {
            true => Some(0),
            false => Some(self.code.unwrap_or(error::UNKNOWN)),
        }
    }

    /// Bytes of memory that its texts hold.
    pub fn held_bytes(&self) -> usize {
        let texts = [self.code_name.as_ref(), self.message.as_ref()];
        texts.into_iter().flatten().map(String::capacity).sum()
    }

    fn reply(&mut self, body: &[u8], is_command: bool) -> Option<()> {
        let mut rest = body;
        let flags = bson::int32(&mut rest)?;
        let cursor = (bson::int32(&mut rest)?, bson::int32(&mut rest)?);
        self.has_more = cursor != (0, 0);
        let _starting_from = bson::int32(&mut rest)?;
        let returned = bson::int32(&mut rest)?;
        if flags & CURSOR_NOT_FOUND != 0 {
            self.success = Some(false);
            self.code = Some(error::CURSOR_NOT_FOUND);
            self.code_name = Some("CursorNotFound".to_owned());
        } else if flags & QUERY_FAILURE != 0 {
            self.success = Some(false);
            let document = Document::take(&mut rest)?;
            self.error(document);
            self.message = document.get(b"$err").and_then(sentence);
        } else if is_command {
            self.document(Document::take(&mut rest)?);
        } else {
            self.success = Some(true);
            self.documents = Some(returned.into());
            self.is_whole = true;
        }
        Some(())
    }

    fn document(&mut self, document: Document<'_>) {
        for element in document {
            match element.name {
                b"ok" => self.success = element.number().map(|ok| ok != 0),
                b"n" => self.written = element.number(),
                b"cursor" => self.cursor(element),
                _ => {}
            }
        }
        // Only what was done has a cursor; what is behind a long batch may be cut.
        if self.success.is_none() && self.documents.is_some() {
            self.success = Some(true);
        }
        match self.success {
            Some(false) => self.error(document),
            Some(true) => self.write_error(document),
            None => {}
        }
    }

    fn cursor(&mut self, cursor: Element<'_>) {
        for element in cursor.document().into_iter().flatten() {
            if matches!(element.name, b"firstBatch" | b"nextBatch") {
                self.documents = element.document().map(|batch| batch.count() as u64);
            }
        }
    }

    fn error(&mut self, document: Document<'_>) {
        self.code = document.get(b"code").and_then(Element::number);
        self.code_name = document.get(b"codeName").and_then(sentence);
        self.message = document.get(b"errmsg").and_then(sentence);
    }

    /// A write that was done as a command, but not for every document, or not everywhere.
    fn write_error(&mut self, document: Document<'_>) {
        let errors = document.get(b"writeErrors").and_then(Element::document);
        let first = errors.and_then(|mut errors| errors.next()?.document());
        let concern = || document.get(b"writeConcernError").and_then(Element::document);
        if let Some(error) = first.or_else(concern) {
            self.success = Some(false);
            self.error(error);
        }
    }
}

fn sentence(element: Element<'_>) -> Option<String> {
    element.text().map(|text| printable(text, ERROR_BYTES))
}
