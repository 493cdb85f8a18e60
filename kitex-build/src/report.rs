//! What is wrong with an IDL.

mod render;

use crate::lint::{Level, Levels, Lint};
use crate::source::Span;

/// Errors, and warnings, beyond this many are not even kept: a file of noise must not fill the memory.
pub(crate) const KEPT: usize = 500;

/// How much a finding weighs: an error stops the build, a warning does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Warning,
}

/// One finding.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    pub(crate) severity: Severity,
    pub(crate) span: Option<Span>,
    pub(crate) message: String,
    lint: Option<Lint>,
    hints: Vec<String>,
    related: Vec<(Span, String)>,
}

impl Diagnostic {
    fn new(severity: Severity, span: Option<Span>, message: String) -> Diagnostic {
        Diagnostic { severity, span, message, lint: None, hints: Vec::new(), related: Vec::new() }
    }

    /// What to do about it.
    pub(crate) fn hint(&mut self, text: impl Into<String>) -> &mut Diagnostic {
        self.hints.push(text.into());
        self
    }

    /// A second place that has to do with it.
    pub(crate) fn see(&mut self, span: Span, text: impl Into<String>) -> &mut Diagnostic {
        self.related.push((span, text.into()));
        self
    }
}

/// The findings of one run, in the order in which they were made.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) diagnostics: Vec<Diagnostic>,
    errors: usize,
    /// Errors that are none but for the level of a lint.
    denied: usize,
    warnings: usize,
    levels: Levels,
    /// Stands for a finding that is not kept, such as one of a lint that is allowed: nobody reads it.
    dropped: Diagnostic,
}

impl Default for Report {
    fn default() -> Report {
        Report::new(Levels::default())
    }
}

impl Report {
    pub(crate) fn new(levels: Levels) -> Report {
        let dropped = Diagnostic::new(Severity::Warning, None, String::new());
        Report { diagnostics: Vec::new(), errors: 0, denied: 0, warnings: 0, levels, dropped }
    }

    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Diagnostic::new(Severity::Error, Some(span), message.into()))
    }

    pub(crate) fn lint(&mut self, lint: Lint, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let severity = match self.levels.get(lint) {
            Level::Allow => {
                self.dropped = Diagnostic::new(Severity::Warning, None, String::new());
                return &mut self.dropped;
            }
            Level::Warn => Severity::Warning,
            Level::Deny => Severity::Error,
        };
        let mut found = Diagnostic::new(severity, Some(span), message.into());
        found.lint = Some(lint);
        self.push(found)
    }

    /// An error that has no place in a file.
    pub(crate) fn failure(&mut self, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Diagnostic::new(Severity::Error, None, message.into()))
    }

    pub(crate) fn failed(&self) -> bool {
        self.errors > 0
    }

    /// Whether something is wrong, and not only odd: what depends on it would be reported in vain.
    pub(crate) fn broken(&self) -> bool {
        self.errors > self.denied
    }

    /// Whether there are more errors than anybody is shown: what the next ones suggest is not worth looking for.
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= KEPT
    }

    fn push(&mut self, found: Diagnostic) -> &mut Diagnostic {
        let count = match found.severity {
            Severity::Error => {
                self.denied += usize::from(found.lint.is_some());
                &mut self.errors
            }
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count > KEPT {
            self.dropped = found;
            return &mut self.dropped;
        }
        self.diagnostics.push(found);
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }
}
