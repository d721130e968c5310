//! `\hex N`: the packets of a row's connection, byte by byte, beginning with the row's own.

use super::{Command, Completes};
use crate::failure::Failure;
use crate::shell::step::Place;
use crate::shell::{Go, Shell};
use crate::verbs::hex;
use crate::viewer::{self, Sequence};

pub(super) const COMMAND: Command = Command {
    name: "hex",
    arguments: "N",
    doc: "the packets of row N's connection byte by byte: n and p step, /text and /x 0d0a search, q leaves",
    completes: Completes::Nothing,
    run: |shell, typed| {
        let (number, _, row) = shell.row(typed)?;
        let sequence = packets_of(shell, Place::of(number, &row))?;
        viewer::show(sequence, &shell.terminal)?;
        Ok(Go::On)
    },
};

fn packets_of(shell: &Shell, place: Place) -> Result<Sequence, Failure> {
    let database = shell.opened.database.clone();
    shell.opened.runtime.wait(async move {
        let Some(conn_id) = place.conn_id() else {
            let packet = match place.packet {
                Some(number) => database.packet(number).await?,
                None => None,
            };
            return match packet {
                Some(packet) => Ok(Sequence {
                    packets: vec![packet],
                    ends: None,
                    at: 0,
                }),
                None => Err(Failure::input("the row is no connection and no part of one")
                    .hint("\\conn N lists the connections of a flow; \\hex shows one of them")),
            };
        };
        let packets = database.packets_of(conn_id).await?;
        if packets.is_empty() {
            return Err(Failure::input(format!("no packets of connection {conn_id} are stored")));
        }
        hex::of_connection(&database, conn_id, packets, place.packet).await
    })
}
