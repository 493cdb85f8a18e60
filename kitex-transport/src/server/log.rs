//! Log lines about peers: few enough that peers cannot fill a disk with them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines in each [`WINDOW`].
const LINES: u32 = 10;

/// The time that lines are counted in.
const WINDOW: Duration = Duration::from_secs(1);

/// A limit for each kind of lines, so that one kind does not keep the others out.
#[derive(Debug)]
pub(super) struct Logs {
    /// Connections that could not be accepted.
    pub(super) accept: LogLimit,
    /// Connections that were refused.
    pub(super) refused: LogLimit,
    /// Connections that were closed for what their peers did.
    pub(super) peers: LogLimit,
    /// Handlers that kept their thread.
    pub(super) slow: LogLimit,
}

impl Logs {
    pub(super) fn new() -> Self {
        let [accept, refused, peers, slow] = [(); 4].map(|()| LogLimit::new());
        Self { accept, refused, peers, slow }
    }
}

#[derive(Debug)]
pub(super) struct LogLimit(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    lines: u32,
    suppressed: u64,
}

impl LogLimit {
    fn new() -> Self {
        Self(Mutex::default())
    }

    /// Whether to write a line at `now`; if so, with how many lines have been left out before it.
    pub(super) fn admit(&self, now: Instant) -> Option<u64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            window.began = Some(now);
            window.lines = 0;
        }
        if window.lines == LINES {
            window.suppressed += 1;
            return None;
        }
        window.lines += 1;
        Some(std::mem::take(&mut window.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limit_are_counted_and_told_later() {
        let limit = LogLimit::new();
        let begin = Instant::now();
        let admitted = (0..25).filter(|_| limit.admit(begin).is_some()).count();
        assert_eq!(admitted, 10);
        assert_eq!(limit.admit(begin + WINDOW), Some(15));
        assert_eq!(limit.admit(begin + WINDOW), Some(0));
    }
}
