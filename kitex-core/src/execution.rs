//! Where calls of a method run.

use std::fmt;
use std::str::FromStr;

use crate::MethodDescriptor;

/// Where a server runs the calls of a method.
///
/// It is asked for by the annotation `kitex.execution` of a method in the IDL, or when the server is set up, which
/// has the last word.
///
/// ```
/// use kitex_core::Execution;
///
/// assert_eq!("blocking".parse(), Ok(Execution::Blocking));
/// assert!("faster".parse::<Execution>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Execution {
    /// A call begins in its connection's task. One that has to wait and may run beside others goes on in a task of its
    /// own; so do calls of a method that was seen to keep its thread.
    #[default]
    Auto,
    /// In the connection's task from beginning to end: for handlers that wait for little. One that keeps its thread
    /// keeps its connection.
    Inline,
    /// In a task of its own from the beginning: for handlers that compute for longer than 100 microseconds.
    Spawn,
    /// On a thread for blocking work: for handlers that block, as on files or on a synchronous database client. A call
    /// that is given up while its handler blocks goes on until the handler next awaits.
    Blocking,
}

impl Execution {
    /// The annotation that asks for it.
    pub const ANNOTATION: &str = "kitex.execution";

    /// What the IDL asks for. Errors if that is no execution there is.
    pub(crate) fn of(method: &'static MethodDescriptor) -> Result<Self, UnknownExecution> {
        let asked = method.annotations.iter().find(|(key, _)| *key == Self::ANNOTATION);
        asked.map_or(Ok(Self::Auto), |(_, value)| value.parse())
    }
}

impl FromStr for Execution {
    type Err = UnknownExecution;

    fn from_str(text: &str) -> Result<Self, UnknownExecution> {
        match text {
            "auto" => Ok(Self::Auto),
            "inline" => Ok(Self::Inline),
            "spawn" => Ok(Self::Spawn),
            "blocking" => Ok(Self::Blocking),
            _ => Err(UnknownExecution(text.into())),
        }
    }
}

/// The text is no [`Execution`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownExecution(String);

impl fmt::Display for UnknownExecution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no execution: there are auto, inline, spawn and blocking", self.0)
    }
}

impl std::error::Error for UnknownExecution {}
