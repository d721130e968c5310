//! Stepping: flow ↔ connections ↔ entries ↔ packets, from a row on screen.
//!
//! Comes in: a row of the last answer. Goes out: the question whose answer is one step away, and the breadcrumb: which flow
//! one is in, its state, how many connections and entries it has.

use engine::QueryOptions;
use schema::{Level, Type};

use super::Shell;
use crate::failure::Failure;
use crate::names;
use crate::render::answer::Row;
use crate::render::units;
use crate::terminal::Paint;
use crate::verbs::{self, Question};

/// Where a row stands in the hierarchy, as far as its columns tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    number: usize,
    level: Option<Level>,
    flow_id: Option<i64>,
    conn_id: Option<i64>,
    /// The packet that the row is, or in which it begins.
    pub(super) packet: Option<i64>,
}

impl Place {
    /// Reads a row with this number.
    pub(super) fn of(number: usize, row: &Row<'_>) -> Self {
        let packet = [names::PACKET, names::REQUEST_PACKET, names::RESPONSE_PACKET];
        Self {
            number,
            level: row.level(),
            flow_id: row.int(names::FLOW_ID),
            conn_id: row.int(names::CONN_ID),
            packet: packet.iter().find_map(|column| row.int(column)),
        }
    }

    /// The flow around this place.
    pub(super) fn up(self) -> Self {
        Self {
            level: Some(Level::Flow),
            ..self
        }
    }

    fn flow_id(&self) -> Result<i64, Failure> {
        self.flow_id.ok_or_else(|| self.lacks("flow", names::FLOW_ID))
    }

    /// The connection of the row; `None` for flows, which have many.
    pub(super) fn conn_id(&self) -> Option<i64> {
        self.conn_id.filter(|_| self.level != Some(Level::Flow))
    }

    /// The rows of KFL that are the row's flow.
    pub(super) fn flow(&self) -> Result<String, Failure> {
        Ok(format!("flow && {} == {}", names::FLOW_ID, self.flow_id()?))
    }

    /// The rows of KFL that are the row's connections: all of a flow, else one.
    pub(super) fn connections(&self) -> Result<String, Failure> {
        Ok(format!("conn && {}", self.within()?))
    }

    /// The rows of KFL that are the entries of the row's flow or connection.
    pub(super) fn entries(&self) -> Result<String, Failure> {
        Ok(format!("!flow && !conn && {}", self.within()?))
    }

    /// The rows of SQL that are the packets of the row's flow or connection, without their bytes.
    pub(super) fn packets(&self) -> Result<String, Failure> {
        let table = &schema::tables::packets::TABLE;
        let columns: Vec<&str> = table
            .fields()
            .filter(|field| field.is_stored() && field.ty != Type::Bytes)
            .map(|field| field.column)
            .collect();
        let within = self.within()?.replace("==", "=");
        let order = format!("{}, {}", names::TIMESTAMP, names::PACKET);
        Ok(format!(
            "SELECT {} FROM {} WHERE {within} ORDER BY {order}",
            columns.join(", "),
            table.name
        ))
    }

    fn within(&self) -> Result<String, Failure> {
        match (self.conn_id(), self.flow_id) {
            (Some(conn_id), _) => Ok(format!("{} == {conn_id}", names::CONN_ID)),
            (None, Some(flow_id)) => Ok(format!("{} == {flow_id}", names::FLOW_ID)),
            (None, None) => Err(self.lacks("connection", names::CONN_ID)),
        }
    }

    fn lacks(&self, what: &str, column: &str) -> Failure {
        Failure::input(format!(
            "row {} names no {what}: it has no value in the column {column}",
            self.number
        ))
        .hint(format!(
            "in SQL, select {column} too; packets that are not TCP or UDP have no {what}"
        ))
    }
}

/// Goes to rows of KFL, and says where one is then.
pub(super) fn to_kfl(shell: &mut Shell, place: Place, filter: String) -> Result<(), Failure> {
    shell.ask(Question::Kfl(filter))?;
    breadcrumb(shell, place)
}

/// Goes to rows of SQL, and says where one is then.
pub(super) fn to_sql(shell: &mut Shell, place: Place, statement: String) -> Result<(), Failure> {
    shell.ask(Question::Sql(statement))?;
    breadcrumb(shell, place)
}

/// Says where a place is.
pub(super) fn breadcrumb(shell: &Shell, place: Place) -> Result<(), Failure> {
    // A row of SQL that names its connection alone is not worth a complaint.
    let Ok(filter) = place.flow() else { return Ok(()) };
    let (database, question) = (shell.opened.database.clone(), Question::Kfl(filter));
    let options = QueryOptions { limit: Some(1) };
    let answer = shell
        .opened
        .runtime
        .wait(async move { verbs::collect(&database, &question, &options).await })?;
    if let Some(flow) = answer.row(1) {
        verbs::say(
            shell
                .terminal
                .stderr
                .paint(Paint::Strong, &crumbs(&flow, place.conn_id())),
        );
    }
    Ok(())
}

/// The flow's ends, its state, its connections, its entries; then the connection one is in.
fn crumbs(flow: &Row<'_>, conn_id: Option<i64>) -> String {
    let count = |column| u64::try_from(flow.int(column).unwrap_or(0)).unwrap_or(0);
    let mut text = format!(
        "flow {} {} → {} ({}) · {} · {}",
        flow.int(names::FLOW_ID).unwrap_or(0),
        flow.text(names::SRC_IP).unwrap_or_default(),
        flow.endpoint(names::DST_IP, names::DST_PORT).unwrap_or_default(),
        flow.text(names::FLOW_STATE).unwrap_or_default(),
        units::counted(count(names::FLOW_CONNS), "connection"),
        units::counted_as(count(names::FLOW_ENTRIES), "entry", "entries"),
    );
    if let Some(conn_id) = conn_id {
        text.push_str(&format!(" › connection {conn_id}"));
    }
    text
}
