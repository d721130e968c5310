//! The ingest's sink: passes batches to threads that encode them into the parts of a transaction.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use datafusion::arrow::array::RecordBatch;
use ingest::{Progress, Sink};
use schema::Table;
use schema::tables::packets;

use crate::store::{Lane, Transaction};
use crate::{Error, Watch};

/// Batches of rows that wait for their encoder.
const WAITING: usize = 12;

/// The ingest's sink. One thread encodes packets, which take as long as all else of an ingest together, and one the other rows.
pub(super) struct Encoder<'a> {
    rows: Encoding,
    /// From the first packet that is to be stored.
    packets: Option<Encoding>,
    /// Until then.
    lane_of_packets: Option<Lane>,
    /// Behind the threads: it is let go of after them.
    transaction: Transaction,
    watched: Watched<'a>,
}

/// Marks that an encoder has ended early: its thread knows why.
#[derive(Debug)]
pub(super) struct Ended;

/// A thread that encodes what comes through a queue.
struct Encoding {
    queue: Arc<Queue>,
    /// `None` once it was waited for.
    thread: Option<JoinHandle<Result<Lane, Error>>>,
}

/// What waits for an encoder: a few batches of rows, or the packets of two parts, whose blocks are in memory anyway.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Message>,
    /// Batches among them that are not packets.
    rows: usize,
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
    Packets(RecordBatch),
    /// The packets before make one part.
    Seal,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().expect("no holder of this lock panics")
    }

    /// Adds a message, and returns once there is room again.
    fn put(&self, message: Message) -> Result<(), Ended> {
        let mut waiting = self.lock();
        match message {
            Message::Rows(..) => waiting.rows += 1,
            Message::Packets(_) => {}
            Message::Seal => waiting.unsealed += 1,
        }
        waiting.messages.push_back(message);
        self.changed.notify_all();
        let is_full = |waiting: &mut Waiting| {
            let is_full = waiting.rows >= WAITING || waiting.unsealed > 1;
            is_full && !waiting.has_ended
        };
        let waiting = self.changed.wait_while(waiting, is_full);
        let waiting = waiting.expect("no holder of this lock panics");
        if waiting.has_ended { Err(Ended) } else { Ok(()) }
    }

    /// What is to be encoded next; `None` once all is.
    fn take(&self) -> Option<Message> {
        let is_idle = |waiting: &mut Waiting| waiting.messages.is_empty() && !waiting.is_over;
        let waiting = self.changed.wait_while(self.lock(), is_idle);
        let mut waiting = waiting.expect("no holder of this lock panics");
        if waiting.is_abandoned {
            return None;
        }
        let message = waiting.messages.pop_front();
        if matches!(message, Some(Message::Rows(..))) {
            waiting.rows -= 1;
        }
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

/// Tells the ingest that an encoder is no longer there, however it ended.
struct Presence(Arc<Queue>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.lock().has_ended = true;
        self.0.changed.notify_all();
    }
}

impl Encoding {
    fn start(lane: Lane) -> Self {
        let queue = Arc::new(Queue::default());
        let presence = Presence(queue.clone());
        let thread = Some(thread::spawn(move || encode(lane, &presence.0)));
        Self { queue, thread }
    }

    /// Waits for the thread; gives its lane with everything written.
    fn finish(mut self) -> Result<Lane, Error> {
        self.queue.end(false);
        let thread = self.thread.take().expect("finish is called once");
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// Whoever does not finish wants nothing of what was given. The thread is waited for all the same: its lane must be gone before the
/// transaction and its lock are.
impl Drop for Encoding {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.queue.end(true);
            // What went wrong first is told; this is not.
            let _ = thread.join();
        }
    }
}

fn encode(mut lane: Lane, queue: &Queue) -> Result<Lane, Error> {
    while let Some(message) = queue.take() {
        match message {
            Message::Rows(table, batch) => lane.write(table, &batch)?,
            Message::Packets(batch) => lane.write(&packets::TABLE, &batch)?,
            Message::Seal => {
                lane.seal(&packets::TABLE)?;
                queue.sealed();
            }
        }
    }
    if !queue.lock().is_abandoned {
        lane.finish()?;
    }
    Ok(lane)
}

impl<'a> Encoder<'a> {
    pub(super) fn start(transaction: Transaction, watched: Watched<'a>) -> Self {
        let [rows, packets] = transaction.lanes();
        Self {
            rows: Encoding::start(rows),
            packets: None,
            lane_of_packets: Some(packets),
            transaction,
            watched,
        }
    }

    /// Waits for the encoders; gives the transaction with everything written.
    pub(super) fn finish(self) -> Result<Transaction, Error> {
        let mut transaction = self.transaction;
        let encodings = [Some(self.rows), self.packets];
        let lanes: Vec<_> = encodings.into_iter().flatten().map(Encoding::finish).collect();
        for lane in lanes {
            transaction.adopt(lane?)?;
        }
        Ok(transaction)
    }

    /// Ends after an error: what is written is removed with the transaction.
    pub(super) fn abort(self, error: ingest::Error<Ended>, name: String) -> Error {
        for encoding in [Some(&self.rows), self.packets.as_ref()].into_iter().flatten() {
            encoding.queue.end(true);
        }
        // The lanes of those that ended well are let go of here, before the transaction.
        let encodings = [Some(self.rows), self.packets].into_iter().flatten();
        let errors: Vec<_> = encodings.filter_map(|encoding| encoding.finish().err()).collect();
        match error {
            ingest::Error::Read { bytes, source } => Error::CannotRead { name, bytes, source },
            ingest::Error::NotACapture { found } => Error::NotACapture { name, found },
            ingest::Error::Sink(Ended) => {
                let first = errors.into_iter().next();
                first.expect("an encoder ends early with an error alone")
            }
        }
    }

    /// The queue of packets.
    fn packets(&mut self) -> &Queue {
        let lane = &mut self.lane_of_packets;
        let start = || Encoding::start(lane.take().expect("it is taken by the one thread"));
        &self.packets.get_or_insert_with(start).queue
    }
}

impl Sink for Encoder<'_> {
    type Error = Ended;

    fn rows(&mut self, table: &'static Table, batch: RecordBatch) -> Result<(), Ended> {
        if table.name == packets::TABLE.name {
            self.packets().put(Message::Packets(batch))
        } else {
            self.rows.queue.put(Message::Rows(table, batch))
        }
    }

    /// Waits for the part before, so that one at most is being written while the next is filled.
    fn seal(&mut self) -> Result<(), Ended> {
        self.packets().put(Message::Seal)
    }

    fn progress(&mut self, progress: Progress) {
        self.watched.progress(progress);
    }
}

/// The watch with what it is told.
pub(super) struct Watched<'a> {
    pub(super) watch: &'a mut dyn Watch,
    pub(super) read_bytes: Arc<AtomicU64>,
    pub(super) total_bytes: Option<u64>,
}

impl Watched<'_> {
    pub(super) fn progress(&mut self, progress: Progress) {
        let read_bytes = self.read_bytes.load(Ordering::Relaxed);
        self.watch.progress(read_bytes, self.total_bytes, progress);
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{ArrayRef, Int64Array, new_null_array};
    use datafusion::arrow::datatypes::DataType;
    use schema::tables::http;

    use super::*;
    use crate::store::Store;

    fn rows() -> Message {
        Message::Rows(&http::TABLE, RecordBatch::new_empty(http::TABLE.arrow()))
    }

    #[test]
    fn messages_keep_their_order() {
        let queue = Queue::default();
        let packets = || Message::Packets(RecordBatch::new_empty(packets::TABLE.arrow()));
        for message in [packets(), Message::Seal, packets()] {
            queue.put(message).unwrap();
        }
        queue.end(false);
        let taken: Vec<_> = std::iter::from_fn(|| queue.take()).collect();
        assert!(matches!(
            taken[..],
            [Message::Packets(_), Message::Seal, Message::Packets(_)]
        ));
    }

    #[test]
    fn what_waits_is_left_when_nobody_wants_it() {
        let queue = Queue::default();
        queue.put(rows()).unwrap();
        queue.end(true);
        assert!(queue.take().is_none());
    }

    #[test]
    fn a_full_queue_has_room_again_once_something_is_taken() {
        let queue = Arc::new(Queue::default());
        let fills = thread::spawn({
            let queue = queue.clone();
            move || (0..3 * WAITING).try_for_each(|_| queue.put(rows()))
        });
        (0..3 * WAITING).for_each(|_| assert!(queue.take().is_some()));
        assert!(fills.join().unwrap().is_ok());
        assert_eq!(queue.lock().rows, 0);
    }

    #[test]
    fn whoever_waits_for_room_learns_that_the_encoder_has_ended() {
        let queue = Arc::new(Queue::default());
        let presence = Presence(queue.clone());
        let waits = thread::spawn(move || (0..WAITING).try_for_each(|_| queue.put(rows())));
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
        for table in [&http::TABLE, &packets::TABLE] {
            let id = Arc::new(Int64Array::from(vec![1])) as ArrayRef;
            let schema = table.batch();
            let columns = schema.fields().iter().map(|field| match field.data_type() {
                DataType::Int64 => id.clone(),
                other => new_null_array(other, 1),
            });
            let batch = RecordBatch::try_new(schema.clone(), columns.collect()).unwrap();
            encoder.rows(table, batch).unwrap();
        }
        encoder.seal().unwrap();
        drop(encoder);
        assert!(Transaction::begin(&store).is_ok());
        for table in [&http::TABLE, &packets::TABLE] {
            let files = std::fs::read_dir(store.path().join("tables").join(table.name));
            assert_eq!(files.map_or(0, Iterator::count), 0, "{}", table.name);
        }
    }
}
