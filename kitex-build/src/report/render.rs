//! How a person is told: source lines with carets, laid out by `annotate-snippets`.

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Report, Severity};
use crate::lint;
use crate::source::{Source, Span};

/// Findings beyond this many are counted, not shown: they are usually echoes of the first.
const SHOWN: usize = 20;
/// Of a longer source line only this much around the caret is laid out: a whole file may stand on one line.
const LINE_WIDTH: usize = 120;
const LONG: usize = 4_000;

impl Report {
    /// All errors as text, with source lines and carets.
    pub(crate) fn render_errors(&self, sources: &[Source]) -> String {
        self.render(sources, Severity::Error, self.errors)
    }

    /// All warnings, in the same form.
    pub(crate) fn render_warnings(&self, sources: &[Source]) -> String {
        self.render(sources, Severity::Warning, self.warnings)
    }

    fn render(&self, sources: &[Source], severity: Severity, total: usize) -> String {
        let mut out = String::new();
        let mut found: Vec<&Diagnostic> =
            self.diagnostics.iter().filter(|found| found.severity == severity).collect();
        // As a person reads the files: a later step may have found what stands earlier.
        found.sort_by_key(|found| found.span.map(|span| (span.file, span.start)));
        for diagnostic in found.into_iter().take(SHOWN) {
            rendered(sources, diagnostic)
                .lines()
                .for_each(|line| out.push_str(&format!("{}\n", line.trim_end())));
            out.push('\n');
        }
        if total > SHOWN {
            let what = if severity == Severity::Error { "error" } else { "warning" };
            out.push_str(&format!("{what}: {} more {what}s are not shown\n", total - SHOWN));
        }
        out
    }

    /// Each warning as one line: build scripts have no other way to show them.
    pub(crate) fn warning_lines(&self, sources: &[Source]) -> Vec<String> {
        let warnings = self.diagnostics.iter().filter(|found| found.severity == Severity::Warning);
        let line = |found: &Diagnostic| {
            let place = found.span.map_or(String::new(), |span| format!("{}: ", place(sources, span)));
            let hints = found.hints.iter().map(|hint| format!("; {hint}")).collect::<String>();
            let lint = found.lint.map_or(String::new(), |lint| format!(" [{}]", lint.name()));
            format!("{place}{}{hints}{lint}", found.message).replace(char::is_control, " ")
        };
        let mut lines: Vec<String> = warnings.take(SHOWN).map(line).collect();
        if self.warnings > SHOWN {
            lines.push(format!("{} more warnings are not shown", self.warnings - SHOWN));
        }
        lines
    }
}

fn place(sources: &[Source], span: Span) -> String {
    let source = &sources[span.file];
    let (line, column) = source.position(span.start);
    format!("{}:{line}:{column}", source.path.display())
}

fn rendered(sources: &[Source], diagnostic: &Diagnostic) -> String {
    let level = if diagnostic.severity == Severity::Error { Level::ERROR } else { Level::WARNING };
    let main = diagnostic.span.map(|span| (span, ""));
    let related = diagnostic.related.iter().map(|(span, text)| (*span, text.as_str()));
    let places: Vec<Place<'_>> =
        main.into_iter().chain(related).map(|(span, label)| Place::new(sources, span, label)).collect();
    let mut group = level.primary_title(diagnostic.message.as_str()).elements(Vec::<Element<'_>>::new());
    for place in &places {
        if place.cut {
            group = group.element(place.origin());
        }
        group = group.element(place.snippet());
    }
    for hint in &diagnostic.hints {
        group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
    }
    if let Some(lint) = diagnostic.lint {
        group = group.element(Level::NOTE.message(told(lint, diagnostic.severity)));
    }
    Renderer::plain().render(&[group])
}

fn told(lint: lint::Lint, severity: Severity) -> String {
    let verb = if severity == Severity::Error { "denied" } else { "reported" };
    format!("{verb} by the lint `{}`", lint.name())
}

/// A line of a source with what is to be seen in it.
struct Place<'a> {
    path: String,
    line: usize,
    column: usize,
    text: String,
    range: std::ops::Range<usize>,
    label: &'a str,
    /// The line is long and `text` a part of it: columns are not those of the source.
    cut: bool,
}

impl<'a> Place<'a> {
    fn new(sources: &[Source], span: Span, label: &'a str) -> Place<'a> {
        let source = &sources[span.file];
        let (line, column) = source.position(span.start);
        let line_text = source.line(span.start);
        let cut = line_text.len() > LONG;
        let (first, width) = match cut {
            true => ((column - 1).saturating_sub(LINE_WIDTH / 2), LINE_WIDTH),
            false => (0, LONG),
        };
        let shown: Vec<char> = line_text.chars().skip(first).take(width).map(printable).collect();
        let covered = source.text.get(span.start..span.end).unwrap_or("");
        let covered = covered.split(['\n', '\r']).next().unwrap_or("").chars().take(width).count();
        let bytes = |count: usize| shown.iter().take(count).map(|letter| letter.len_utf8()).sum::<usize>();
        let start = column - 1 - first;
        let text: String = shown.iter().collect();
        let end = bytes(start + covered).max(bytes(start + 1));
        let path = source.path.display().to_string().replace(char::is_control, " ");
        Place { path, line, column, text, range: bytes(start)..end, label, cut }
    }

    fn origin(&self) -> Origin<'_> {
        Origin::path(self.path.as_str()).line(self.line).char_column(self.column)
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let mark = AnnotationKind::Primary.span(self.range.clone());
        let mark = if self.label.is_empty() { mark } else { mark.label(self.label) };
        let snippet = Snippet::source(self.text.as_str()).line_start(self.line).annotation(mark);
        if self.cut { snippet } else { snippet.path(self.path.as_str()) }
    }
}

/// Tabs and control characters would move the caret.
fn printable(character: char) -> char {
    match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        control if control.is_control() => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::lint::{Levels, Lint};

    #[test]
    fn caret_stands_under_the_span() {
        let sources = [Source::new(Path::new("a.thrift"), b"x\n\tone two\n".to_vec())];
        let mut report = Report::default();
        report.error(Span { file: 0, start: 7, end: 10 }, "bad word").hint("write `three`");
        let expected = "error: bad word\n --> a.thrift:2:6\n  |\n2 |  one two\n  |      ^^^\n  |\n  = hint: write `three`\n\n";
        assert_eq!(report.render_errors(&sources), expected);
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let text = "y".repeat(5000) + "x" + &"y".repeat(5000);
        let sources = [Source::new(Path::new("a"), text.into_bytes())];
        let mut report = Report::default();
        report.error(Span { file: 0, start: 5000, end: 5001 }, "bad");
        let shown = report.render_errors(&sources);
        assert!(shown.len() < 500 && shown.contains("a:1:5001") && shown.contains("yyxyy"), "{shown}");
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

    #[test]
    fn no_number_of_warnings_hides_an_error() {
        let sources = [Source::new(Path::new("a"), b"x".to_vec())];
        let span = Span { file: 0, start: 0, end: 1 };
        let mut report = Report::default();
        for _ in 0..2 * super::super::KEPT {
            report.lint(Lint::OddId, span, "odd");
        }
        report.error(span, "first").hint("of two");
        report.error(span, "second");
        let shown = report.render_errors(&sources);
        assert!(
            ["error: first", "hint: of two", "error: second"].iter().all(|text| shown.contains(text)),
            "{shown}"
        );
        assert!(report.render_warnings(&sources).ends_with("warning: 980 more warnings are not shown\n"));
    }

    #[test]
    fn lints_weigh_what_they_are_set_to() {
        let sources = [Source::new(Path::new("a"), b"x".to_vec())];
        let span = Span { file: 0, start: 0, end: 1 };
        let found = |level| {
            let mut levels = Levels::default();
            levels.set(Lint::OddId, level);
            let mut report = Report::new(levels);
            report.lint(Lint::OddId, span, "odd").hint("even");
            (report.failed(), report.warning_lines(&sources), report.render_errors(&sources))
        };
        assert_eq!(found(lint::Level::Allow), (false, vec![], String::new()));
        assert_eq!(found(lint::Level::Warn).1, ["a:1:1: odd; even [odd-id]"]);
        assert!(found(lint::Level::Deny).0 && found(lint::Level::Deny).2.contains("lint `odd-id`"));
    }
}
