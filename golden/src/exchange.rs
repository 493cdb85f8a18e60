//! Which reply belongs to which request.

use crate::case::{Case, Decoded, Message, Side};
use crate::oracle;

/// A request of a case and what came back for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The connection it ran on.
    pub conn: u32,
    /// What the client sent.
    pub request: Sent,
    /// What the server answered; `None` for a oneway, a call that failed, or a connection that was closed.
    pub reply: Option<Sent>,
}

/// One whole message as [`oracle::split`] cut it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// All its bytes.
    pub bytes: Vec<u8>,
    /// Its facts.
    pub decoded: Decoded,
    /// The arguments, result or exception, in their bytes.
    pub body: Vec<u8>,
}

impl Case {
    /// The requests that can be cut out of what the clients sent, connection by connection, each with its reply: the first
    /// with its sequence id that no earlier request has taken.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.connections().into_iter().flat_map(|conn| self.exchanges_of(conn)).collect()
    }

    /// The connections that carried a byte.
    #[must_use]
    pub fn connections(&self) -> Vec<u32> {
        let mut connections: Vec<u32> = self.messages.iter().map(|message| message.conn).collect();
        connections.sort_unstable();
        connections.dedup();
        connections
    }

    /// All that one side sent on one connection.
    #[must_use]
    pub fn stream(&self, conn: u32, from: Side) -> Vec<u8> {
        let sent = self.messages.iter().filter(|message| message.conn == conn && message.from == from);
        sent.flat_map(|message| message.bytes.iter().copied()).collect()
    }

    fn exchanges_of(&self, conn: u32) -> Vec<Exchange> {
        let requests = self.cut(conn, Side::Client);
        let mut replies = self.cut(conn, Side::Server);
        let pair = |request: Sent| {
            let found = replies.iter().position(|reply| reply.decoded.seq == request.decoded.seq);
            Exchange { conn, request, reply: found.map(|index| replies.remove(index)) }
        };
        requests.into_iter().map(pair).collect()
    }

    /// Cuts what one side sent; behind bytes that are no message it goes on with what was written next.
    pub(crate) fn cut(&self, conn: u32, from: Side) -> Vec<Sent> {
        let stream = self.stream(conn, from);
        let mut sent = Vec::new();
        let mut at = 0;
        for start in self.starts(conn, from) {
            at = at.max(start);
            for read in oracle::split(&stream[at..]) {
                let bytes = stream[at..at + read.length].to_vec();
                at += read.length;
                sent.push(Sent { bytes, body: read.body.to_vec(), decoded: read.decoded });
            }
        }
        sent
    }

    /// Where in its stream each write of one side begins.
    fn starts(&self, conn: u32, from: Side) -> Vec<usize> {
        let sent = self.messages.iter().filter(|message| (message.conn, message.from) == (conn, from));
        let mut end = 0;
        let start = |message: &Message| {
            end += message.bytes.len();
            end - message.bytes.len()
        };
        sent.map(start).collect()
    }
}
