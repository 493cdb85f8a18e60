//! What a person reads when an IDL is wrong: `KITEX_BLESS=1` writes it anew.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::path::Path;

use kitex_build::{Builder, Dialect, Level};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/errors");

/// The settings that the name of a file asks for.
fn builder(path: &str) -> Builder {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("errors");
    let builder = kitex_build::configure().out_dir(out).include_dir(format!("{DIRECTORY}/more"));
    match Path::new(path).file_name().unwrap().to_str().unwrap() {
        "lints.thrift" => builder.lints(Level::Deny),
        name if name.starts_with("thriftgo_") => builder.dialect(Dialect::Thriftgo).lints(Level::Allow),
        _ => builder,
    }
}

fn error_of(path: &str) -> String {
    let error = builder(path).compile([path]).unwrap_err();
    format!("{error}\n").replace(&format!("{DIRECTORY}/"), "")
}

#[test]
fn errors_read_as_reviewed() {
    let mut names: Vec<_> =
        std::fs::read_dir(DIRECTORY).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "thrift"));
    names.sort();
    let mut reports = 0;
    for path in names {
        let found = error_of(&path.display().to_string());
        let reviewed = path.with_extension("txt");
        if std::env::var_os("KITEX_BLESS").is_some() {
            std::fs::write(&reviewed, &found).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&reviewed).unwrap(), found, "{}", reviewed.display());
        reports += found.lines().filter(|line| line.starts_with("error: ")).count();
    }
    assert!(reports >= 100, "{reports} reports are reviewed");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    assert_eq!(error_of(&format!("{DIRECTORY}/none.thrift")), "error: cannot find none.thrift\n");
    let directory = error_of(&format!("{DIRECTORY}/more"));
    assert_eq!(directory, "error: cannot read more: it is not a regular file\n");
}

#[test]
fn a_build_needs_a_file_and_a_place() {
    let none: [&str; 0] = [];
    for error in [
        kitex_build::configure().out_dir("x").compile(none).unwrap_err(),
        kitex_build::configure().check(none).unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "error: there is no file to compile");
        assert_eq!(format!("{error:?}"), "\nerror: there is no file to compile");
    }
}

#[test]
fn lints_are_warnings_that_can_be_switched_off() {
    let path = format!("{DIRECTORY}/lints.thrift");
    let warnings = kitex_build::configure().check([&path]).unwrap().to_string();
    assert_eq!(warnings.matches("warning: ").count(), 11, "{warnings}");
    assert!(
        warnings.contains("lints.thrift:4:18") && warnings.contains("reported by the lint `leading-zero`")
    );
    assert!(kitex_build::configure().lints(Level::Allow).check([&path]).unwrap().is_empty());
}
