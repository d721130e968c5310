//! The seeds of the target `dissect`: each connection of the recorded captures twice, to be recognised and with its dissector chosen.

use std::path::Path;

use ingest::talk::{Drive, streams};

use crate::operations::Operations;

/// A longer seed is slow to mutate.
const SEED_BYTES: usize = 16 << 10;

/// Writes them into a folder.
pub fn write(corpus: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(corpus)?;
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
    for file in std::fs::read_dir(captures)? {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".pcap"));
        let Some(name) = name else { continue };
        for (number, stream) in streams(&std::fs::read(&path)?).iter().enumerate() {
            let (_, spoken) = Drive::recognise(stream);
            for (kind, protocol) in [("recognised", None), ("chosen", spoken)] {
                let mut seed = Operations::write(protocol, stream.transport, &stream.steps);
                seed.truncate(SEED_BYTES);
                std::fs::write(corpus.join(format!("{name}-{number}-{kind}")), seed)?;
            }
        }
    }
    Ok(())
}
