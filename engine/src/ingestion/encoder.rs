//! The ingest's sink: passes batches to a thread that encodes them into the parts of a transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use datafusion::arrow::array::RecordBatch;
use ingest::{Progress, Sink};
use schema::Table;
use schema::tables::packets;

use crate::store::Transaction;
use crate::{Error, Watch};

/// Messages that wait for the encoder.
const WAITING: usize = 4;

/// What the ingest hands to the encoder.
enum Message {
    Rows(&'static Table, RecordBatch),
    Seal,
}

/// The ingest's sink: passes batches to the thread that encodes them.
pub(super) struct Encoder<'a> {
    /// `None` once the thread has ended early.
    sender: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<Result<Transaction, Error>>>,
    /// Learns of parts of packets that are written.
    sealed: Receiver<()>,
    /// Parts of packets on their way: their blocks are in memory.
    unsealed: usize,
    watched: Watched<'a>,
}

/// Marks that the encoder has ended early: its thread knows why.
#[derive(Debug)]
pub(super) struct Ended;

impl<'a> Encoder<'a> {
    pub(super) fn start(transaction: Transaction, watched: Watched<'a>) -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        let (seals, sealed) = sync_channel(WAITING);
        let thread = thread::spawn(move || encode(transaction, &receiver, &seals));
        Self {
            sender: Some(sender),
            thread: Some(thread),
            sealed,
            unsealed: 0,
            watched,
        }
    }

    fn send(&mut self, message: Message) -> Result<(), Ended> {
        let sent = self.sender.as_ref().map(|sender| sender.send(message));
        match sent {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => {
                self.sender = None;
                Err(Ended)
            }
        }
    }

    /// Waits for the encoder; gives the transaction with everything written.
    pub(super) fn finish(mut self) -> Result<Transaction, Error> {
        self.sender = None;
        let thread = self.thread.take().expect("finish is called once");
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Ends after an error: what is written is removed with the transaction.
    pub(super) fn abort(self, error: ingest::Error<Ended>, name: String) -> Error {
        match (error, self.finish()) {
            (ingest::Error::Read { bytes, source }, _) => Error::CannotRead { name, bytes, source },
            (ingest::Error::NotACapture { found }, _) => Error::NotACapture { name, found },
            (ingest::Error::Sink(Ended), Err(error)) => error,
            (ingest::Error::Sink(Ended), Ok(_)) => unreachable!("the encoder ends early with an error alone"),
        }
    }
}

fn encode(
    mut transaction: Transaction,
    receiver: &Receiver<Message>,
    seals: &SyncSender<()>,
) -> Result<Transaction, Error> {
    for message in receiver {
        match message {
            Message::Rows(table, batch) => transaction.write(table, &batch)?,
            Message::Seal => {
                transaction.seal(&packets::TABLE)?;
                // Where nobody listens any more nobody waits.
                let _ = seals.send(());
            }
        }
    }
    Ok(transaction)
}

impl Sink for Encoder<'_> {
    type Error = Ended;

    fn rows(&mut self, table: &'static Table, batch: RecordBatch) -> Result<(), Ended> {
        self.send(Message::Rows(table, batch))
    }

    /// Waits for the part before, so that one at most is being written while the next is filled.
    fn seal(&mut self) -> Result<(), Ended> {
        self.send(Message::Seal)?;
        self.unsealed += 1;
        while self.unsealed > 1 {
            self.sealed.recv().map_err(|_| Ended)?;
            self.unsealed -= 1;
        }
        Ok(())
    }

    fn progress(&mut self, progress: Progress) {
        let Watched {
            watch,
            read_bytes,
            total_bytes,
        } = &mut self.watched;
        watch.progress(read_bytes.load(Ordering::Relaxed), *total_bytes, progress);
    }
}

/// The watch with what it is told.
pub(super) struct Watched<'a> {
    pub(super) watch: &'a mut dyn Watch,
    pub(super) read_bytes: Arc<AtomicU64>,
    pub(super) total_bytes: Option<u64>,
}
