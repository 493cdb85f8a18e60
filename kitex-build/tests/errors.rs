//! What a person reads when an IDL is wrong: `KITEX_BLESS=1` writes it anew.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::path::Path;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/errors");

fn error_of(path: &str) -> String {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("errors");
    let error =
        kitex_build::configure().out_dir(out).include_dir(format!("{DIRECTORY}/more")).compile([path]);
    format!("{}\n", error.unwrap_err()).replace(&format!("{DIRECTORY}/"), "")
}

#[test]
fn errors_read_as_reviewed() {
    let mut names: Vec<_> =
        std::fs::read_dir(DIRECTORY).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "thrift"));
    names.sort();
    assert!(names.len() >= 8);
    for path in names {
        let found = error_of(&path.display().to_string());
        let reviewed = path.with_extension("txt");
        if std::env::var_os("KITEX_BLESS").is_some() {
            std::fs::write(&reviewed, &found).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&reviewed).unwrap(), found, "{}", reviewed.display());
    }
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
    let error = kitex_build::configure().out_dir("x").compile(none).unwrap_err();
    assert_eq!(error.to_string(), "error: there is no file to compile");
    assert_eq!(format!("{error:?}"), "\nerror: there is no file to compile");
}
