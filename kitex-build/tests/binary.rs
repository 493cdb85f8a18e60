//! The binary: `kitex-build check` and `kitex-build gen`.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

/// Exit code, stdout and stderr.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_kitex-build")).current_dir(TESTS).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// An empty directory of its own.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("binary").join(name);
    let _ = std::fs::remove_dir_all(&directory);
    directory
}

#[test]
fn check_is_quiet_where_nothing_is_wrong() {
    assert_eq!(
        run(&["check", "golden/echo.thrift", "golden/consts.thrift"]),
        (0, String::new(), String::new())
    );
}

#[test]
fn check_reports_on_stderr() {
    let (code, out, report) = run(&["check", "errors/names.thrift", "golden/echo.thrift"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(report.contains("--> errors/names.thrift:2:9"), "{report}");
}

#[test]
fn includes_are_looked_for_where_it_is_said() {
    let (code, _, report) = run(&["check", "errors/resolve.thrift"]);
    assert!(code == 1 && report.contains("cannot find the included file"), "{report}");
    let (code, _, report) = run(&["check", "-I", "errors/more", "errors/resolve.thrift"]);
    assert!(code == 1 && report.contains("did you mean `shared.Address`?"), "{report}");
    for include in [&["--include=errors/more"][..], &["-Ierrors/more"], &["--include", "errors/more"]] {
        assert_eq!(run(&[&["check"], include, &["errors/resolve.thrift"]].concat()).2, report);
    }
}

#[test]
fn lints_are_shown_denied_or_allowed() {
    let file = "errors/lints.thrift";
    let (code, _, report) = run(&["check", file]);
    assert!(code == 0 && report.starts_with("warning: "), "{report}");
    assert_eq!(run(&["check", "--allow", "warnings", file]), (0, String::new(), String::new()));
    let (code, _, report) = run(&["check", "--allow=warnings", "--deny", "leading-zero", file]);
    assert!(code == 1 && report.contains("denied by the lint `leading-zero`"), "{report}");
    assert!(run(&["check", "--deny", "none", file]).2.contains("there is no lint `none`: leading-zero, "));
}

#[test]
fn dialects_are_chosen() {
    let file = "errors/thriftgo_ids.thrift";
    assert!(run(&["check", file]).2.contains("the field `a` has no id"));
    assert_eq!(run(&["check", "--dialect", "apache", file]).0, 0);
    assert!(run(&["check", "--dialect", "thriftgo", file]).2.contains("the id 1 is used twice"));
    assert!(run(&["check", "--dialect", "other", file]).2.contains("there is no dialect `other`"));
}

#[test]
fn gen_writes_what_a_build_script_writes() {
    let out = directory("gen");
    let (code, written, report) = run(&["gen", "golden/echo.thrift", "--out", out.to_str().unwrap()]);
    assert_eq!((code, report.as_str()), (0, ""));
    assert_eq!(written.trim_end(), out.join("echo.rs").to_str().unwrap());
    let reviewed = std::fs::read_to_string(format!("{TESTS}/golden/echo.rs")).unwrap();
    assert!(std::fs::read_to_string(out.join("echo.rs")).unwrap() == reviewed);
    let named = ["gen", "golden/echo.thrift", "-o", out.to_str().unwrap(), "--output", "other"];
    assert_eq!(run(&named).0, 0);
    assert!(out.join("other.rs").exists());
}

#[test]
fn what_is_generated_can_be_chosen() {
    let out = directory("chosen");
    let generated = |options: &[&str]| {
        let arguments =
            [&["gen", "golden/includes.thrift", "--out", out.to_str().unwrap()], options].concat();
        let (code, _, report) = run(&arguments);
        assert_eq!((code, report.as_str()), (0, ""));
        let parts = [
            "includes.rs",
            "includes/includes.rs",
            "includes/includes/dotted.rs",
            "includes/example/base.rs",
        ];
        parts.map(|part| std::fs::read_to_string(out.join(part)).unwrap_or_default()).concat()
    };
    assert!(!generated(&[]).contains("pub struct Unused"));
    assert!(generated(&["--all"]).contains("pub struct Unused"));
    let mapped = generated(&["--elsewhere", "example.base=::shared::base"]);
    assert!(
        mapped.contains("pub page: ::shared::base::Page,")
            && !mapped.contains("pub struct Page {\n    /// `1: i32 offset`")
    );
    let own = generated(&["--newtypes", "--keep-unknown-fields", "--derive", "serde::Serialize"]);
    assert!(own.contains("unknown_fields:") && own.contains("serde::Serialize)]"), "{own}");
    let wrong = run(&["gen", "golden/includes.thrift", "--elsewhere", "x", "-o", "y"]);
    assert!(wrong.0 == 1 && wrong.2.contains("needs NAMESPACE=PATH"));
}

#[test]
fn gen_writes_nothing_where_something_is_wrong() {
    let out = directory("wrong");
    assert_eq!(run(&["gen", "errors/names.thrift", "--out", out.to_str().unwrap()]).0, 1);
    assert!(!out.exists());
    assert!(run(&["gen", "golden/echo.thrift"]).2.contains("`--out` says where to write to"));
}

#[test]
fn wrong_command_lines_are_explained() {
    for (arguments, text) in [
        (&[][..], "usage: kitex-build check"),
        (&["chek"], "there is no command `chek`"),
        (&["check"], "there is no file to compile"),
        (&["check", "--wrong", "x"], "there is no option `--wrong`"),
        (&["check", "a.thrift", "-I"], "`-I` needs a value"),
        (&["check", "missing.thrift"], "cannot find missing.thrift"),
        (&["check", "--", "-I"], "cannot find -I"),
        (&["check", "--all=no", "a.thrift"], "`--all` takes no value"),
        (&["check", "-xyz", "a.thrift"], "there is no option `-xyz`"),
    ] {
        let (code, out, report) = run(arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(report.contains(text), "{arguments:?}: {report}");
    }
    assert!(run(&["--help"]).1.starts_with("Compiles Thrift IDL") && run(&["--version"]).0 == 0);
}

#[test]
fn help_is_shown_wherever_it_is_asked_for() {
    let (_, help, _) = run(&["--help"]);
    for arguments in [&["help"][..], &["-h"], &["check", "--help"], &["gen", "golden/echo.thrift", "-h"]] {
        assert_eq!(run(arguments), (0, help.clone(), String::new()), "{arguments:?}");
    }
    assert_eq!(run(&["check", "--", "-h"]).0, 1);
}

#[test]
fn a_reader_that_is_gone_is_an_error() {
    for arguments in [&["--help"][..], &["check", "errors/names.thrift"]] {
        // The other end of each pipe is closed: the first write to it fails.
        let closed = || Stdio::from(std::io::pipe().unwrap().1);
        let mut command = Command::new(env!("CARGO_BIN_EXE_kitex-build"));
        let status = command.current_dir(TESTS).args(arguments).stdout(closed()).stderr(closed()).status();
        assert_eq!(status.unwrap().code(), Some(1), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn files_may_be_called_anything() {
    use std::os::unix::ffi::OsStrExt;

    let out = directory("names");
    std::fs::create_dir_all(&out).unwrap();
    let file = out.join(std::ffi::OsStr::from_bytes(b"a\xff b.thrift"));
    std::fs::write(&file, "struct A {}").unwrap();
    let done =
        Command::new(env!("CARGO_BIN_EXE_kitex-build")).arg("gen").arg(&file).arg("-o").arg(&out).output();
    assert!(done.unwrap().status.success());
    let written = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
    let code =
        written.filter(|path| path.extension().is_some_and(|end| end == "rs")).map(std::fs::read_to_string);
    assert!(code.map(Result::unwrap).any(|code| code.contains("pub struct A {}")));
}
