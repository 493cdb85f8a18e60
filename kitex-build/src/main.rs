//! `kitex-build check FILE…` and `kitex-build gen FILE… --out DIR`: the compiler without a build script, for editors,
//! CI and curiosity. Reports go to stderr; the exit code is 0 if nothing is wrong and 1 if something is.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::process::ExitCode;

use kitex_build::{Builder, Dialect, Level, Lint};

const USAGE: &str = "\
Compiles Thrift IDL files into Rust for kitex.

usage: kitex-build check [OPTIONS] FILE...
       kitex-build gen [OPTIONS] FILE... --out DIR

check says what is wrong with the files and all that they include.
gen writes Rust for them to DIR: a file, and one more for each of several modules. What has
not changed is not written.

options:
  -I, --include DIR    looks for included files in DIR, too
      --dialect NAME   reads what compilers differ about as `apache` or `thriftgo` does
      --deny LINT      makes a lint an error; `warnings` stands for all lints
      --allow LINT     says nothing about a lint; `warnings` stands for all lints
  -o, --out DIR        where gen writes to
      --all            generates all of the included files, and not only what is used
      --newtypes       makes typedefs types of their own
      --keep-unknown-fields
                       makes structs keep the fields that this build does not know
      --derive PATH    derives a trait for every type
      --elsewhere NAMESPACE=PATH
                       takes the types of a namespace from a module that is generated elsewhere
      --output NAME    the name of what gen writes, without `.rs`; default: that of the first file
      --               what follows are files, whatever they are called
  -h, --help           shows this
  -V, --version        shows the version
";

/// What the command line asks for.
#[derive(Default)]
struct Asked {
    builder: Builder,
    files: Vec<OsString>,
    out: bool,
}

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let command = if arguments.is_empty() { OsString::new() } else { arguments.remove(0) };
    let options = arguments.iter().take_while(|argument| *argument != "--");
    let help = options.chain([&command]).any(|argument| argument == "-h" || argument == "--help");
    let done = match command.to_str() {
        _ if help => print(USAGE),
        Some("check") => parse(arguments).and_then(check),
        Some("gen") => parse(arguments).and_then(generate),
        Some("help") => print(USAGE),
        Some("-V" | "--version") => print(concat!("kitex-build ", env!("CARGO_PKG_VERSION"), "\n")),
        Some("") => Err(USAGE.to_owned()),
        _ => Err(format!("error: there is no command `{}`\n\n{USAGE}", command.display())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            tell(text.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// What was asked for goes to stdout. Whoever reads it may be gone.
fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| format!("error: cannot write to stdout: {error}\n"))
}

/// For people, on stderr. Where that cannot be written to, the exit code has to do.
fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn parse(arguments: Vec<OsString>) -> Result<Asked, String> {
    let mut asked = Asked::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (option, given) = match argument.to_str() {
            Some("--") => {
                asked.files.extend(arguments);
                break;
            }
            Some(text) if text.len() > 1 && text.starts_with('-') => split(text),
            _ => {
                asked.files.push(argument);
                continue;
            }
        };
        if let (Some(set), None) = (switch(option), given) {
            asked.builder = set(asked.builder);
            continue;
        }
        let value = match given.map(OsString::from).or_else(|| arguments.next()) {
            Some(value) => value,
            None => return Err(format!("error: `{option}` needs a value\n")),
        };
        asked = set(asked, option, &value)?;
    }
    if asked.files.is_empty() {
        return Err(format!("error: there is no file to compile\n\n{USAGE}"));
    }
    Ok(asked)
}

/// An option and the value that is part of it: `--out=DIR`, `-oDIR`.
fn split(argument: &str) -> (&str, Option<&str>) {
    if argument.starts_with("--") {
        return argument.split_once('=').map_or((argument, None), |(option, value)| (option, Some(value)));
    }
    match argument.split_at_checked(2) {
        Some((option @ ("-I" | "-o"), value)) if !value.is_empty() => (option, Some(value)),
        _ => (argument, None),
    }
}

/// What an option without a value does.
fn switch(option: &str) -> Option<fn(Builder) -> Builder> {
    match option {
        "--all" => Some(Builder::everything),
        "--newtypes" => Some(Builder::newtypes),
        "--keep-unknown-fields" => Some(Builder::keep_unknown_fields),
        _ => None,
    }
}

fn set(mut asked: Asked, option: &str, value: &OsStr) -> Result<Asked, String> {
    let builder = asked.builder;
    asked.builder = match option {
        "-I" | "--include" => builder.include_dir(value),
        "-o" | "--out" => {
            asked.out = true;
            builder.out_dir(value)
        }
        _ => chosen(builder, option, &value.to_string_lossy())?,
    };
    Ok(asked)
}

fn chosen(builder: Builder, option: &str, value: &str) -> Result<Builder, String> {
    let builder = match option {
        "--output" => builder.output(value),
        "--derive" => builder.derive(value),
        "--elsewhere" => match value.split_once('=') {
            Some((namespace, path)) => builder.elsewhere(namespace, path),
            None => return Err("error: `--elsewhere` needs NAMESPACE=PATH\n".to_owned()),
        },
        "--dialect" => match Dialect::from_name(value) {
            Some(dialect) => builder.dialect(dialect),
            None => return Err(format!("error: there is no dialect `{value}`: apache, thriftgo\n")),
        },
        "--deny" => level(builder, value, Level::Deny)?,
        "--allow" => level(builder, value, Level::Allow)?,
        _ if switch(option).is_some() => return Err(format!("error: `{option}` takes no value\n")),
        _ => return Err(format!("error: there is no option `{option}`\n\n{USAGE}")),
    };
    Ok(builder)
}

fn level(builder: Builder, name: &str, level: Level) -> Result<Builder, String> {
    match Lint::from_name(name) {
        Some(lint) => Ok(builder.lint(lint, level)),
        None if name == "warnings" => Ok(builder.lints(level)),
        None => {
            let names: Vec<&str> = Lint::ALL.iter().map(|lint| lint.name()).collect();
            Err(format!("error: there is no lint `{name}`: {}\n", names.join(", ")))
        }
    }
}

fn check(asked: Asked) -> Result<(), String> {
    let warnings = asked.builder.check(&asked.files).map_err(failure)?;
    show(&warnings);
    Ok(())
}

fn generate(asked: Asked) -> Result<(), String> {
    if !asked.out {
        return Err("error: `--out` says where to write to\n".to_owned());
    }
    let (path, warnings) = asked.builder.generate(&asked.files).map_err(failure)?;
    show(&warnings);
    print(&format!("{}\n", path.display()))
}

fn failure(error: kitex_build::Error) -> String {
    show(error.warnings());
    error.to_string()
}

fn show(warnings: &kitex_build::Warnings) {
    if !warnings.is_empty() {
        tell(&format!("{warnings}\n"));
    }
}
