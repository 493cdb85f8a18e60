//! The generated code, file by file, as it is reviewed: `KITEX_BLESS=1` writes it anew.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use kitex_build::{Dialect, Level};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

/// The names of all inputs.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(DIRECTORY).unwrap().map(|entry| entry.unwrap().path());
    let inputs = files.filter(|path| path.extension().is_some_and(|extension| extension == "thrift"));
    let mut names: Vec<String> =
        inputs.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn blessing() -> bool {
    std::env::var_os("KITEX_BLESS").is_some()
}

/// Compiles one of the IDL files to a directory of its own.
fn generate(name: &str, directory: &str) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
    let idl = format!("{DIRECTORY}/{name}.thrift");
    let builder = kitex_build::configure().out_dir(out).lints(Level::Allow);
    let builder = match name.split('_').next() {
        Some("apache") => builder.dialect(Dialect::Apache),
        Some("thriftgo") => builder.dialect(Dialect::Thriftgo),
        Some("mapped") => builder.elsewhere("example.base", "crate::rows::inheriting::example::base"),
        Some("newtyped") => builder.newtypes(),
        _ => builder,
    };
    builder.generate([idl]).unwrap().0
}

#[test]
fn generated_code_is_as_reviewed() {
    let names = names();
    assert!(names.len() >= 37);
    for name in names {
        let generated = std::fs::read_to_string(generate(&name, "reviewed")).unwrap();
        let path = format!("{DIRECTORY}/{name}.rs");
        if blessing() {
            std::fs::write(&path, &generated).unwrap();
        }
        let reviewed = std::fs::read_to_string(&path).unwrap();
        let first = reviewed.lines().zip(generated.lines()).position(|(a, b)| a != b);
        let line = first.map_or(0, |line| line + 1);
        assert!(
            reviewed == generated,
            "{path}:{line} differs from what is generated; KITEX_BLESS=1 takes it over"
        );
    }
}

#[test]
fn generated_code_is_formatted() {
    let outputs: Vec<PathBuf> = names().iter().map(|name| generate(name, "formatted")).collect();
    let rustfmt = std::env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into());
    let config = format!("{DIRECTORY}/rustfmt.toml");
    let output = Command::new(rustfmt)
        .args(["--check", "--edition", "2024", "--config-path", &config])
        .args(outputs)
        .output()
        .expect("rustfmt is part of the toolchain: rustup component add rustfmt");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn unchanged_output_is_not_written_again() {
    let path = generate("echo", "unchanged");
    let written = || std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    generate("echo", "unchanged");
    assert_eq!(written(), std::time::UNIX_EPOCH);
    std::fs::write(&path, "").unwrap();
    generate("echo", "unchanged");
    assert!(std::fs::metadata(&path).unwrap().len() > 0);
}

#[test]
fn several_files_make_one_tree() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("several");
    let files = ["echo", "services", "names"].map(|name| format!("{DIRECTORY}/{name}.thrift"));
    let builder = kitex_build::configure().out_dir(out).output("all").include_dir(DIRECTORY);
    let path = builder.compile(files).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(path.file_name().unwrap(), "all.rs");
    for module in ["pub mod echo {", "pub mod example {", "pub mod names {"] {
        assert_eq!(text.matches(&format!("\n{module}")).count(), 1, "{module}");
    }
    assert_eq!(text.matches("pub struct Page {").count(), 1);
}
