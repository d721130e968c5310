//! `hex`: the packets of a connection, or one packet.

use engine::{Database, Packet, QueryOptions};
use schema::tables::packets;

use super::{Opened, Question, answer::collect};
use crate::cli::HexArguments;
use crate::failure::{Exit, Failure};
use crate::names;
use crate::render::answer::Answer;
use crate::source::Source;
use crate::terminal::Terminal;
use crate::viewer::{self, Ends, Sequence};

/// Shows the packets that a number means.
pub(super) fn run(source: &Source, arguments: &HexArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let opened = Opened::of(source, terminal)?;
    let is_interactive = terminal.stdin_is_terminal && terminal.stdout.is_terminal;
    let (database, number) = (opened.database.clone(), arguments.number);
    let sequence = opened
        .runtime
        .wait(async move { find(&database, number, is_interactive).await })?;
    viewer::show(sequence, terminal)?;
    Ok(Exit::Done)
}

/// The connection of this number or, if it is another packet's, that packet: among its connection's if one can move there.
async fn find(database: &Database, number: i64, with_neighbours: bool) -> Result<Sequence, Failure> {
    let packets = database.packets_of(number).await?;
    if !packets.is_empty() {
        return of_connection(database, number, packets, None).await;
    }
    let Some(packet) = database.packet(number).await? else {
        if connection(database, number).await?.len() > 0 {
            return Err(Failure::input(format!("no packets of connection {number} are stored")));
        }
        return Err(
            Failure::input(format!("no connection and no packet has the number {number}"))
                .hint("conn_id and packet numbers are columns of every answer"),
        );
    };
    let conn_id = connection_of(database, number).await?;
    match conn_id {
        Some(conn_id) if with_neighbours => {
            let packets = database.packets_of(conn_id).await?;
            of_connection(database, conn_id, packets, Some(number)).await
        }
        Some(conn_id) => of_connection(database, conn_id, vec![packet], None).await,
        None => Ok(Sequence {
            packets: vec![packet],
            ends: None,
            at: 0,
        }),
    }
}

/// Packets of a connection, beginning with one of them.
pub(crate) async fn of_connection(
    database: &Database,
    conn_id: i64,
    packets: Vec<Packet>,
    first: Option<i64>,
) -> Result<Sequence, Failure> {
    let at = packets
        .iter()
        .position(|packet| Some(packet.number) == first)
        .unwrap_or(0);
    let connection = connection(database, conn_id).await?;
    Ok(Sequence {
        packets,
        ends: connection.row(1).and_then(|row| Ends::of(&row)),
        at,
    })
}

/// The row of a connection, if there is one.
async fn connection(database: &Database, conn_id: i64) -> Result<Answer, Failure> {
    let question = Question::Kfl(format!("conn && {} == {conn_id}", names::CONN_ID));
    collect(database, &question, &QueryOptions { limit: Some(1) }).await
}

async fn connection_of(database: &Database, number: i64) -> Result<Option<i64>, Failure> {
    let statement = format!(
        "SELECT {} FROM {} WHERE {} = {number}",
        names::CONN_ID,
        packets::TABLE.name,
        names::PACKET
    );
    let found = collect(database, &Question::Sql(statement), &QueryOptions { limit: Some(1) }).await?;
    Ok(found.row(1).and_then(|row| row.int(names::CONN_ID)))
}
