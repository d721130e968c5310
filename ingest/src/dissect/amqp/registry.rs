//! Methods, and the fields of their arguments.
//!
//! Specification: AMQP 0-9-1 (XML), its predecessor's class `access`, and RabbitMQ's `confirm`, `basic.nack`, `exchange.bind`,
//! `connection.blocked` and `connection.update-secret`.

use Field::{Bits, Cause, Code, Hidden, Long, LongLong, LongText, Name, Named, Reserved, Short, Table, Versions};
use Role::{Alone, Answer, AnswerWithContent, Content, Request};
use Sender::{Client, Either, Server};

/// A method.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Method {
    pub class: u16,
    pub id: u16,
    /// Class and method.
    pub name: &'static str,
    pub sender: Sender,
    pub role: Role,
    pub fields: &'static [Field],
}

/// Who says a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Server,
    Either,
}

/// What a method is in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Another method answers it, unless it says that none is to.
    Request,
    /// Answers the method of its class with this number.
    Answer(u16),
    /// Answers it, and content follows.
    AnswerWithContent(u16),
    /// Content follows, and nothing answers it.
    Content,
    /// Nothing answers it.
    Alone,
}

/// A field of a method's arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Two bytes that were a ticket once.
    Reserved,
    /// Two bytes of version.
    Versions,
    /// A short text that is shown as it is.
    Name,
    /// A short text that is shown behind its name if it has any.
    Named(&'static str),
    /// A long text.
    LongText,
    /// A long text that is not to be shown.
    Hidden,
    Table,
    /// A reply code.
    Code,
    /// Class and number of the method that failed.
    Cause,
    Short(&'static str),
    Long(&'static str),
    LongLong(&'static str),
    /// Bits, the lowest first; those without a name are not shown.
    Bits(&'static [&'static str]),
}

/// The bit that says that nobody is to answer.
pub(super) const NO_WAIT: &str = "no-wait";

/// Class and number of methods that mean more than their arguments.
pub(super) const CONNECTION: u16 = 10;
pub(super) const CONNECTION_CLOSE: (u16, u16) = (CONNECTION, 50);
pub(super) const CHANNEL_OPEN: (u16, u16) = (20, 10);
pub(super) const CHANNEL_CLOSE: (u16, u16) = (20, 40);
/// The class whose methods have content.
pub(super) const BASIC: u16 = 60;

const CLOSED: &[Field] = &[Code, Name, Cause];
const ROUTED: &[Field] = &[Reserved, Name, Named("exchange"), Named("key"), Bits(&[NO_WAIT]), Table];
const BOUND: &[Field] = &[Reserved, Name, Named("source"), Named("key"), Bits(&[NO_WAIT]), Table];
const TUNED: &[Field] = &[Short("channels"), Long("frame"), Short("heartbeat")];

/// The method of a class with a number.
pub(super) fn method(class: u16, id: u16) -> Option<&'static Method> {
    METHODS.iter().find(|method| (method.class, method.id) == (class, id))
}

const fn of(class: u16, id: u16, name: &'static str, sender: Sender, role: Role, fields: &'static [Field]) -> Method {
    Method {
        class,
        id,
        name,
        sender,
        role,
        fields,
    }
}

static METHODS: [Method; 67] = [
    of(
        10,
        10,
        "connection.start",
        Server,
        Request,
        &[Versions, Table, LongText, Hidden],
    ),
    of(
        10,
        11,
        "connection.start-ok",
        Client,
        Answer(10),
        &[Table, Name, Hidden, Hidden],
    ),
    of(10, 20, "connection.secure", Server, Request, &[Hidden]),
    of(10, 21, "connection.secure-ok", Client, Answer(20), &[Hidden]),
    of(10, 30, "connection.tune", Server, Request, TUNED),
    of(10, 31, "connection.tune-ok", Client, Answer(30), TUNED),
    of(10, 40, "connection.open", Client, Request, &[Name]),
    of(10, 41, "connection.open-ok", Server, Answer(40), &[]),
    of(10, 50, "connection.close", Either, Request, CLOSED),
    of(10, 51, "connection.close-ok", Either, Answer(50), &[]),
    of(10, 60, "connection.blocked", Server, Alone, &[Name]),
    of(10, 61, "connection.unblocked", Server, Alone, &[]),
    of(10, 70, "connection.update-secret", Client, Request, &[Hidden, Name]),
    of(10, 71, "connection.update-secret-ok", Server, Answer(70), &[]),
    of(20, 10, "channel.open", Client, Request, &[]),
    of(20, 11, "channel.open-ok", Server, Answer(10), &[]),
    of(20, 20, "channel.flow", Either, Request, &[Bits(&["active"])]),
    of(20, 21, "channel.flow-ok", Either, Answer(20), &[Bits(&["active"])]),
    of(20, 40, "channel.close", Either, Request, CLOSED),
    of(20, 41, "channel.close-ok", Either, Answer(40), &[]),
    of(30, 10, "access.request", Client, Request, &[Name]),
    of(30, 11, "access.request-ok", Server, Answer(10), &[]),
    of(
        40,
        10,
        "exchange.declare",
        Client,
        Request,
        &[
            Reserved,
            Name,
            Name,
            Bits(&["passive", "durable", "auto-delete", "internal", NO_WAIT]),
        ],
    ),
    of(40, 11, "exchange.declare-ok", Server, Answer(10), &[]),
    of(
        40,
        20,
        "exchange.delete",
        Client,
        Request,
        &[Reserved, Name, Bits(&["if-unused", NO_WAIT])],
    ),
    of(40, 21, "exchange.delete-ok", Server, Answer(20), &[]),
    of(40, 30, "exchange.bind", Client, Request, BOUND),
    of(40, 31, "exchange.bind-ok", Server, Answer(30), &[]),
    of(40, 40, "exchange.unbind", Client, Request, BOUND),
    of(40, 51, "exchange.unbind-ok", Server, Answer(40), &[]),
    of(
        50,
        10,
        "queue.declare",
        Client,
        Request,
        &[
            Reserved,
            Name,
            Bits(&["passive", "durable", "exclusive", "auto-delete", NO_WAIT]),
        ],
    ),
    of(
        50,
        11,
        "queue.declare-ok",
        Server,
        Answer(10),
        &[Name, Long("messages"), Long("consumers")],
    ),
    of(50, 20, "queue.bind", Client, Request, ROUTED),
    of(50, 21, "queue.bind-ok", Server, Answer(20), &[]),
    of(
        50,
        30,
        "queue.purge",
        Client,
        Request,
        &[Reserved, Name, Bits(&[NO_WAIT])],
    ),
    of(50, 31, "queue.purge-ok", Server, Answer(30), &[Long("messages")]),
    of(
        50,
        40,
        "queue.delete",
        Client,
        Request,
        &[Reserved, Name, Bits(&["if-unused", "if-empty", NO_WAIT])],
    ),
    of(50, 41, "queue.delete-ok", Server, Answer(40), &[Long("messages")]),
    of(
        50,
        50,
        "queue.unbind",
        Client,
        Request,
        &[Reserved, Name, Named("exchange"), Named("key"), Table],
    ),
    of(50, 51, "queue.unbind-ok", Server, Answer(50), &[]),
    of(
        60,
        10,
        "basic.qos",
        Client,
        Request,
        &[Long("bytes"), Short("messages"), Bits(&["global"])],
    ),
    of(60, 11, "basic.qos-ok", Server, Answer(10), &[]),
    of(
        60,
        20,
        "basic.consume",
        Client,
        Request,
        &[
            Reserved,
            Name,
            Named("consumer"),
            Bits(&["no-local", "no-ack", "exclusive", NO_WAIT]),
        ],
    ),
    of(60, 21, "basic.consume-ok", Server, Answer(20), &[Name]),
    of(60, 30, "basic.cancel", Either, Request, &[Name, Bits(&[NO_WAIT])]),
    of(60, 31, "basic.cancel-ok", Either, Answer(30), &[Name]),
    of(
        60,
        40,
        "basic.publish",
        Client,
        Content,
        &[Reserved, Name, Named("key"), Bits(&["mandatory", "immediate"])],
    ),
    of(
        60,
        50,
        "basic.return",
        Server,
        Content,
        &[Code, Name, Named("exchange"), Named("key")],
    ),
    of(
        60,
        60,
        "basic.deliver",
        Server,
        Content,
        &[
            Name,
            LongLong("tag"),
            Bits(&["redelivered"]),
            Named("exchange"),
            Named("key"),
        ],
    ),
    of(
        60,
        70,
        "basic.get",
        Client,
        Request,
        &[Reserved, Name, Bits(&["no-ack"])],
    ),
    of(
        60,
        71,
        "basic.get-ok",
        Server,
        AnswerWithContent(70),
        &[
            LongLong("tag"),
            Bits(&["redelivered"]),
            Named("exchange"),
            Named("key"),
            Long("messages"),
        ],
    ),
    of(60, 72, "basic.get-empty", Server, Answer(70), &[]),
    of(
        60,
        80,
        "basic.ack",
        Either,
        Alone,
        &[LongLong("tag"), Bits(&["multiple"])],
    ),
    of(
        60,
        90,
        "basic.reject",
        Client,
        Alone,
        &[LongLong("tag"), Bits(&["requeue"])],
    ),
    of(60, 100, "basic.recover-async", Client, Alone, &[Bits(&["requeue"])]),
    of(60, 110, "basic.recover", Client, Request, &[Bits(&["requeue"])]),
    of(60, 111, "basic.recover-ok", Server, Answer(110), &[]),
    of(
        60,
        120,
        "basic.nack",
        Either,
        Alone,
        &[LongLong("tag"), Bits(&["multiple", "requeue"])],
    ),
    of(85, 10, "confirm.select", Client, Request, &[Bits(&[NO_WAIT])]),
    of(85, 11, "confirm.select-ok", Server, Answer(10), &[]),
    of(90, 10, "tx.select", Client, Request, &[]),
    of(90, 11, "tx.select-ok", Server, Answer(10), &[]),
    of(90, 20, "tx.commit", Client, Request, &[]),
    of(90, 21, "tx.commit-ok", Server, Answer(20), &[]),
    of(90, 30, "tx.rollback", Client, Request, &[]),
    of(90, 31, "tx.rollback-ok", Server, Answer(30), &[]),
    of(10, 42, "connection.redirect", Server, Alone, &[Name, Name]),
];
