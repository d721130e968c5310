//! Conversations of one protocol through its dissector: rows are made, and forgotten as batches.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use ingest::Limits;
use ingest::dissect::{Half, Transport};
use ingest::talk::{Drive, Step, Stream};

use crate::traffic::SEGMENT_BYTES;

/// A TCP connection on which this is said, in full segments.
pub fn tcp(port: u16, said: impl IntoIterator<Item = (Half, Vec<u8>)>) -> Stream {
    let segments = said.into_iter().flat_map(|(half, bytes)| {
        let segments = bytes.chunks(SEGMENT_BYTES);
        let steps = segments.map(|segment| Step::Data(half, segment.to_vec()));
        steps.collect::<Vec<_>>()
    });
    let ends = [Step::End(Half::Client), Step::End(Half::Server)];
    Stream {
        transport: Transport::Tcp,
        ports: [51_000, port],
        steps: segments.chain(ends).collect(),
    }
}

/// Measures the dissection of these connections, so many at a time, which make so many entries each.
pub fn measure(bencher: Bencher, streams: &[Stream], at_a_time: usize, entries_each: usize) {
    let protocols: Vec<_> = streams.iter().map(|stream| Drive::recognise(stream).1).collect();
    assert!(protocols.iter().all(Option::is_some), "each is recognised");
    let mut drive = Drive::new(Limits::default());
    let mut rest = streams.iter().zip(&protocols).cycle();
    let mut once = || {
        let mut entries = 0;
        for (stream, protocol) in rest.by_ref().take(at_a_time) {
            drive.open(stream.transport, stream.ports, *protocol);
            for step in &stream.steps {
                drive.step(step);
            }
            entries += drive.close();
        }
        drive.forget_rows(0);
        entries
    };
    let entries = at_a_time * entries_each;
    for _ in 0..streams.len() / at_a_time {
        assert_eq!(once(), entries as u64);
    }
    let bytes: usize = streams.iter().map(bytes).sum();
    bencher
        .counter(ItemsCount::new(entries))
        .counter(BytesCount::new(bytes * at_a_time / streams.len()))
        .bench_local(once);
}

fn bytes(stream: &Stream) -> usize {
    let length = |step: &Step| match step {
        Step::Data(_, bytes) => bytes.len(),
        Step::Gap(..) | Step::End(_) => 0,
    };
    stream.steps.iter().map(length).sum()
}
