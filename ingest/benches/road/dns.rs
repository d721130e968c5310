//! DNS over UDP: a query with one question, a response with an alias and two addresses.

use divan::Bencher;
use ingest::dissect::{Half, Transport};
use ingest::talk::{Step, Stream};

use crate::messages::measure;
use crate::traffic::{dns_query, dns_response};

const EXCHANGES: usize = 20_000;
/// Exchanges that are measured at a time.
const AT_A_TIME: usize = 1_000;
/// Queries of a forwarder that wait at once.
const WAITING: usize = 50;

/// As programs ask: a connection for each query.
#[divan::bench]
fn a_port_each(bencher: Bencher) {
    let streams: Vec<_> = (0..EXCHANGES).map(|number| datagrams(exchange(number))).collect();
    measure(bencher, &streams, AT_A_TIME, 1);
}

/// As a forwarder asks: many queries from one port, in rounds that are answered after the last.
#[divan::bench]
fn one_port(bencher: Bencher) {
    let numbers: Vec<usize> = (0..EXCHANGES).collect();
    let connection = |numbers: &[usize]| {
        let rounds = numbers.chunks(WAITING).flat_map(|round| {
            let exchanges = round.iter().map(|number| exchange(*number).into());
            let (queries, responses): (Vec<_>, Vec<_>) = exchanges.unzip();
            [queries, responses].concat()
        });
        datagrams(rounds)
    };
    let streams: Vec<_> = numbers.chunks(AT_A_TIME).map(connection).collect();
    measure(bencher, &streams, 1, AT_A_TIME);
}

fn exchange(number: usize) -> [Step; 2] {
    [
        Step::Data(Half::Client, dns_query(number)),
        Step::Data(Half::Server, dns_response(number)),
    ]
}

fn datagrams(steps: impl IntoIterator<Item = Step>) -> Stream {
    Stream {
        transport: Transport::Udp,
        ports: [40_000, 53],
        steps: steps.into_iter().collect(),
    }
}
