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
    /// `None` once it was waited for.
    thread: Option<JoinHandle<Result<Transaction, Error>>>,
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
    rows: VecDeque<Message>,
    packets: VecDeque<Message>,
    /// Parts of packets that are given and not yet written.
    unsealed: usize,
    /// Nothing more will come.
    is_over: bool,
    /// Nobody wants what was given: the ingest failed.
    is_abandoned: bool,
    /// The encoder is no longer there.
    has_ended: bool,
}

#[derive(Debug)]
enum Message {
    Rows(&'static Table, RecordBatch),
    /// The packets before make one part.
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
        if waiting.is_abandoned {
            return None;
        }
        let Waiting { rows, packets, .. } = &mut *waiting;
        let message = rows.pop_front().or_else(|| packets.pop_front());
        self.changed.notify_all();
        message
    }

    /// Learns that nothing more will come, and whether what waits is wanted.
    fn end(&self, is_abandoned: bool) {
        let mut waiting = self.lock();
        waiting.is_over = true;
        waiting.is_abandoned |= is_abandoned;
        self.changed.notify_all();
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
        let thread = Some(thread::spawn(move || encode(transaction, &presence.0)));
        Self { queue, thread, watched }
    }

    /// Waits for the encoder; gives the transaction with everything written.
    pub(super) fn finish(mut self) -> Result<Transaction, Error> {
        self.queue.end(false);
        let thread = self.thread.take().expect("finish is called once");
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Ends after an error: what is written is removed with the transaction.
    pub(super) fn abort(self, error: ingest::Error<Ended>, name: String) -> Error {
        self.queue.end(true);
        match (error, self.finish()) {
            (ingest::Error::Read { bytes, source }, _) => Error::CannotRead { name, bytes, source },
            (ingest::Error::NotACapture { found }, _) => Error::NotACapture { name, found },
            (ingest::Error::Sink(Ended), Err(error)) => error,
            (ingest::Error::Sink(Ended), Ok(_)) => unreachable!("the encoder ends early with an error alone"),
        }
    }
}

/// An ingest that panicked waits for nobody, and must not be waited for: its transaction ends with the thread, and so does its lock.
impl Drop for Encoder<'_> {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.queue.end(true);
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
            let is_packets = table.name == packets::TABLE.name;
            let waiting = if is_packets {
                &mut waiting.packets
            } else {
                &mut waiting.rows
            };
            waiting.push_back(Message::Rows(table, batch));
        })
    }

    /// Waits for the part before, so that one at most is being written while the next is filled.
    fn seal(&mut self) -> Result<(), Ended> {
        self.queue.put(|waiting| {
            waiting.packets.push_back(Message::Seal);
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

#[cfg(test)]
mod tests {
    use schema::tables::http;

    use super::*;
    use crate::store::Store;

    fn empty(table: &'static Table) -> Message {
        Message::Rows(table, RecordBatch::new_empty(table.arrow()))
    }

    fn names(queue: &Queue) -> Vec<&'static str> {
        let name = |message| match message {
            Message::Rows(table, _) => table.name,
            Message::Seal => "seal",
        };
        std::iter::from_fn(|| queue.take().map(name)).collect()
    }

    #[test]
    fn rows_pass_packets_and_packets_keep_their_order() {
        let queue = Queue::default();
        queue
            .put(|waiting| waiting.packets.push_back(empty(&packets::TABLE)))
            .unwrap();
        queue.put(|waiting| waiting.packets.push_back(Message::Seal)).unwrap();
        queue
            .put(|waiting| waiting.rows.push_back(empty(&http::TABLE)))
            .unwrap();
        queue.end(false);
        assert_eq!(names(&queue), ["http", "packets", "seal"]);
    }

    #[test]
    fn what_waits_is_left_when_nobody_wants_it() {
        let queue = Queue::default();
        queue
            .put(|waiting| waiting.rows.push_back(empty(&http::TABLE)))
            .unwrap();
        queue.end(true);
        assert_eq!(names(&queue), [""; 0]);
    }

    #[test]
    fn whoever_waits_for_room_learns_that_the_encoder_has_ended() {
        let queue = Arc::new(Queue::default());
        let presence = Presence(queue.clone());
        let waits = thread::spawn(move || {
            (0..WAITING).try_for_each(|_| queue.put(|waiting| waiting.rows.push_back(empty(&http::TABLE))))
        });
        drop(presence);
        assert!(waits.join().unwrap().is_err());
    }

    #[test]
    fn an_ingest_that_panicked_leaves_the_store_to_others() {
        let directory = tempfile::tempdir().unwrap();
        let (store, ..) = Store::create(&directory.path().join("db")).unwrap();
        let watched = Watched {
            watch: &mut (),
            read_bytes: Arc::default(),
            total_bytes: None,
        };
        let mut encoder = Encoder::start(Transaction::begin(&store).unwrap(), watched);
        encoder.seal().unwrap();
        let queue = encoder.queue.clone();
        drop(encoder);
        let ended = queue.changed.wait_while(queue.lock(), |waiting| !waiting.has_ended);
        drop(ended.unwrap());
        // The thread lets go of the transaction just after or before it says so.
        let begun = (0..5000).find_map(|_| {
            thread::sleep(std::time::Duration::from_millis(1));
            Transaction::begin(&store).ok()
        });
        assert!(begun.is_some());
    }
}
