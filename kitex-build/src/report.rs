//! What is wrong with an IDL, and how a person is told.

use std::fmt::Write as _;

use crate::source::{Source, Span};

/// Errors beyond this many are counted, not shown: they are usually echoes of the first.
const SHOWN: usize = 20;
/// Findings beyond this many are not even kept: a file of noise must not fill the memory.
const KEPT: usize = 500;
/// Of a longer source line only the part around the caret is shown.
const LINE_WIDTH: usize = 120;

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
    hints: Vec<String>,
    related: Vec<(Span, String)>,
}

impl Diagnostic {
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
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) diagnostics: Vec<Diagnostic>,
    errors: usize,
}

impl Report {
    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Error, Some(span), message.into())
    }

    pub(crate) fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Warning, Some(span), message.into())
    }

    /// An error that has no place in a file.
    pub(crate) fn failure(&mut self, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Error, None, message.into())
    }

    pub(crate) fn failed(&self) -> bool {
        self.errors > 0
    }

    fn push(&mut self, severity: Severity, span: Option<Span>, message: String) -> &mut Diagnostic {
        self.errors += usize::from(severity == Severity::Error);
        let diagnostic = Diagnostic { severity, span, message, hints: Vec::new(), related: Vec::new() };
        self.diagnostics.truncate(KEPT - 1);
        self.diagnostics.push(diagnostic);
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }

    /// All errors as text, with source lines and carets.
    pub(crate) fn render_errors(&self, sources: &[Source]) -> String {
        let mut out = String::new();
        let errors = self.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        for diagnostic in errors.take(SHOWN) {
            render(&mut out, sources, diagnostic);
        }
        if self.errors > SHOWN {
            let _ = writeln!(out, "error: {} more errors are not shown", self.errors - SHOWN);
        }
        out
    }

    /// Each warning as one line: build scripts have no other way to show them.
    pub(crate) fn warning_lines(&self, sources: &[Source]) -> Vec<String> {
        let warnings = self.diagnostics.iter().filter(|found| found.severity == Severity::Warning);
        let line = |found: &Diagnostic| {
            let place = found.span.map_or(String::new(), |span| format!("{}: ", place(sources, span)));
            let hints = found.hints.iter().map(|hint| format!("; {hint}")).collect::<String>();
            format!("{place}{}{hints}", found.message)
        };
        warnings.map(line).collect()
    }
}

fn place(sources: &[Source], span: Span) -> String {
    let source = &sources[span.file];
    let (line, column) = source.position(span.start);
    format!("{}:{line}:{column}", source.path.display())
}

fn render(out: &mut String, sources: &[Source], diagnostic: &Diagnostic) {
    let _ = writeln!(out, "error: {}", diagnostic.message);
    if let Some(span) = diagnostic.span {
        snippet(out, sources, span, "");
    }
    for (span, text) in &diagnostic.related {
        snippet(out, sources, *span, text);
    }
    for hint in &diagnostic.hints {
        let _ = writeln!(out, "  = hint: {hint}");
    }
    out.push('\n');
}

/// `  --> file:line:column`, the line, and carets under the span.
fn snippet(out: &mut String, sources: &[Source], span: Span, label: &str) {
    let source = &sources[span.file];
    let (line, column) = source.position(span.start);
    let text: Vec<char> = source.line(span.start).chars().map(printable).collect();
    let first = (column - 1).saturating_sub(LINE_WIDTH / 2);
    let shown: String = text.iter().skip(first).take(LINE_WIDTH).collect();
    let covered = source.text.get(span.start..span.end).unwrap_or("");
    let covered = covered.split(['\n', '\r']).next().unwrap_or("").chars().count();
    let room = shown.chars().count().saturating_sub(column - 1 - first);
    let carets = covered.min(room).max(1);
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let _ = writeln!(out, "{margin}--> {}:{line}:{column}", source.path.display());
    let _ = writeln!(out, "{margin} |");
    let _ = writeln!(out, "{number} | {}", shown.trim_end());
    let marks = format!("{}{} {label}", " ".repeat(column - 1 - first), "^".repeat(carets));
    let _ = writeln!(out, "{margin} | {}", marks.trim_end());
}

/// Tabs and control characters would move the caret.
fn printable(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn caret_stands_under_the_span() {
        let sources = [Source::new(Path::new("a.thrift"), b"x\n\tone two\n".to_vec())];
        let mut report = Report::default();
        report.error(Span { file: 0, start: 7, end: 10 }, "bad word").hint("write `three`");
        let expected = "error: bad word\n --> a.thrift:2:6\n  |\n2 |  one two\n  |      ^^^\n  = hint: write `three`\n\n";
        assert_eq!(report.render_errors(&sources), expected);
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let text = "y".repeat(5000) + "x" + &"y".repeat(5000);
        let sources = [Source::new(Path::new("a"), text.into_bytes())];
        let mut report = Report::default();
        report.error(Span { file: 0, start: 5000, end: 5001 }, "bad");
        let shown = report.render_errors(&sources);
        assert!(shown.len() < 500 && shown.contains("a:1:5001"), "{shown}");
    }

    #[test]
    fn many_errors_are_counted() {
        let sources = [Source::new(Path::new("a"), b"x".to_vec())];
        let mut report = Report::default();
        for _ in 0..25 {
            report.error(Span { file: 0, start: 0, end: 1 }, "bad");
        }
        assert!(report.render_errors(&sources).ends_with("error: 5 more errors are not shown\n"));
    }
}
