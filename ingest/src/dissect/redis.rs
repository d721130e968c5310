//! Redis and what speaks its protocol: Valkey, KeyDB, sentinels, cluster nodes, replicas.
//!
//! In: the bytes of both halves of a TCP connection, from its beginning or picked up in mid-stream. Out: one `redis` row per
//! command with its reply, paired by order. What a server says unasked (published messages, invalidations, what a monitor sees) is a
//! row without a command; so is a reply whose command was not seen. A command that nobody answers (CLIENT REPLY OFF, what a master
//! sends to its replicas) is a row at once. Specification: Redis serialization protocol, RESP2 and RESP3
//! (redis.io/docs/latest/develop/reference/protocol-spec), inline commands included; replication as the servers do it.
//!
//! `status_code` is 0 for a reply and 1 for an error, of which the summary tells; Redis numbers none. Errors inside the array
//! that answers EXEC are not the transaction's. A subscription is answered by one reply per channel: they are one row. The data set that
//! a master sends belongs to the PSYNC that asked for it. After a gap a half is taken up again where a chunk begins with a
//! value; commands that waited when replies were lost have none.
//!
//! Absent on purpose: the contents of data sets, the bus between cluster nodes (it is another protocol), passwords are not hidden.

mod command;
mod exchange;
mod inline;
mod reader;
mod recognise;
mod registry;
#[cfg(test)]
mod tests;
mod value;

use exchange::Exchanges;
use reader::{Next, Reader};

use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Transport};
use crate::Anomaly;

const NAME: &str = "Redis";

/// Redis over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &recognise::PORTS,
    probe: recognise::probe,
    from_server: recognise::from_server,
    dissector: |_| Box::new(RedisStream::default()),
};

#[derive(Debug, Default)]
struct RedisStream {
    client: Reader,
    server: Reader,
    exchanges: Exchanges,
}

impl RedisStream {
    /// The reader of a half, and what takes its values.
    fn parts(&mut self, half: Half) -> (&mut Reader, &mut Exchanges) {
        let reader = match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        };
        (reader, &mut self.exchanges)
    }

    /// Takes the value that is under way in a half as far as it came.
    fn cut(&mut self, half: Half, context: &mut Context<'_>) {
        let (reader, exchanges) = self.parts(half);
        if let Some(side) = reader.cut() {
            exchanges.take(half, reader.value(), side, context);
        }
    }
}

impl Dissector for RedisStream {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let (reader, exchanges) = self.parts(half);
        let mut rest = chunk.bytes;
        if reader.is_lost() && recognise::begins(rest, exchanges.asks(half)) {
            reader.resume();
        }
        while !rest.is_empty() {
            match reader.next(&mut rest, &chunk, context, exchanges.reading(half)) {
                Next::Value(side) => exchanges.take(half, reader.value(), side, context),
                Next::Transferred(side) => exchanges.transferred(half, side, context),
                Next::Nothing => {}
                Next::Nonsense(reason) => {
                    let anomaly = Anomaly::Unparsable { protocol: NAME, reason };
                    context.anomalies.add(chunk.packet, anomaly);
                    exchanges.lose(half, context);
                }
            }
        }
        self.parts(half).0.rest();
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        let (reader, exchanges) = self.parts(half);
        if let Some(side) = reader.gap(missing_bytes) {
            exchanges.take(half, reader.value(), side, context);
        }
        if reader.is_lost() {
            exchanges.lose(half, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.cut(half, context);
    }

    fn held_bytes(&self) -> usize {
        let readers = self.client.held_bytes().saturating_add(self.server.held_bytes());
        readers.saturating_add(self.exchanges.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
        self.exchanges.close(context);
    }
}
