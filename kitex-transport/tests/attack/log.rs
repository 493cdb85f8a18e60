//! What the server says in its log.

use std::fmt::{self, Write as _};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Lines that were logged by this process, each with all its fields.
#[derive(Default)]
pub(crate) struct Lines {
    lines: Mutex<Vec<String>>,
    added: Condvar,
}

/// The log, from the first call on.
pub(crate) fn lines() -> &'static Lines {
    static LINES: OnceLock<&'static Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines: &'static Lines = Box::leak(Box::default());
        tracing::subscriber::set_global_default(Capture(lines)).unwrap();
        lines
    })
}

impl Lines {
    /// Forgets what was logged so far.
    pub(crate) fn clear(&self) {
        self.lines.lock().unwrap().clear();
    }

    /// Waits for a line that holds all of `parts`.
    pub(crate) fn wait_for(&self, parts: &[&str]) -> String {
        let found = |line: &&String| parts.iter().all(|part| line.contains(part));
        let missing = |lines: &mut Vec<String>| !lines.iter().any(|line| found(&line));
        let lines = self.lines.lock().unwrap();
        let (lines, _) = self.added.wait_timeout_while(lines, Duration::from_secs(5), missing).unwrap();
        // The lock is given back before a test fails: the server's threads log on.
        let lines = lines.clone();
        let Some(line) = lines.iter().find(found) else { panic!("no line with {parts:?} in {lines:#?}") };
        line.clone()
    }
}

struct Capture(&'static Lines);

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("kitex")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lines.lock().unwrap().push(line.0);
        self.0.added.notify_all();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}
