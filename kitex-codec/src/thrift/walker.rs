//! Finding the end of a struct or message in any protocol.

use super::json::Scan;
use super::walk::{Level, Steps};
use super::{Envelope, Protocol, Walk, binary, compact};
use crate::DecodeError;

/// A walk over one struct that may stop where the input does and go on later. Nothing is walked twice.
#[derive(Debug)]
pub struct Walker(Walked);

#[derive(Debug)]
enum Walked {
    Binary(Steps<binary::Lengths>),
    Compact(Steps<compact::Lengths>),
    Json(Scan),
}

impl Walker {
    /// A walk over the struct that begins `at` bytes into the input. Of JSON it may also be a whole message.
    pub fn new(protocol: Protocol, at: usize, max_depth: usize) -> Self {
        Self(match protocol {
            Protocol::Binary => Walked::Binary(Steps::of(Level::Struct, at, max_depth)),
            Protocol::Compact => Walked::Compact(Steps::of(Level::Struct, at, max_depth)),
            Protocol::Json => Walked::Json(Scan::new(at, max_depth)),
        })
    }

    /// A walk over the message at the input's front; `None` if so little of it is there that its struct is not found.
    ///
    /// Errors if its envelope cannot be read.
    pub(crate) fn message(
        protocol: Protocol,
        input: &[u8],
        max_depth: usize,
    ) -> Result<Option<Self>, DecodeError> {
        let at = match protocol {
            Protocol::Binary => Envelope::args_at(input)?,
            Protocol::Compact => match protocol.decode_envelope(input) {
                Ok((_, at)) => Some(at),
                Err(error) if error.is_unexpected_end() => None,
                Err(error) => return Err(error),
            },
            Protocol::Json => Some(0),
        };
        Ok(at.map(|at| Self::new(protocol, at, max_depth)))
    }

    /// Walks on. `input` must begin with the bytes that were there before.
    pub fn walk(&mut self, input: &[u8]) -> Result<Walk, DecodeError> {
        match &mut self.0 {
            Walked::Binary(steps) => steps.walk(input),
            Walked::Compact(steps) => steps.walk(input),
            Walked::Json(scan) => scan.walk(input),
        }
    }
}
