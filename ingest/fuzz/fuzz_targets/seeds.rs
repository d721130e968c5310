//! Makes the seeds of the target `dissect` from captures: `seeds CORPUS CAPTURE...`. Each connection becomes two: one that is to be
//! recognised, one with its dissector chosen.

mod operations;

use std::path::Path;

use ingest::Limits;
use ingest::dissect::PROTOCOLS;
use ingest::talk::{Drive, streams};
use operations::Operations;

/// A longer seed is slow to mutate.
const SEED_BYTES: usize = 16 << 10;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [corpus, captures @ ..] = &arguments[..] else {
        panic!("usage: seeds CORPUS CAPTURE...")
    };
    std::fs::create_dir_all(corpus)?;
    for capture in captures {
        let name = Path::new(capture)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or("capture");
        for (number, stream) in streams(&std::fs::read(capture)?).iter().enumerate() {
            let mut drive = Drive::new(Limits::default());
            drive.open(stream.transport, stream.ports, None);
            let mut first = None;
            for step in &stream.steps {
                drive.step(step);
                first = first.or_else(|| drive.detected().next());
            }
            let mut of_transport = PROTOCOLS
                .iter()
                .filter(|protocol| protocol.transport == stream.transport);
            let spoken = of_transport.find(|protocol| Some(protocol.name) == first);
            for (kind, protocol) in [("recognised", None), ("chosen", spoken)] {
                let mut seed = Operations::write(protocol, stream.transport, &stream.steps);
                seed.truncate(SEED_BYTES);
                std::fs::write(Path::new(corpus).join(format!("{name}-{number}-{kind}")), seed)?;
            }
        }
    }
    Ok(())
}
