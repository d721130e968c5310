//! Stage 9: what the shards finished → record batches in one order, and the packets of a part, clustered.

use std::sync::Arc;

use arrow_array::builder::BinaryViewBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use bytes::Bytes;
use schema::tables::packets;
use schema::{Build as _, InOrder, Key, Place, TooLong};

use crate::capture::{Block, Record};
use crate::pipeline::Sink;
use crate::shard::Assigned;

/// What a packet takes in a batch, besides its bytes, which stay where they were read.
const PACKET_ROW_BYTES: usize = 96;
/// Packets of one batch at most. Their blocks stay in memory until it is stored, so that few of them are on their way at once.
const PACKET_ROWS: usize = 1 << 13;

/// A block of a part and a record in it.
type Placed = (u32, u32);

/// Joins the rows of a table's builders and sorts them. Gives them in batches, and clears the builders.
pub(crate) fn merge<B: InOrder, E>(
    builders: &mut [&mut B],
    batch_bytes: usize,
    give: &mut impl FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let mut order: Vec<(Key, Place)> = Vec::with_capacity(builders.iter().map(|builder| builder.rows()).sum());
    for (number, builder) in (0..).zip(builders.iter()) {
        let places = (0..).map(|row| Place { builder: number, row });
        order.extend((0..builder.rows()).map(|row| builder.key(row)).zip(places));
    }
    order.sort_unstable();
    let places: Vec<Place> = order.into_iter().map(|(_, place)| place).collect();
    let bytes: usize = builders.iter().map(|builder| builder.bytes()).sum();
    let rows = places.len().div_ceil(bytes.div_ceil(batch_bytes.max(1)).max(1));
    for places in places.chunks(rows.max(1)) {
        join(builders, places, give)?;
    }
    builders.iter_mut().for_each(|builder| builder.clear());
    Ok(())
}

/// Makes one batch of the rows at these places, or several if their text is more than a column of one can hold.
fn join<B: InOrder, E>(
    builders: &mut [&mut B],
    places: &[Place],
    give: &mut impl FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    match B::join(builders, places) {
        Ok(batch) => give(batch),
        Err(TooLong) if places.len() > 1 => {
            let (first, second) = places.split_at(places.len() / 2);
            join(builders, first, give)?;
            join(builders, second, give)
        }
        Err(TooLong) => panic!("every row fits a column"),
    }
}

/// The packets that will make one part.
#[derive(Debug, Default)]
pub(crate) struct PacketPart {
    blocks: Vec<Arc<Block>>,
    first_number: u64,
    /// Flow and connection of each packet, by its number; zeros for none.
    ids: Vec<(u64, u64)>,
    bytes: usize,
}

impl PacketPart {
    /// Adds a block's packets, which follow those of the block before.
    pub(crate) fn push(&mut self, block: Arc<Block>) {
        if block.records.is_empty() {
            return;
        }
        if self.blocks.is_empty() {
            self.first_number = block.first_number;
        }
        self.ids.resize(self.ids.len() + block.records.len(), (0, 0));
        self.bytes += block.held_bytes();
        self.blocks.push(block);
    }

    /// Learns to which connections packets belong; of a packet with several datagrams, the connection that began first. A packet
    /// of an earlier part is passed over: that part is written.
    pub(crate) fn assign(&mut self, assigned: &[Assigned]) {
        for Assigned {
            packet,
            conn_id,
            flow_id,
        } in assigned
        {
            let slot = packet
                .checked_sub(self.first_number)
                .and_then(|slot| self.ids.get_mut(slot as usize));
            if let Some(slot) = slot.filter(|(flow, known)| *known == 0 || (conn_id, flow_id) < (known, flow)) {
                *slot = (*flow_id, *conn_id);
            }
        }
    }

    /// Memory that the part holds so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Rows of the part, whose bytes stay where they were read.
    fn rows(&self, order: &[(u64, u64, u64, Placed)], owners: &[Buffer]) -> RecordBatch {
        let mut builder = packets::PacketBuilder::default();
        let mut data = BinaryViewBuilder::with_capacity(order.len());
        for owner in owners {
            data.append_block(owner.clone());
        }
        for (flow_id, conn_id, number, (place, index)) in order {
            let block = self.blocks.get(*place as usize);
            let Some((block, record)) = block.and_then(|block| Some((block, block.records.get(*index as usize)?)))
            else {
                continue;
            };
            builder.append(row(*number, (*flow_id, *conn_id), record, block.comment(*index)));
            if data.try_append_view(*place, record.start, record.captured).is_err() {
                data.append_value([]);
            }
        }
        let batch = builder.finish();
        let mut columns = batch.columns().to_vec();
        if let Some(column) = columns.last_mut() {
            *column = Arc::new(data.finish()) as ArrayRef;
        }
        RecordBatch::try_new(batch.schema(), columns).expect("the bytes are the last column, in place of none")
    }

    /// Gives the packets to the sink, clustered by flow and connection, and seals the part.
    pub(crate) fn write<S: Sink>(&mut self, batch_bytes: usize, sink: &mut S) -> Result<(), S::Error> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let places = self
            .blocks
            .iter()
            .zip(0..)
            .flat_map(|(block, place)| (0..block.records.len() as u32).map(move |record| (place, record)));
        let mut order: Vec<(u64, u64, u64, Placed)> = (self.first_number..)
            .zip(&self.ids)
            .zip(places)
            .map(|((number, (flow_id, conn_id)), place)| (*flow_id, *conn_id, number, place))
            .collect();
        order.sort_unstable_by_key(|(flow_id, conn_id, number, _)| (*flow_id, *conn_id, *number));
        let owners: Vec<Buffer> = self
            .blocks
            .iter()
            .map(|block| Buffer::from(Bytes::from_owner(Shared(block.clone()))))
            .collect();
        for order in order.chunks((batch_bytes / PACKET_ROW_BYTES).clamp(1, PACKET_ROWS)) {
            sink.rows(&packets::TABLE, self.rows(order, &owners))?;
        }
        *self = Self::default();
        sink.seal()
    }
}

/// The row of a packet but for its bytes.
fn row<'a>(
    number: u64,
    (flow_id, conn_id): (u64, u64),
    record: &Record,
    comment: Option<&'a str>,
) -> packets::Packet<'a> {
    let int = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    packets::Packet {
        own: packets::PacketOwn {
            packet: Some(int(number)),
            timestamp: Some(record.timestamp_ns),
            conn_id: (conn_id > 0).then(|| int(conn_id)),
            flow_id: (flow_id > 0).then(|| int(flow_id)),
            interface: Some(i64::from(record.interface)),
            link_type: Some(i64::from(record.link_type)),
            captured_length: Some(i64::from(record.captured)),
            original_length: Some(i64::from(record.original)),
            comment,
            data: None,
        },
    }
}

/// A block whose bytes are a column's.
struct Shared(Arc<Block>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0.bytes
    }
}
