//! Stage 5: segments of one half → its bytes in order.

use divan::Bencher;
use divan::counter::ItemsCount;
use ingest::Limits;
use ingest::talk::{Assembler, Origin, Piece, Placed};

use crate::traffic::SEGMENT_BYTES;

const SEGMENTS: usize = 20_000;
/// Segments on their way, which are not yet acknowledged.
const WINDOW: usize = 8;

/// A segment: where its bytes begin and end in the stream, and what the other side has acknowledged when it comes.
struct Segment {
    from: usize,
    to: usize,
    acknowledged: usize,
}

/// What came out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    bytes: usize,
    gaps: usize,
}

impl Found {
    fn add(&mut self, piece: &Piece) {
        match piece {
            Piece::Bytes { bytes, .. } => self.bytes += bytes.len(),
            Piece::Gap { .. } => self.gaps += 1,
        }
    }
}

/// As most connections are.
#[divan::bench]
fn in_order(bencher: Bencher) {
    measure(bencher, &segments(), 0);
}

/// Every fourth segment comes three places late.
#[divan::bench]
fn reordered(bencher: Bencher) {
    let mut segments = segments();
    segments.chunks_mut(4).for_each(|four| four.rotate_left(1));
    measure(bencher, &segments, 0);
}

/// Every sixty-fourth segment is missing from the capture, and acknowledged.
#[divan::bench]
fn gaps(bencher: Bencher) {
    let (kept, lost): (Vec<_>, Vec<_>) = (0..).zip(segments()).partition(|(number, _)| number % 64 != 32);
    let segments: Vec<_> = kept.into_iter().map(|(_, segment)| segment).collect();
    measure(bencher, &segments, lost.len());
}

/// Each segment begins in the middle of the one before; every other pair comes the wrong way round.
#[divan::bench]
fn overlaps(bencher: Bencher) {
    let mut segments = segments();
    for segment in segments.iter_mut().skip(1) {
        segment.from -= SEGMENT_BYTES / 2;
    }
    segments.chunks_mut(4).for_each(|four| four[..2].reverse());
    measure(bencher, &segments, 0);
}

/// Segments that follow one another, acknowledged a window later.
fn segments() -> Vec<Segment> {
    let segment = |number: usize| Segment {
        from: number * SEGMENT_BYTES,
        to: (number + 1) * SEGMENT_BYTES,
        acknowledged: number.saturating_sub(WINDOW) * SEGMENT_BYTES,
    };
    (0..SEGMENTS).map(segment).collect()
}

fn measure(bencher: Bencher, segments: &[Segment], gaps: usize) {
    let bytes = vec![b'a'; 2 * SEGMENT_BYTES];
    let limit_bytes = Limits::default().reassembly_bytes_per_half;
    let once = || {
        let mut assembler = Assembler::default();
        assembler.start(0);
        let mut found = Found::default();
        for (packet, segment) in (1..).zip(segments) {
            if let Some(gap) = assembler.acknowledge(segment.acknowledged as u32) {
                found.add(&gap);
                while let Some(piece) = assembler.next_piece() {
                    found.add(&piece);
                }
            }
            let origin = Origin {
                packet,
                timestamp_ns: 0,
            };
            let bytes = &bytes[..segment.to - segment.from];
            let placed = assembler.segment(segment.from as u32, bytes.len() as u32, bytes, origin, limit_bytes);
            if let Placed::Next { skip } = placed {
                found.bytes += bytes.len() - skip;
            }
            while let Some(piece) = assembler.next_piece() {
                found.add(&piece);
            }
        }
        while let Some(piece) = assembler.drain() {
            found.add(&piece);
        }
        found
    };
    let every_byte_once = Found {
        bytes: (SEGMENTS - gaps) * SEGMENT_BYTES,
        gaps,
    };
    assert_eq!(once(), every_byte_once);
    bencher.counter(ItemsCount::new(segments.len())).bench_local(once);
}
