//! How a call was answered, when it was.

use std::collections::BTreeMap;
use std::fmt;

use kitex_codec::Str;

/// What an answer is, told without decoding it. Each of these is an answer: a call that failed has an
/// [`Error`](crate::Error).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Status {
    /// A value, or nothing for a method without one.
    #[default]
    Ok,
    /// A declared exception, by its field id in the result struct.
    Exception(i16),
    /// A business status.
    Business(Box<BusinessStatus>),
}

impl Status {
    /// True if the answer is a value.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }
}

/// A failure of the business, not of the call: a code, a text and pairs for programs (spec: kitex-wire 9).
///
/// It travels over TTHeader only; over Framed and Buffered there is no place for it.
///
/// ```
/// use kitex_core::{BusinessStatus, CallError, NoException};
///
/// fn withdraw(cents: u32, balance: u32) -> Result<u32, CallError<NoException>> {
///     let missing = cents.saturating_sub(balance);
///     if missing > 0 {
///         return Err(BusinessStatus::new(1001, "not enough money").with_extra("missing", missing.to_string()).into());
///     }
///     Ok(balance - cents)
/// }
///
/// let error = withdraw(150, 100).unwrap_err();
/// assert_eq!(error.status().map(|status| status.code), Some(1001));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BusinessStatus {
    /// Not 0.
    pub code: i32,
    /// For people.
    pub message: Str,
    /// For programs.
    pub extra: BTreeMap<Str, Str>,
}

impl BusinessStatus {
    /// A status without extra pairs.
    pub fn new(code: i32, message: impl Into<Str>) -> Self {
        Self { code, message: message.into(), extra: BTreeMap::new() }
    }

    /// Adds an extra pair.
    pub fn with_extra(mut self, key: impl Into<Str>, value: impl Into<Str>) -> Self {
        self.extra.insert(key.into(), value.into());
        self
    }
}

impl fmt::Display for BusinessStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "business status {}: {}", self.code, self.message)
    }
}

impl std::error::Error for BusinessStatus {}
