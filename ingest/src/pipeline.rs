//! The packet's road, from capture bytes to record batches, in one straight line.

use std::io::{self, Read};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use arrow_array::RecordBatch;
use schema::Table;

use crate::batch::PacketPart;
use crate::capture::{Block, OpenError, Reader, Record};
use crate::decode::{Datagram, datagrams, decode_whole};
use crate::defragment::{Arrival, Defragmenter, Whole};
use crate::names::{Names, Naming};
use crate::recognise::Recognition;
use crate::route::{Router, SHARDS};
use crate::shard::{Arrived, Assigned, Shard};
use crate::{Anomalies, Anomaly, Limits, Tables};

/// How to ingest.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads; 0 takes one per core, up to four. The rows do not depend on it.
    pub threads: usize,
    /// Whether packets are stored.
    pub packets: bool,
    /// Number of the capture's first packet.
    pub first_packet: u64,
    /// What content cannot tell of protocols, and what becomes of payload that nobody knows.
    pub recognition: Recognition,
    /// The bounds.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            packets: true,
            first_packet: 1,
            recognition: Recognition::default(),
            limits: Limits::default(),
        }
    }
}

/// Where batches go. Called from one thread, in an order that depends on the capture alone.
pub trait Sink: Send {
    /// Why the sink cannot take more.
    type Error: Send;

    /// Takes rows of one table. Batches of `packets` are sorted by (flow_id, conn_id, packet) between two calls of
    /// [`Sink::seal`], and their bytes are views of the blocks that were read, which stay in memory as long as the batch does;
    /// batches of other tables are sorted by (timestamp, id, index) within a batch.
    ///
    /// # Errors
    ///
    /// Whatever keeps the sink from taking them; the ingest stops and returns it.
    fn rows(&mut self, table: &'static Table, batch: RecordBatch) -> Result<(), Self::Error>;

    /// The `packets` rows since the last call make one part.
    ///
    /// # Errors
    ///
    /// Whatever keeps the sink from closing the part.
    fn seal(&mut self) -> Result<(), Self::Error>;

    /// Learns how far the reading is; cheap, called a few times per second at most.
    fn progress(&mut self, progress: Progress);
}

/// How far an ingest is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Capture bytes read, after decompression.
    pub bytes: u64,
    /// Packets read.
    pub packets: u64,
}

/// What an ingest found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// "pcap", "pcapng"; empty if the input held not even a header.
    pub format: &'static str,
    /// "gzip", "zstd", "lz4".
    pub compression: Option<&'static str>,
    /// Interfaces, one text each.
    pub interfaces: Vec<String>,
    /// Comments on sections and interfaces.
    pub comments: Vec<String>,
    /// Packets that the capturing machine lost by its own count; `None` if the file says nothing.
    pub dropped: Option<u64>,
    /// The interfaces that lost some, with how many.
    pub drops: Vec<(String, u64)>,
    /// Decryption secrets blocks of the file (pcapng), one after the other, little-endian and without options.
    pub secrets: Vec<u8>,
    /// Packets read.
    pub packets: u64,
    /// Bytes captured.
    pub captured_bytes: u64,
    /// Bytes on the wire.
    pub original_bytes: u64,
    /// Capture time of the earliest packet.
    pub first_time_ns: Option<i64>,
    /// Capture time of the latest packet.
    pub last_time_ns: Option<i64>,
    /// Findings.
    pub anomalies: Anomalies,
}

/// Why an ingest ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// The input cannot be read.
    #[error("cannot read after {bytes} bytes: {source}")]
    Read {
        /// Bytes read before, as they came.
        bytes: u64,
        /// What the system says.
        source: std::io::Error,
    },
    /// The input is no capture.
    #[error("not a capture: expected the magic number of pcap or pcapng (plain, gzip, zstd or lz4), found {found}")]
    NotACapture {
        /// The first bytes in hex.
        found: String,
    },
    /// The sink refused.
    #[error("cannot store rows")]
    Sink(E),
}

/// Messages that wait between two stages: enough to keep both busy, few enough to bound memory.
const QUEUE: usize = 4;

/// Workers that are taken at most if nobody says otherwise: two keep pace with the stages that have one thread each, four with traffic
/// that is all small messages, and each has memory of its own.
const USUAL_WORKERS: usize = 4;

/// Reads a capture and gives its rows to a sink. An empty input is a capture without packets.
///
/// The calling thread writes; one thread reads, decodes and defragments; the others work on shards.
///
/// # Errors
///
/// See [`Error`]. What is wrong with the traffic itself is no error: it is counted in [`Report::anomalies`].
pub fn ingest<S: Sink>(input: impl Read + Send, options: &Options, sink: &mut S) -> Result<Report, Error<S::Error>> {
    let reader = Reader::open(input, options.first_packet, &options.limits).map_err(|error| match error {
        OpenError::Read(source) => Error::Read { bytes: 0, source },
        OpenError::NotACapture(found) => Error::NotACapture { found },
    })?;
    let workers = match options.threads {
        0 => thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(USUAL_WORKERS),
        threads => threads,
    }
    .clamp(1, SHARDS);
    thread::scope(|scope| {
        let (to_writer, from_dispatcher) = sync_channel(QUEUE);
        let mut to_workers = Vec::new();
        let mut from_workers = Vec::new();
        for worker in 0..workers {
            let (to_worker, work) = sync_channel(QUEUE);
            let (to_merge, finished) = sync_channel(1);
            to_workers.push(to_worker);
            from_workers.push(finished);
            let shards = (worker..SHARDS)
                .step_by(workers)
                .map(|number| {
                    (
                        number,
                        Shard::new(&options.limits, &options.recognition, options.packets),
                    )
                })
                .collect();
            scope.spawn(move || work_on(shards, workers, &work, &to_merge));
        }
        let dispatcher = scope.spawn(move || dispatch(reader, options, to_workers, &to_writer));
        let merged = write(&from_dispatcher, &from_workers, options, sink);
        // A writer that failed hangs up, so that the other threads end too.
        drop((from_dispatcher, from_workers));
        let dispatched = dispatcher.join().expect("the dispatcher does not panic");
        let anomalies = merged.map_err(Error::Sink)?;
        let mut report = dispatched.map_err(|(bytes, source)| Error::Read { bytes, source })?;
        report.anomalies.merge(anomalies);
        Ok(report)
    })
}

/// A packet on its way to a shard.
struct Routed {
    /// Index in its block.
    record: u32,
    shard: u8,
    datagram: Datagram,
    whole: Option<Box<Whole>>,
}

enum Work {
    Packets(Arc<Block>, Vec<Routed>),
    /// Hand over what is finished at this time of the capture.
    Epoch(i64),
    /// The capture is over.
    End(i64),
}

/// What one worker hands over at the end of an epoch.
struct Finished {
    /// Rows, each with the shard they come from.
    rows: Vec<(usize, Tables)>,
    /// Names, likewise.
    names: Vec<(usize, Naming)>,
    assigned: Vec<Assigned>,
    anomalies: Anomalies,
    /// At the end of the capture: more of the same will come.
    more: bool,
}

enum Written {
    Block(Arc<Block>, Progress),
    Epoch,
    End,
}

/// Stages 1–3: reads blocks, decodes each packet down to its datagram, and sends it to the shard of its addresses.
fn dispatch(
    mut reader: Reader<'_>,
    options: &Options,
    to_workers: Vec<SyncSender<Work>>,
    to_writer: &SyncSender<Written>,
) -> Result<Report, (u64, io::Error)> {
    let mut report = Report::default();
    let mut defragmenter = Defragmenter::default();
    let mut router = Router::default();
    let (mut epoch_bytes, mut epoch_datagrams) = (0, 0);
    let mut last_number = options.first_packet;
    // The clock is the last packet's time: a packet with a wrong time must not age every connection.
    let mut now_ns = 0;
    // A receiver that hung up has failed; its own result says why, and this thread just ends.
    let send = |worker: usize, work: Work| to_workers.get(worker).is_some_and(|worker| worker.send(work).is_ok());
    let send_all = |work: fn(i64) -> Work, now_ns: i64| (0..to_workers.len()).all(|worker| send(worker, work(now_ns)));
    loop {
        let (block, anomaly) = reader.next_block().map_err(|error| (reader.bytes_read(), error))?;
        if let Some(anomaly) = anomaly {
            report.anomalies.add(0, anomaly);
        }
        let Some(block) = block else { break };
        let block = Arc::new(block);
        let mut routed: Vec<Vec<Routed>> = to_workers.iter().map(|_| Vec::new()).collect();
        for (index, (number, record)) in (0..).zip(block.numbered()) {
            let packet = block.data(record);
            report.see(record);
            last_number = number;
            now_ns = record.timestamp_ns;
            for found in datagrams(record.link_type, packet, record.original) {
                let arrived = match found {
                    Ok(datagram) if datagram.fragment.is_none() => Ok(Some((datagram, None))),
                    Ok(piece) => {
                        let packet = (number, record.timestamp_ns, packet);
                        let (limits, anomalies) = (&options.limits, &mut report.anomalies);
                        defragment(packet, piece, &mut defragmenter, limits, anomalies)
                    }
                    Err(anomaly) => Err(anomaly),
                };
                let (datagram, whole) = match arrived {
                    Ok(Some(arrived)) => arrived,
                    Ok(None) => continue,
                    Err(anomaly) => {
                        report.anomalies.add(number, anomaly);
                        continue;
                    }
                };
                let payload = datagram.payload(whole.as_ref().map_or(packet, |whole| &whole.payload));
                let shard = router.shard(&datagram, payload);
                if let Some(routed) = routed.get_mut(shard % to_workers.len()) {
                    routed.push(Routed {
                        record: index,
                        shard: shard as u8,
                        datagram,
                        whole,
                    });
                }
            }
        }
        epoch_bytes += block.held_bytes();
        epoch_datagrams += routed.iter().map(Vec::len).sum::<usize>();
        let progress = Progress {
            bytes: reader.bytes_read(),
            packets: report.packets,
        };
        for (worker, routed) in routed.into_iter().enumerate() {
            if !routed.is_empty() && !send(worker, Work::Packets(block.clone(), routed)) {
                return Ok(report);
            }
        }
        if to_writer.send(Written::Block(block, progress)).is_err() {
            return Ok(report);
        }
        if epoch_bytes >= options.limits.epoch_bytes || epoch_datagrams >= options.limits.epoch_datagrams {
            (epoch_bytes, epoch_datagrams) = (0, 0);
            if !send_all(Work::Epoch, now_ns) || to_writer.send(Written::Epoch).is_err() {
                return Ok(report);
            }
        }
    }
    defragmenter.finish(last_number, &mut report.anomalies);
    report.describe(&reader);
    if send_all(Work::End, now_ns) {
        // If the writer hung up, its own result says why.
        let _ = to_writer.send(Written::End);
    }
    Ok(report)
}

/// A datagram, and the payload it lies in if it was put together.
type Complete = (Datagram, Option<Box<Whole>>);

/// Stage 3: a piece of a datagram, made whole; `None` if it waits for others.
fn defragment(
    (number, time_ns, packet): (u64, i64, &[u8]),
    mut datagram: Datagram,
    defragmenter: &mut Defragmenter,
    limits: &Limits,
    anomalies: &mut Anomalies,
) -> Result<Option<Complete>, Anomaly> {
    let mut whole: Option<Box<Whole>> = None;
    // What a whole datagram carries may be a piece again, of a datagram inside a tunnel.
    while let Some(fragment) = datagram.fragment {
        let bytes = whole.as_ref().map_or(packet, |whole| &whole.payload);
        let piece = Arrival {
            packet: number,
            time_ns,
            payload: datagram.payload(bytes),
        };
        let Some(next) = defragmenter.piece(piece, &datagram, fragment, limits, anomalies) else {
            return Ok(None);
        };
        datagram = decode_whole(&datagram, &next)?;
        whole = Some(Box::new(next));
    }
    Ok(Some((datagram, whole)))
}

/// Stages 4–8 for the shards of one worker, each with its number.
fn work_on(mut shards: Vec<(usize, Shard)>, workers: usize, work: &Receiver<Work>, to_writer: &SyncSender<Finished>) {
    let mut assigned = Vec::new();
    while let Ok(work) = work.recv() {
        match work {
            Work::Packets(block, routed) => {
                for routed in &routed {
                    let Some(record) = block.records.get(routed.record as usize) else {
                        continue;
                    };
                    let Some((_, shard)) = shards.get_mut(usize::from(routed.shard) / workers) else {
                        continue;
                    };
                    let number = block.first_number + u64::from(routed.record);
                    let earliest = routed
                        .whole
                        .as_ref()
                        .and_then(|whole| Some((*whole.packets.first()?, whole.first_time_ns)));
                    let arrived = Arrived {
                        number,
                        time_ns: record.timestamp_ns,
                        began: earliest.unwrap_or((number, record.timestamp_ns)),
                        datagram: &routed.datagram,
                        payload: match &routed.whole {
                            Some(whole) => routed.datagram.payload(&whole.payload),
                            None => routed.datagram.payload(block.data(record)),
                        },
                    };
                    if let Some(ids) = shard.packet(&arrived) {
                        let earlier = routed.whole.iter().flat_map(|whole| &whole.packets);
                        assigned.extend(earlier.map(|packet| Assigned { packet: *packet, ..ids }));
                        assigned.push(ids);
                    }
                }
                continue;
            }
            Work::Epoch(now_ns) => {
                shards.iter_mut().for_each(|(_, shard)| shard.sweep_sometimes(now_ns));
                if to_writer.send(hand_over(&mut shards, &mut assigned, None)).is_err() {
                    return;
                }
            }
            Work::End(now_ns) => loop {
                let mut more = false;
                shards
                    .iter_mut()
                    .for_each(|(_, shard)| more |= shard.finish_some(now_ns));
                if to_writer
                    .send(hand_over(&mut shards, &mut assigned, Some(more)))
                    .is_err()
                    || !more
                {
                    return;
                }
            },
        }
    }
}

/// What shards have finished, for the writer; at the end of the capture all of it, and whether more will come.
fn hand_over(shards: &mut [(usize, Shard)], assigned: &mut Vec<Assigned>, at_end: Option<bool>) -> Finished {
    let mut finished = Finished {
        rows: Vec::new(),
        names: Vec::new(),
        assigned: std::mem::take(assigned),
        anomalies: Anomalies::default(),
        more: at_end.unwrap_or_default(),
    };
    for (number, shard) in shards {
        let rows = shard.take_rows(at_end.is_some());
        finished.rows.extend(rows.into_iter().map(|rows| (*number, rows)));
        finished
            .names
            .extend(shard.take_names().into_iter().map(|naming| (*number, naming)));
        finished.anomalies.merge(shard.take_anomalies());
    }
    finished
}

/// Stage 9: joins what the shards finished in an epoch, in an order that depends on the capture alone, and names the ends of
/// its rows.
fn write<S: Sink>(
    from_dispatcher: &Receiver<Written>,
    from_workers: &[Receiver<Finished>],
    options: &Options,
    sink: &mut S,
) -> Result<Anomalies, S::Error> {
    let mut anomalies = Anomalies::default();
    let mut part = PacketPart::default();
    let mut names = Names::default();
    while let Ok(written) = from_dispatcher.recv() {
        let at_end = match written {
            Written::Block(block, progress) => {
                names.learn_block(&block, &options.limits, &mut anomalies);
                if options.packets {
                    part.push(block);
                }
                sink.progress(progress);
                continue;
            }
            Written::Epoch => false,
            Written::End => true,
        };
        let mut waiting: Vec<&Receiver<Finished>> = from_workers.iter().collect();
        while !waiting.is_empty() {
            let mut rows = Vec::new();
            let mut found = Vec::new();
            let mut unfinished = Vec::new();
            for worker in waiting {
                let Ok(finished) = worker.recv() else {
                    return Ok(anomalies);
                };
                rows.extend(finished.rows);
                found.extend(finished.names);
                part.assign(&finished.assigned);
                anomalies.merge(finished.anomalies);
                if finished.more {
                    unfinished.push(worker);
                }
            }
            waiting = unfinished;
            // What begins in one packet may come from several shards and agree in all that it is sorted by.
            found.sort_by_key(|(shard, _)| *shard);
            rows.sort_by_key(|(shard, _)| *shard);
            let found = found.into_iter().map(|(_, naming)| naming).collect();
            names.learn(found, &options.limits, &mut anomalies);
            let rows = rows.into_iter().map(|(_, rows)| rows).collect();
            Tables::merge(rows, options.limits.batch_bytes, |table, batch| {
                sink.rows(table, names.fill(table, batch))
            })?;
        }
        if at_end || part.bytes() >= options.limits.part_bytes {
            part.write(options.limits.batch_bytes, sink)?;
        }
    }
    Ok(anomalies)
}

impl Report {
    fn see(&mut self, record: &Record) {
        self.packets += 1;
        self.captured_bytes += u64::from(record.captured);
        self.original_bytes += u64::from(record.original);
        let time_ns = record.timestamp_ns;
        self.first_time_ns = Some(self.first_time_ns.map_or(time_ns, |first| first.min(time_ns)));
        self.last_time_ns = Some(self.last_time_ns.map_or(time_ns, |last| last.max(time_ns)));
    }

    fn describe(&mut self, reader: &Reader<'_>) {
        let description = &reader.description;
        self.format = description.format;
        self.compression = description.compression;
        self.interfaces = description.interfaces.iter().map(ToString::to_string).collect();
        self.comments.clone_from(&description.comments);
        self.secrets.clone_from(&description.secrets);
        self.anomalies.merge(description.anomalies.clone());
        for (index, interface) in description.interfaces.iter().enumerate() {
            if let Some(lost) = interface.statistics.lost() {
                self.dropped = Some(self.dropped.unwrap_or(0).saturating_add(lost));
                if lost > 0 {
                    let name = interface.name.clone();
                    self.drops
                        .push((name.unwrap_or_else(|| format!("interface {index}")), lost));
                }
            }
        }
    }
}
