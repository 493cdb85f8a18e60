//! What a call is told that is over a limit, and how many were.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kitex_core::{Error, Method};

use crate::last::Last;

/// Calls that were refused, and what the last one was told.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    count: AtomicU64,
    last: Last,
}

impl Refusals {
    /// Refuses a call: `bound` says what would be exceeded. A Kitex caller knows the text by how it begins (spec:
    /// kitex-wire 10.1).
    #[cold]
    pub(crate) fn refuse(
        &self,
        setting: &'static str,
        name: &str,
        method: &Method,
        bound: fmt::Arguments<'_>,
        push_back: Duration,
    ) -> Error {
        self.count.fetch_add(1, Ordering::Relaxed);
        let separator = if name.is_empty() { "" } else { ": " };
        let text = format!("request over limit: {name}{separator}{method}: more than {bound}");
        self.last.note(text.clone());
        Error::refused(setting, text).with_method(method).with_push_back(push_back)
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// What the last refused call was told.
    pub(crate) fn last(&self) -> Option<String> {
        self.last.get()
    }
}
