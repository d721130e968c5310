//! The ingest's sink: passes batches to a thread that encodes them into the parts of a transaction.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use datafusion::arrow::array::RecordBatch;
use ingest::{Progress, Sink};
use schema::Table;
use schema::tables::packets;

use crate::store::Transaction;
use crate::{Error, Watch};

/// Batches of rows that wait for the encoder.
const WAITING: usize = 4;

/// The ingest's sink: passes batches to the thread that encodes them.
pub(super) struct Encoder<'a> {
    queue: Arc<Queue>,
    thread: JoinHandle<Result<Transaction, Error>>,
    watched: Watched<'a>,
}

/// Marks that the encoder has ended early: its thread knows why.
#[derive(Debug)]
pub(super) struct Ended;

/// What waits for the encoder. Rows go first: there are few, and the ingest waits for them while a part of packets takes long. Packets
/// are bounded by their parts, whose blocks are in memory anyway.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    rows: VecDeque<(&'static Table, RecordBatch)>,
    packets: VecDeque<Packets>,
    /// Parts of packets that are given and not yet written.
    unsealed: usize,
    /// Nothing more will come.
    is_over: bool,
    /// The encoder is no longer there.
    has_ended: bool,
}

#[derive(Debug)]
enum Packets {
    Batch(RecordBatch),
    /// The batches before make one part.
    Seal,
}

enum Message {
    Rows(&'static Table, RecordBatch),
    Seal,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().expect("no holder of this lock panics")
    }

    /// Changes what waits, and returns once there is room again.
    fn put(&self, change: impl FnOnce(&mut Waiting)) -> Result<(), Ended> {
        let mut waiting = self.lock();
        change(&mut waiting);
        self.changed.notify_all();
        let is_full = |waiting: &mut Waiting| {
            let is_full = waiting.rows.len() >= WAITING || waiting.unsealed > 1;
            is_full && !waiting.has_ended
        };
        let waiting = self.changed.wait_while(waiting, is_full);
        let waiting = waiting.expect("no holder of this lock panics");
        if waiting.has_ended { Err(Ended) } else { Ok(()) }
    }

    /// What is to be encoded next; `None` once all is.
    fn take(&self) -> Option<Message> {
        let is_idle = |waiting: &mut Waiting| waiting.rows.is_empty() && waiting.packets.is_empty() && !waiting.is_over;
        let waiting = self.changed.wait_while(self.lock(), is_idle);
        let mut waiting = waiting.expect("no holder of this lock panics");
        let message = match waiting.rows.pop_front() {
            Some((table, batch)) => Some(Message::Rows(table, batch)),
            None => waiting.packets.pop_front().map(|packets| match packets {
                Packets::Batch(batch) => Message::Rows(&packets::TABLE, batch),
                Packets::Seal => Message::Seal,
            }),
        };
        self.changed.notify_all();
        message
    }

    /// Learns that a part of packets is written.
    fn sealed(&self) {
        self.lock().unsealed -= 1;
        self.changed.notify_all();
    }
}

/// Tells the ingest that the encoder is no longer there, however it ended.
struct Presence(Arc<Queue>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.lock().has_ended = true;
        self.0.changed.notify_all();
    }
}

impl<'a> Encoder<'a> {
    pub(super) fn start(transaction: Transaction, watched: Watched<'a>) -> Self {
        let queue = Arc::new(Queue::default());
        let presence = Presence(queue.clone());
        let thread = thread::spawn(move || encode(transaction, &presence.0));
        Self { queue, thread, watched }
    }

    /// Waits for the encoder; gives the transaction with everything written.
    pub(super) fn finish(self) -> Result<Transaction, Error> {
        self.queue.lock().is_over = true;
        self.queue.changed.notify_all();
        match self.thread.join() {
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

fn encode(mut transaction: Transaction, queue: &Queue) -> Result<Transaction, Error> {
    while let Some(message) = queue.take() {
        match message {
            Message::Rows(table, batch) => transaction.write(table, &batch)?,
            Message::Seal => {
                transaction.seal(&packets::TABLE)?;
                queue.sealed();
            }
        }
    }
    Ok(transaction)
}

impl Sink for Encoder<'_> {
    type Error = Ended;

    fn rows(&mut self, table: &'static Table, batch: RecordBatch) -> Result<(), Ended> {
        self.queue.put(|waiting| {
            if table.name == packets::TABLE.name {
                waiting.packets.push_back(Packets::Batch(batch));
            } else {
                waiting.rows.push_back((table, batch));
            }
        })
    }

    /// Waits for the part before, so that one at most is being written while the next is filled.
    fn seal(&mut self) -> Result<(), Ended> {
        self.queue.put(|waiting| {
            waiting.packets.push_back(Packets::Seal);
            waiting.unsealed += 1;
        })
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
