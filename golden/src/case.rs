//! What one recorded case holds.

use std::collections::BTreeMap;

/// Who made the bytes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A Kitex client talked to a Kitex server.
    Live,
    /// Hand-made bytes were sent to a Kitex server: the client's side is not a Kitex peer's.
    HandMadeRequests,
    /// A Kitex client was given hand-made answers: the server's side is not a Kitex peer's.
    HandMadeAnswers,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The end that dialled.
    Client,
    /// The end that accepted.
    Server,
}

/// One recorded conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The family it belongs to, one of [`crate::FAMILIES`].
    pub family: &'static str,
    /// Its name in the family.
    pub name: String,
    /// What was called with which options, and what came back, in a sentence.
    pub what: String,
    /// The outer form that was asked for, or that the bytes are hand-made.
    pub transport: String,
    /// The file in `idl/` that the methods are from.
    pub idl: String,
    /// Switches of the server program; `README.md` lists them.
    pub server_options: String,
    /// Switches of a second server behind the first; the bytes are then those between the two servers.
    pub next_server_options: Option<String>,
    /// Switches of the client program.
    pub client_options: String,
    /// What the client program saw, call by call, in the order in which the calls ended.
    pub calls: Vec<ClientSays>,
    /// The bytes in order of arrival.
    pub messages: Vec<Message>,
    /// The reply of a call that another connection held while this one was recorded.
    pub held_reply: Option<Message>,
    /// Who closed each connection first while both programs were still there. A connection that is not listed stayed open.
    pub closed_by: BTreeMap<u32, Side>,
    /// Remarks made while recording: moments, and what a log said.
    pub notes: Vec<String>,
}

impl Case {
    /// `family/name`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.family, self.name)
    }

    /// Who made the bytes.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match (self.server_options.as_str(), self.client_options.as_str()) {
            ("hand-made answers", _) => Origin::HandMadeAnswers,
            (_, "hand-made bytes") => Origin::HandMadeRequests,
            _ => Origin::Live,
        }
    }

    /// What stood behind `-name` among the server's switches; empty for a switch without a value, `None` if it was not set.
    #[must_use]
    pub fn server_switch(&self, name: &str) -> Option<&str> {
        switch(&self.server_options, name)
    }

    /// The same for the client's switches.
    #[must_use]
    pub fn client_switch(&self, name: &str) -> Option<&str> {
        switch(&self.client_options, name)
    }
}

/// Values may hold blanks, so one ends where the next switch begins.
fn switch<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    let found = options.split(" -").find_map(|part| {
        let part = part.strip_prefix('-').unwrap_or(part).strip_prefix(name)?;
        (part.is_empty() || part.starts_with([' ', '='])).then_some(part)
    })?;
    Some(found.trim_start_matches([' ', '=']))
}

/// What the client program saw of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSays {
    /// The word it called with.
    pub msg: String,
    /// The value it was handed, if the method has one.
    pub reply: Option<Reply>,
    /// The text of the error.
    pub error: Option<String>,
    /// The Go type of the error, which tells a declared exception from a failed call.
    pub error_type: Option<String>,
    /// The type code, if the error carries one.
    pub code: Option<i32>,
    /// The business status.
    pub business: Option<Business>,
    /// The backward metadata, if the client asked for it.
    pub backward: Option<BTreeMap<String, String>>,
}

/// A value as the client program printed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// JSON, `null` for a nil pointer.
    Json(String),
    /// The value was long: how many bytes its JSON had.
    Length(usize),
}

/// A business status as a client sees it, or as a handler sets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Business {
    /// The code; 0 is no failure to a client.
    pub code: i32,
    /// The message.
    pub message: String,
    /// The extra pairs.
    pub extra: BTreeMap<String, String>,
}

/// One message, or what was written at once if it could not be cut into messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who sent it.
    pub from: Side,
    /// The connection, counted from 1 in the order of dialling.
    pub conn: u32,
    /// All its bytes.
    pub bytes: Vec<u8>,
    /// For a message over 10,000 bytes, of which only this was recorded: what `bytes`, built again, must hash to.
    pub digest: Option<Digest>,
    /// What a decoder independent of this project read; of several messages in one write, the first.
    pub decoded: Option<Decoded>,
}

/// The recorded fingerprint of a long message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Its length in bytes.
    pub length: usize,
    /// SHA-256 of all of it, in lower-case hex.
    pub sha256: String,
}

/// The outer form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The bare message.
    Buffered,
    /// A length, then the message.
    Framed,
    /// A TTHeader, then the bare message.
    TtHeader,
    /// A TTHeader, then a length, then the message.
    TtHeaderFramed,
}

/// What the message inside is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Thrift Binary, strict.
    Thrift,
    /// Kitex's own envelope around a protobuf message.
    KitexProtobuf,
}

/// The facts of a message that do not depend on the order of pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The outer form.
    pub form: Form,
    /// The TTHeader, if the form has one.
    pub header: Option<Header>,
    /// What the payload is written in.
    pub codec: Codec,
    /// The message type: 1 call, 2 reply, 3 exception, 4 oneway; others are hand-made.
    pub message_type: u16,
    /// The sequence id of the envelope.
    pub seq: i32,
    /// The method name of the envelope.
    pub method: String,
    /// The application exception, where the recording reads it.
    pub exception: Option<Exception>,
}

/// The facts of a TTHeader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// FLAGS.
    pub flags: u16,
    /// SEQUENCE ID.
    pub seq: i32,
    /// PROTOCOL ID.
    pub protocol_id: u8,
    /// The integer keys.
    pub int: BTreeMap<u16, String>,
    /// The string keys.
    pub str: BTreeMap<String, String>,
    /// The ACL token.
    pub acl_token: Option<String>,
    /// The offset of what follows the header, where the recording says it.
    pub payload_at: Option<usize>,
}

/// An application exception.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exception {
    /// Field 1.
    pub message: String,
    /// Field 2.
    pub code: i32,
}
