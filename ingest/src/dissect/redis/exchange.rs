//! Commands and the replies that answer them, in order, and their rows.
//!
//! Who asks is the client, unless the bytes say otherwise: in mid-stream the halves may be the wrong way round, and a master
//! sends commands to its replicas. What a server says unasked, to subscribers and monitors, is a row with a response only.

use schema::tables::redis::{Redis, RedisOwn};

use super::command::{Answer, Command};
use super::reader::Reading;
use super::registry::known;
use super::value::{Kind, Value};
use crate::dissect::pending::Pending;
use crate::dissect::{Context, Entry, Half, Side, shorten, sizes};

/// Bytes of a command or a reply that a summary shows.
const SUMMARY_BYTES: usize = 120;
/// Bytes that a summary has besides both.
const MARKS_BYTES: usize = 16;

/// The exchanges of a connection.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    waiting: Pending<(), Asked>,
    /// The half that asks, once a command said so.
    asker: Option<Half>,
    /// How the server answers at present.
    silence: Silence,
    /// The client has subscribed to channels or patterns: what is published there comes between replies.
    listens: bool,
    /// It has subscribed to channels of shards, which are counted apart.
    listens_to_shards: bool,
    /// The client monitors: commands of others come between replies.
    monitors: bool,
    replication: Replication,
    /// Replies to come of commands that were given up because too many waited.
    owed: u64,
    /// Which command the next reply answers is to be found anew: some are missing.
    is_out_of_step: bool,
    /// Commands are missing: those behind them may come later than their replies did.
    is_late: bool,
    /// The packet of the newest reply.
    reply_packet: u64,
}

/// A command that waits for its reply, or for the rest of it.
#[derive(Debug)]
struct Asked {
    command: Command,
    reply: Option<Reply>,
}

/// A reply, as far as it has come.
#[derive(Debug)]
struct Reply {
    side: Side,
    shown: String,
    is_error: bool,
    /// What it is, if nobody asked for it.
    told: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Silence {
    #[default]
    Answers,
    /// It answers the command after the next.
    SkipsNext,
    Off,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Replication {
    #[default]
    None,
    /// The data set comes next from the server.
    DataSet,
    /// Both halves carry commands, and nobody answers.
    Commands,
}

impl Exchanges {
    /// How the next value of a half is to be read.
    pub fn reading(&self, half: Half) -> Reading {
        let asks = self.asker.map(|asker| asker == half);
        match (self.replication, asks) {
            (Replication::Commands, _) | (_, Some(true)) => Reading::Commands,
            (Replication::DataSet, _) => Reading::Transfer,
            (Replication::None, None) if half == Half::Client => Reading::Either,
            (Replication::None, _) => Reading::Replies,
        }
    }

    /// Takes a value of a half.
    pub fn take(&mut self, half: Half, value: &Value, side: Side, context: &mut Context<'_>) {
        if !self.is_asked(half, value) {
            self.reply(half, value, side, context);
            return;
        }
        // Nobody answers what a master sent before it was known to be one.
        if self.replication == Replication::Commands {
            self.close(context);
        }
        if let Some(command) = Command::read(value, side, context.limits.text_bytes) {
            self.command(half, command, context);
        }
    }

    /// Learns that the data set of a master has passed.
    pub fn transferred(&mut self, half: Half, side: Side, context: &mut Context<'_>) {
        self.replication = Replication::Commands;
        let mut asked = self.waiting.take_first();
        let shown = format!("data set of {} bytes", side.bytes);
        match asked.as_mut().and_then(|asked| asked.reply.as_mut()) {
            Some(reply) => reply.add(side, &shown),
            None => {
                let reply = Reply {
                    side,
                    shown,
                    is_error: false,
                    told: None,
                };
                append(half.other(), asked.map(|asked| asked.command), Some(reply), context);
                return;
            }
        }
        self.finish(half.other(), asked, context);
    }

    /// Learns that bytes of a half are missing: which command the next reply answers is not known.
    pub fn lose(&mut self, half: Half, context: &mut Context<'_>) {
        if self.asker.unwrap_or(Half::Client) == half {
            self.is_late = true;
        } else {
            self.is_out_of_step = true;
        }
        // Where a data set ends is not known any more; commands follow it.
        if self.replication == Replication::DataSet {
            self.close(context);
            self.replication = Replication::Commands;
        }
    }

    /// Makes rows of what waits.
    pub fn close(&mut self, context: &mut Context<'_>) {
        let asker = self.asker.unwrap_or(Half::Client);
        while let Some(asked) = self.waiting.take_first() {
            self.finish(asker, Some(asked), context);
        }
    }

    /// True if a half sends commands now.
    pub fn asks(&self, half: Half) -> bool {
        self.replication == Replication::Commands || self.asker.unwrap_or(Half::Client) == half
    }

    /// Bytes of memory that waiting commands hold.
    pub fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }

    /// Says whether a value of a half is a command, and learns who asks.
    fn is_asked(&mut self, half: Half, value: &Value) -> bool {
        let word = value.word(0).filter(|_| value.is_command());
        if self.replication == Replication::Commands {
            return true;
        }
        // A replica tells its master how far it is, once a second: the commands are the other half's.
        let is_progress = value.word(1).is_some_and(|word| word.eq_ignore_ascii_case(b"ACK"));
        if is_progress && word.is_some_and(|word| word.eq_ignore_ascii_case(b"REPLCONF")) {
            self.replication = Replication::Commands;
            return true;
        }
        if let Some(asker) = self.asker {
            return asker == half;
        }
        match word {
            Some(word) if is_told(word, value.top().map_or(0, |top| top.length)) => false,
            Some(word) if known(word).is_some() && (half == Half::Client || self.waiting.len() == 0) => {
                self.asker = Some(half);
                true
            }
            Some(_) => half == Half::Client,
            // A command with something in it that is no word is still no reply.
            None if half == Half::Client && has_verb(value) => {
                self.asker = Some(half);
                true
            }
            None => false,
        }
    }

    fn command(&mut self, half: Half, command: Command, context: &mut Context<'_>) {
        let is_answered = match (self.silence, command.answer) {
            (_, Answer::On) => {
                self.silence = Silence::Answers;
                true
            }
            (_, Answer::Off) => {
                self.silence = Silence::Off;
                false
            }
            (Silence::Off, _) | (_, Answer::Never) => false,
            (_, Answer::Skip) => {
                self.silence = Silence::SkipsNext;
                false
            }
            (Silence::SkipsNext, _) => {
                self.silence = Silence::Answers;
                false
            }
            (Silence::Answers, _) => true,
        };
        if !is_answered || self.replication == Replication::Commands {
            append(half, Some(command), None, context);
            return;
        }
        // The data set may come with no status before it.
        if command.verb == "SYNC" {
            self.replication = Replication::DataSet;
        }
        let (packet, held_bytes) = (command.side.start.packet, command.held_bytes());
        // Its reply may have passed while bytes before it were waited for.
        self.is_out_of_step |= self.is_late && packet < self.reply_packet;
        self.waiting.add((), held_bytes, Asked { command, reply: None });
        while let Some(oldest) = self.waiting.overflow(super::NAME, packet, context) {
            self.give_up(&oldest);
            self.finish(half, Some(oldest), context);
        }
    }

    fn reply(&mut self, half: Half, value: &Value, side: Side, context: &mut Context<'_>) {
        let asker = half.other();
        let Some(top) = value.top() else { return };
        let kind = top.kind;
        let length = top.length;
        let packet = side.start.packet;
        self.reply_packet = packet;
        let word = match kind {
            Kind::Array | Kind::Push => value.word(0).unwrap_or_default(),
            _ => &[],
        };
        let is_news = match kind {
            Kind::Push => !is_confirmation(word, length),
            Kind::Array => is_told(word, length) && self.hears(word),
            Kind::Simple => self.monitors && is_monitored(value),
            _ => false,
        };
        if self.is_out_of_step && !is_news {
            self.catch_up(asker, packet, context);
        }
        // A client that left all channels ended its reply with the one before.
        if let Some(first) = self.waiting.first()
            && first.command.answer == Answer::All
            && first.reply.is_some()
            && !is_news
            && !first.is_confirmed_by(word)
        {
            let asked = self.waiting.take_first();
            self.finish(asker, asked, context);
        }
        let is_confirmed = is_confirmation(word, length)
            && self.owed == 0
            && self.waiting.first().is_some_and(|first| first.is_confirmed_by(word));
        // A server may end subscriptions by itself.
        let is_unasked = is_news || (kind == Kind::Push && !is_confirmed);
        if is_confirmed || (kind == Kind::Push && !is_news) {
            self.subscribe(word, value.word(2) != Some(b"0"));
        }
        let shown = if is_unasked && kind != Kind::Simple {
            value.typed(SUMMARY_BYTES)
        } else {
            value.shown(SUMMARY_BYTES)
        };
        let shown = match kind {
            Kind::Array if shown.ends_with('…') && !is_unasked => format!("{length} elements {shown}"),
            _ => shown,
        };
        let is_error = kind == Kind::Error;
        let is_heard = is_news || (self.waiting.len() == 0 && kind == Kind::Array && is_told(word, length));
        let reply = Reply {
            side,
            shown,
            is_error,
            told: is_heard.then(|| told(kind, word)).flatten(),
        };
        // No command is answered before it came.
        let first = self.waiting.first();
        let is_early = first.is_none_or(|first| first.command.side.start.packet > packet);
        if !is_unasked && self.owed > 0 {
            self.owed = self.owed.saturating_sub(1);
            append(asker, None, Some(reply), context);
            return;
        }
        if is_unasked || is_early {
            // Whoever gets an error was not silenced.
            if is_error {
                self.silence = Silence::Answers;
            }
            append(asker, None, Some(reply), context);
            return;
        }
        if let Some(first) = self.waiting.first_mut() {
            match &mut first.reply {
                Some(earlier) => earlier.add(side, &reply.shown),
                None => first.reply = Some(reply),
            }
            match first.command.answer {
                Answer::Each(left) if is_confirmed && left > 1 => {
                    first.command.answer = Answer::Each(left.saturating_sub(1));
                    return;
                }
                Answer::All if is_confirmed => return,
                Answer::DataSet => {
                    self.replication = Replication::after(value);
                    if self.replication == Replication::DataSet {
                        return;
                    }
                }
                _ => {}
            }
        }
        let asked = self.waiting.take_first();
        if let Some(asked) = &asked
            && !is_error
        {
            match &*asked.command.verb {
                "MONITOR" => self.monitors = true,
                "RESET" => (self.monitors, self.listens, self.listens_to_shards) = (false, false, false),
                _ => {}
            }
        }
        self.finish(asker, asked, context);
    }

    /// Finds the command that a reply of this packet answers where replies before it are missing: the newest that came before.
    /// Those before that have no reply; those behind it wait for their own.
    fn catch_up(&mut self, asker: Half, packet: u64, context: &mut Context<'_>) {
        self.is_out_of_step = false;
        self.owed = 0;
        let came_before = |asked: &&Asked| asked.command.side.start.packet < packet;
        let before = self.waiting.iter().take_while(came_before).count();
        for _ in 1..before {
            let asked = self.waiting.take_first();
            self.finish(asker, asked, context);
        }
    }

    /// Remembers that replies of a command that waits no more will still come.
    fn give_up(&mut self, asked: &Asked) {
        self.owed = self.owed.saturating_add(match asked.command.answer {
            Answer::Each(left) => left,
            _ => 1,
        });
        let verb = asked.command.verb.to_ascii_lowercase();
        if matches!(asked.command.answer, Answer::Each(_)) && !verb.contains("unsub") {
            self.subscribe(verb.as_bytes(), true);
        }
    }

    /// Learns whether channels are left that the client listens to.
    fn subscribe(&mut self, word: &[u8], are_left: bool) {
        match word {
            b"ssubscribe" | b"sunsubscribe" => self.listens_to_shards = are_left,
            _ => self.listens = are_left,
        }
    }

    /// True if the client listens to what comes under this word.
    fn hears(&self, word: &[u8]) -> bool {
        match word {
            b"smessage" => self.listens_to_shards,
            _ => self.listens,
        }
    }

    fn finish(&self, asker: Half, asked: Option<Asked>, context: &mut Context<'_>) {
        if let Some(Asked { command, reply }) = asked {
            append(self.asker.unwrap_or(asker), Some(command), reply, context);
        }
    }
}

impl Replication {
    /// What follows what a server says to a replica that asked for its data.
    fn after(value: &Value) -> Self {
        let text = value.top().map(|top| value.bytes(top)).unwrap_or_default();
        let goes_on = [&b"CONTINUE"[..], b"RDBCHANNELSYNC", b"DUALCHANNELSYNC"];
        if text.starts_with(b"FULLRESYNC") {
            Self::DataSet
        } else if goes_on.iter().any(|word| text.starts_with(word)) {
            Self::Commands
        } else {
            Self::None
        }
    }
}

impl Reply {
    /// Adds what comes behind it.
    fn add(&mut self, side: Side, shown: &str) {
        self.side.bytes = self.side.bytes.saturating_add(side.bytes);
        self.side.end_ns = side.end_ns;
        if self.shown.len() < SUMMARY_BYTES {
            self.shown.push_str(", ");
            self.shown.push_str(shown);
        }
    }
}

impl Asked {
    /// True if a confirmation that begins with this word is of this command.
    fn is_confirmed_by(&self, word: &[u8]) -> bool {
        matches!(self.command.answer, Answer::Each(_) | Answer::All)
            && word.eq_ignore_ascii_case(self.command.verb.as_bytes())
    }
}

/// True of what is published, as subscribers get it: the channel and what is said, and the pattern before both.
fn is_told(word: &[u8], length: u64) -> bool {
    match word {
        b"message" | b"smessage" => length == 3,
        b"pmessage" => length == 4,
        _ => false,
    }
}

/// What a row calls a reply that nobody asked for.
fn told(kind: Kind, word: &[u8]) -> Option<&'static str> {
    match word {
        _ if kind == Kind::Simple => Some("monitor"),
        b"message" => Some("message"),
        b"pmessage" => Some("pmessage"),
        b"smessage" => Some("smessage"),
        b"invalidate" => Some("invalidate"),
        _ => None,
    }
}

/// True of an array that begins with the verb of a command.
fn has_verb(value: &Value) -> bool {
    value.top().is_some_and(|top| top.kind == Kind::Array) && value.word(0).is_some_and(|word| known(word).is_some())
}

/// True of the replies to commands that subscribe or end it: the channel, and how many are left.
fn is_confirmation(word: &[u8], length: u64) -> bool {
    let words = [
        &b"subscribe"[..],
        b"psubscribe",
        b"ssubscribe",
        b"unsubscribe",
        b"punsubscribe",
        b"sunsubscribe",
    ];
    length == 3 && words.contains(&word)
}

/// True of a command of another client, as a monitor gets it: a time, and an address in brackets.
fn is_monitored(value: &Value) -> bool {
    let text = value.top().map(|top| value.bytes(top)).unwrap_or_default();
    text.first().is_some_and(u8::is_ascii_digit) && text.contains(&b'[')
}

/// Appends a row.
fn append(asker: Half, command: Option<Command>, reply: Option<Reply>, context: &mut Context<'_>) {
    let (request, response) = (
        command.as_ref().map(|command| command.side),
        reply.as_ref().map(|reply| reply.side),
    );
    let text = command.as_ref().map_or("", Command::text);
    let shown = reply.as_ref().map_or("", |reply| reply.shown.as_str());
    let bytes = text
        .len()
        .saturating_add(shown.len())
        .min(SUMMARY_BYTES.saturating_mul(3));
    let mut summary = String::with_capacity(bytes.saturating_add(MARKS_BYTES));
    summary.push_str(&shorten(text, SUMMARY_BYTES));
    if reply.is_some() {
        if !summary.is_empty() {
            summary.push(' ');
        }
        summary.push_str("→ ");
        summary.push_str(&shorten(shown, SUMMARY_BYTES.saturating_mul(2)));
    }
    let verb = command.as_ref().map(|command| &*command.verb);
    let told = reply.as_ref().and_then(|reply| reply.told);
    let (common, identity) = context.common(Entry {
        method: verb.or(told),
        status_code: reply.as_ref().map(|reply| i64::from(reply.is_error)),
        summary: &summary,
        ..Entry::of(super::NAME, asker, request, response)
    });
    let [request_size, response_size, total_size] = sizes(request, response);
    context.tables.redis.append(Redis {
        common,
        identity,
        own: RedisOwn {
            redis_type: verb,
            redis_command: command.as_ref().map(Command::text),
            redis_key: command.as_ref().and_then(Command::key),
            redis_request_size: request_size,
            redis_response_size: response_size,
            redis_total_size: total_size,
        },
    });
}
