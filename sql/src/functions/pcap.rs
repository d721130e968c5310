//! `pcap(packet, timestamp, link_type, original_length, data)`: packets as the bytes of a capture file.
//!
//! The file is pcap with nanoseconds, pcapng where link types differ; packets are in time order, then by number. Null if
//! there is no packet. A group's packets are held in memory, which the session's memory pool bounds.

use std::mem::size_of_val;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampNanosecondType};
use datafusion::common::cast::as_binary_array;
use datafusion::common::{ScalarValue, exec_datafusion_err, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, TypeSignature, Volatility};

use crate::capture_file::{CaptureFormat, CaptureWriter, Record};

/// Bytes of one column value: Arrow's offsets are 32 bits wide.
const MAX_FILE_BYTES: usize = i32::MAX as usize;

/// The function.
pub(crate) fn function() -> AggregateUDF {
    AggregateUDF::new_from_impl(Pcap {
        signature: Signature::new(
            // Bytes of a table come as views, those that SQL made as plain binary.
            TypeSignature::OneOf(vec![arguments(DataType::BinaryView), arguments(DataType::Binary)]),
            Volatility::Immutable,
        ),
    })
}

fn arguments(data: DataType) -> TypeSignature {
    let time = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    TypeSignature::Exact(vec![DataType::Int64, time, DataType::Int64, DataType::Int64, data])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Pcap {
    signature: Signature,
}

impl AggregateUDFImpl for Pcap {
    fn name(&self) -> &str {
        "pcap"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Packets::default()))
    }
}

/// The packets of a group, as headers over one buffer.
#[derive(Debug, Default)]
struct Packets {
    headers: Vec<Header>,
    data: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Header {
    packet: i64,
    timestamp_ns: i64,
    link_type: i64,
    original_length: i64,
    start: usize,
    length: usize,
}

/// Layout of a packet in the state that partial aggregates hand over: four numbers, the length, the bytes; little-endian.
mod field {
    use std::ops::Range;

    pub const NUMBERS: [Range<usize>; 5] = [0..8, 8..16, 16..24, 24..32, 32..40];
    pub const DATA: usize = 40;
}

impl Packets {
    fn push(&mut self, numbers: [i64; 4], data: &[u8]) -> Result<()> {
        if self.data.len().saturating_add(data.len()) > MAX_FILE_BYTES {
            return exec_err!("pcap() makes at most {MAX_FILE_BYTES} bytes: narrow the packets, or write a file");
        }
        let [packet, timestamp_ns, link_type, original_length] = numbers;
        let start = self.data.len();
        self.headers.push(Header {
            packet,
            timestamp_ns,
            link_type,
            original_length,
            start,
            length: data.len(),
        });
        self.data.extend_from_slice(data);
        Ok(())
    }

    fn data_of(&self, header: &Header) -> &[u8] {
        &self.data[header.start..header.start + header.length]
    }
}

impl Accumulator for Packets {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let packet = values[0].as_primitive::<Int64Type>();
        let timestamp = values[1].as_primitive::<TimestampNanosecondType>();
        let link_type = values[2].as_primitive::<Int64Type>();
        let original_length = values[3].as_primitive::<Int64Type>();
        let data = cast(&values[4], &DataType::BinaryView)?;
        let data = data.as_binary_view();
        for row in (0..data.len()).filter(|row| data.is_valid(*row)) {
            let numbers = [
                packet.value(row),
                timestamp.value(row),
                link_type.value(row),
                original_length.value(row),
            ];
            self.push(numbers, data.value(row))?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let Some(first) = self.headers.first() else {
            return Ok(ScalarValue::Binary(None));
        };
        let one_link_type = self.headers.iter().all(|header| header.link_type == first.link_type);
        let format = if one_link_type {
            CaptureFormat::Pcap
        } else {
            CaptureFormat::Pcapng
        };
        let longest = self.headers.iter().map(|header| header.length).max().unwrap_or(0);
        let link_type = first.link_type as u16;
        self.headers.sort_by_key(|header| (header.timestamp_ns, header.packet));
        let bytes = Vec::with_capacity(self.data.len() + self.headers.len() * 32 + 64);
        let mut writer = CaptureWriter::new(bytes, format, link_type, longest as u32)?;
        for header in &self.headers {
            writer.write(&Record {
                timestamp_ns: header.timestamp_ns,
                link_type: header.link_type as u16,
                interface: 0,
                original_length: header.original_length as u32,
                comment: None,
                data: self.data_of(header),
            })?;
        }
        let bytes = writer.finish()?;
        if bytes.len() > MAX_FILE_BYTES {
            return exec_err!("pcap() makes at most {MAX_FILE_BYTES} bytes: narrow the packets, or write a file");
        }
        Ok(ScalarValue::Binary(Some(bytes)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.data.capacity() + self.headers.capacity() * size_of::<Header>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut state = Vec::with_capacity(self.data.len() + self.headers.len() * field::DATA);
        for header in &self.headers {
            let length = header.length as i64;
            for number in [
                header.packet,
                header.timestamp_ns,
                header.link_type,
                header.original_length,
                length,
            ] {
                state.extend_from_slice(&number.to_le_bytes());
            }
            state.extend_from_slice(self.data_of(header));
        }
        Ok(vec![ScalarValue::Binary(Some(state))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states: &BinaryArray = as_binary_array(&states[0])?;
        for mut state in states.iter().flatten() {
            while !state.is_empty() {
                let mut numbers = [0; 5];
                for (number, range) in numbers.iter_mut().zip(field::NUMBERS) {
                    let bytes = state.get(range).and_then(|bytes| bytes.try_into().ok());
                    *number = i64::from_le_bytes(bytes.ok_or_else(cut_state)?);
                }
                let [packet, timestamp_ns, link_type, original_length, length] = numbers;
                let end = field::DATA.saturating_add(length as usize);
                let data = state.get(field::DATA..end).ok_or_else(cut_state)?;
                self.push([packet, timestamp_ns, link_type, original_length], data)?;
                state = &state[end..];
            }
        }
        Ok(())
    }
}

fn cut_state() -> datafusion::error::DataFusionError {
    exec_datafusion_err!("a partial state of pcap() ends inside a packet")
}
