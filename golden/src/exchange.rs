//! Which reply belongs to which request.

use crate::case::{Case, Decoded, Side};
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
        let requests = cut(&self.stream(conn, Side::Client));
        let mut replies = cut(&self.stream(conn, Side::Server));
        let pair = |request: Sent| {
            let found = replies.iter().position(|reply| reply.decoded.seq == request.decoded.seq);
            Exchange { conn, request, reply: found.map(|index| replies.remove(index)) }
        };
        requests.into_iter().map(pair).collect()
    }
}

fn cut(stream: &[u8]) -> Vec<Sent> {
    let mut at = 0;
    let mut sent = Vec::new();
    for read in oracle::split(stream) {
        let bytes = stream[at..at + read.length].to_vec();
        at += read.length;
        sent.push(Sent { bytes, body: read.body.to_vec(), decoded: read.decoded });
    }
    sent
}
