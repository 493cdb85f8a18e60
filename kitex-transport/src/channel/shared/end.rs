//! Why a shared connection ended.

use std::io;

use kitex_core::{ConnectionInfo, Error, Stage};

use crate::channel::backoff::Cause;
use crate::channel::errors;

/// Why a connection ended.
#[derive(Debug)]
pub(in crate::channel) enum End {
    /// It was to end with its last call.
    Drained,
    /// The peer sends no more, and its last answer is not whole.
    Closed { left_over: usize },
    /// Reading or writing failed.
    Broken(Stage, Cause),
    /// The peer sent what cannot be read.
    Unreadable(Error),
    /// The runtime was shut down.
    Dropped,
}

impl End {
    pub(in crate::channel) fn broken(stage: Stage) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Broken(stage, error.into())
    }

    #[cold]
    pub(in crate::channel) fn error(&self, info: &ConnectionInfo) -> Error {
        match self {
            Self::Drained => errors::shutdown().with_peer(info.peer()),
            Self::Closed { left_over } => errors::ended(info, *left_over),
            Self::Broken(stage, cause) => errors::broken(info, *stage, cause.to_io()),
            Self::Unreadable(error) => errors::again(error).with_peer(info.peer()),
            Self::Dropped => errors::closed(info, Stage::Read, "the connection's runtime was shut down"),
        }
    }
}
