//! Front end over files that are in memory.

use super::load::Memory;
use super::model::Program;
use super::{load, resolve};
use crate::dialect::Dialect;
use crate::report::Report;

/// What came of an input.
pub(crate) struct Outcome {
    pub(crate) program: Option<Program>,
    /// The first error, `line:column: message`, or nothing.
    pub(crate) error: String,
    /// The messages of all warnings.
    pub(crate) warnings: Vec<String>,
    pub(crate) errors: usize,
}

/// Compiles files given by name and text; the first is the root.
pub(crate) fn compile_files(files: &[(&str, &[u8])]) -> Outcome {
    compile_as(None, files)
}

/// The same in a dialect.
pub(crate) fn compile_as(dialect: Option<Dialect>, files: &[(&str, &[u8])]) -> Outcome {
    let memory = Memory::new(files);
    let mut report = Report::default();
    let build = load::load(&memory, &[files[0].0.into()], &[], dialect, &mut report);
    let program = resolve::resolve(&build, &mut report);
    assert_eq!(program.is_some(), !report.failed(), "an input fails exactly when it has errors");
    let place = |found: &crate::report::Diagnostic| {
        let span = found.span.map(|span| build.sources[span.file].position(span.start));
        span.map_or(String::new(), |(line, column)| format!("{line}:{column}: "))
    };
    let errors: Vec<_> =
        report.diagnostics.iter().filter(|found| found.severity == crate::report::Severity::Error).collect();
    let error = errors.first().map_or(String::new(), |found| format!("{}{}", place(found), found.message));
    // Laying out all of them would take most of the time of the tests that try a hundred thousand inputs.
    if errors.len() < 3 {
        assert_eq!(report.render_errors(&build.sources).is_empty(), errors.is_empty());
    }
    Outcome { program, error, warnings: report.warning_lines(&build.sources), errors: errors.len() }
}

/// Compiles one file.
pub(crate) fn compile(text: impl AsRef<[u8]>) -> Outcome {
    compile_files(&[("main.thrift", text.as_ref())])
}

/// Asserts that every input is accepted.
pub(crate) fn assert_accepted(inputs: &[&str]) {
    for input in inputs {
        assert_eq!(compile(input).error, "", "{input:?}");
    }
}

/// Asserts that every input is refused with an error that begins as given, its place included.
pub(crate) fn assert_refused(inputs: &[(&str, &str)]) {
    for (input, error) in inputs {
        let found = compile(input).error;
        assert!(
            !error.is_empty() && found.starts_with(error),
            "{input:?}\n  gave {found:?}\n  want {error:?}"
        );
    }
}
