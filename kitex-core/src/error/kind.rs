//! The kinds of errors, and where they happen.

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The peer answered with an application exception; [`Error::code`](crate::Error::code) is its type.
    Remote,
    /// The handler failed, or says so with a code of its own.
    Handler,
    /// The handler panicked.
    Panic,
    /// No such service.
    UnknownService,
    /// No such method in the service.
    UnknownMethod,
    /// Arguments that could not be decoded.
    Arguments,
    /// The deadline passed.
    Deadline,
    /// The caller gave the call up, or its connection went away.
    Cancelled,
    /// No connection could be made.
    Connect,
    /// The connection ended or broke during the call.
    Closed,
    /// The peer sent what the protocol does not allow.
    Protocol,
    /// A reply with neither a value nor an exception.
    MissingResult,
    /// A value that could not be encoded.
    Encode,
    /// A limit of this side was reached; [`Error::setting`](crate::Error::setting) names it.
    Limit,
    /// This side is shutting down.
    Shutdown,
    /// A layer of somebody else's failed; see the source.
    Layer,
}

impl ErrorKind {
    /// All kinds, each at its [`index`](Self::index).
    pub const ALL: [Self; 16] = [
        Self::Remote,
        Self::Handler,
        Self::Panic,
        Self::UnknownService,
        Self::UnknownMethod,
        Self::Arguments,
        Self::Deadline,
        Self::Cancelled,
        Self::Connect,
        Self::Closed,
        Self::Protocol,
        Self::MissingResult,
        Self::Encode,
        Self::Limit,
        Self::Shutdown,
        Self::Layer,
    ];

    /// A number of its own for each kind, for tables.
    pub fn index(self) -> usize {
        self as usize
    }

    /// What errors call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Remote => "remote exception",
            Self::Handler => "handler error",
            Self::Panic => "handler panic",
            Self::UnknownService => "unknown service",
            Self::UnknownMethod => "unknown method",
            Self::Arguments => "undecodable arguments",
            Self::Deadline => "deadline exceeded",
            Self::Cancelled => "cancelled",
            Self::Connect => "cannot connect",
            Self::Closed => "connection closed",
            Self::Protocol => "protocol violation",
            Self::MissingResult => "missing result",
            Self::Encode => "cannot encode",
            Self::Limit => "limit reached",
            Self::Shutdown => "shutting down",
            Self::Layer => "layer error",
        }
    }
}

/// Where in the course of a call something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// In the stub or the layers, before anything else.
    Local,
    /// In a layer of somebody else's, which may have let the call pass before.
    Layer,
    /// While a name became addresses.
    Resolve,
    /// While an endpoint was chosen, or a free connection waited for.
    Pick,
    /// While a connection was being made.
    Dial,
    /// While the request was written.
    Write,
    /// While the response was waited for.
    Read,
    /// While bytes became values.
    Decode,
    /// While the handler ran.
    Handle,
    /// At the peer.
    Remote,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Local => "before sending",
            Self::Layer => "in a layer",
            Self::Resolve => "while resolving",
            Self::Pick => "while waiting for a connection",
            Self::Dial => "while connecting",
            Self::Write => "while writing",
            Self::Read => "while waiting for the response",
            Self::Decode => "while decoding",
            Self::Handle => "in the handler",
            Self::Remote => "at the peer",
        }
    }
}

/// Whether a failed call may have reached the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// No byte of it left, or the peer said that it was not served: it may be made again without harm.
    Never,
    /// It may have been served.
    Maybe,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_at_its_index() {
        for (at, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), at, "{kind:?}");
        }
        assert_eq!(ErrorKind::Layer.index() + 1, ErrorKind::ALL.len(), "the last one is there");
    }
}
