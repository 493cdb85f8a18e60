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

/// A file of generated code, and the files that it includes.
fn all_files(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    let mut directories = vec![path.with_extension("")];
    while let Some(directory) = directories.pop() {
        let entries = std::fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
        let (inside, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        directories.extend(inside);
        found.extend(files);
    }
    found
}

fn assert_reviewed(path: &Path, file: &Path) {
    let generated = std::fs::read_to_string(file).unwrap();
    if blessing() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &generated).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap_or_default();
    let first = reviewed.lines().zip(generated.lines()).position(|(a, b)| a != b);
    let line = first.map_or(0, |line| line + 1);
    assert!(
        reviewed == generated,
        "{}:{line} differs from what is generated; KITEX_BLESS=1 takes it over",
        path.display()
    );
}

#[test]
fn generated_code_is_as_reviewed() {
    let names = names();
    assert!(names.len() >= 37);
    for name in names {
        let generated = generate(&name, "reviewed");
        let root = generated.parent().unwrap();
        let files = all_files(&generated);
        for file in &files {
            assert_reviewed(&Path::new(DIRECTORY).join(file.strip_prefix(root).unwrap()), file);
        }
        let reviewed = all_files(&Path::new(DIRECTORY).join(format!("{name}.rs")));
        assert_eq!(reviewed.len(), files.len(), "{name} has parts that are not generated");
    }
}

#[test]
fn all_reviewed_code_is_documented() {
    let example = include_str!("../examples/reviewed.rs");
    for name in names() {
        assert!(example.contains(&format!("include!(\"../tests/golden/{name}.rs\");")), "{name} is missing");
    }
}

#[test]
fn generated_code_is_formatted() {
    let outputs: Vec<PathBuf> =
        names().iter().flat_map(|name| all_files(&generate(name, "formatted"))).collect();
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
    let files = all_files(&path).into_iter().map(|file| std::fs::read_to_string(file).unwrap());
    assert_eq!(files.collect::<String>().matches("pub struct Page {").count(), 1);
}

#[test]
fn each_module_has_a_file_that_is_written_when_it_changes() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("split");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    let idl = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    let compile = || {
        let builder = kitex_build::configure().out_dir(directory.join("out"));
        builder.generate([directory.join("main.thrift")]).unwrap().0
    };
    idl(
        "main.thrift",
        "include 'one.thrift' include 'two.thrift' struct Main { 1: one.One one, 2: two.Two two }",
    );
    idl("one.thrift", "namespace rs shared.one struct One {}");
    idl("two.thrift", "namespace rs shared.two struct Two {}");
    let main = compile();
    let part = |path: &str| directory.join("out/main").join(path);
    let age = |path: &Path| {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
    };
    let files = [main.clone(), part("main.rs"), part("shared/one.rs"), part("shared/two.rs")];
    assert_eq!(all_files(&main).len(), files.len());
    files.iter().for_each(|file| age(file));
    idl("two.thrift", "namespace rs shared.two struct Two { 1: i32 more }");
    compile();
    let written =
        files.iter().map(|file| file.metadata().unwrap().modified().unwrap() != std::time::UNIX_EPOCH);
    assert_eq!(written.collect::<Vec<_>>(), [false, false, false, true]);
    // What has no module any more goes, and what nobody has generated stays.
    std::fs::write(part("shared/own.rs"), "// mine").unwrap();
    idl("main.thrift", "include 'one.thrift' struct Main { 1: one.One one }");
    compile();
    assert_eq!((part("shared/two.rs").exists(), part("shared/own.rs").exists()), (false, true));
    idl("main.thrift", "struct Main {}");
    assert!(std::fs::read_to_string(compile()).unwrap().contains("pub struct Main"));
    assert_eq!((part("main.rs").exists(), part("shared/one.rs").exists()), (false, false));
}
