//! Target `idl`: the IDL compiler, with whatever stands in the files.
//!
//! The input is the text of a file and of those that it may include, each of them behind a line `=== name`. In every
//! dialect it ends, in time and within the memory that its size justifies, with code or with reports. The code is the
//! same in every run, and its brackets fit each other. What is an error stays one when all lints are switched off, and
//! what has no finding but lints is an error only where those are denied.

use kitex_build::{Builder, Dialect, Level, configure};

/// Compiles `data`, in a dialect that its length decides.
pub(crate) fn run(data: &[u8]) {
    let builder = match data.len() % 4 {
        0 => configure().dialect(Dialect::Apache),
        1 => configure().dialect(Dialect::Thriftgo),
        2 => configure().keep_unknown_fields().newtypes().everything(),
        _ => configure(),
    };
    compile(&split(data), builder);
}

/// The files of an input. The first is `main.thrift`.
fn split(data: &[u8]) -> Vec<(&str, &[u8])> {
    let mut files = Vec::new();
    let mut name = "main.thrift";
    let mut start = 0;
    let mut at = 0;
    for line in data.split_inclusive(|&byte| byte == b'\n') {
        let end = at + line.len();
        if let Some(next) = line.strip_prefix(b"=== ").and_then(|next| std::str::from_utf8(next).ok()) {
            files.push((name, &data[start..at]));
            (name, start) = (next.trim_end(), end);
        }
        at = end;
    }
    files.push((name, &data[start..]));
    files
}

fn compile(files: &[(&str, &[u8])], builder: Builder) {
    let quiet = builder.clone().lints(Level::Allow).compile_texts(files);
    let strict = builder.clone().lints(Level::Deny).compile_texts(files).map(|(code, _)| code);
    match (builder.clone().compile_texts(files), quiet) {
        (Ok((code, warnings)), Ok((same, none))) => {
            assert!(code == same && none.is_empty(), "lints change nothing but what is said");
            assert_eq!(strict.is_ok(), warnings.is_empty(), "what is denied is an error");
            let again = builder.compile_texts(files).map(|(code, _)| code);
            assert_eq!(again.ok().as_deref(), Some(code.as_str()), "the output is the same in every run");
            assert_balanced(&code);
        }
        (Err(error), Err(_)) => {
            assert!(strict.is_err());
            assert!(error.to_string().starts_with("error: "), "{error}");
        }
        _ => panic!("a lint that is not denied is no error"),
    }
}

/// Brackets fit each other outside of comments and literals: whatever an IDL holds, nothing of it leaves the place that
/// the generator has put it in.
fn assert_balanced(code: &str) {
    let mut open = Vec::new();
    for line in code.lines() {
        let mut letters = line.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '/' if line[at..].starts_with("//") => break,
                '"' => skip_literal(&mut letters),
                '(' | '[' | '{' => open.push(letter),
                ')' | ']' | '}' => {
                    let expected = match letter {
                        ')' => '(',
                        ']' => '[',
                        _ => '{',
                    };
                    assert_eq!(open.pop(), Some(expected), "{line}");
                }
                _ => {}
            }
        }
    }
    assert!(open.is_empty(), "brackets that are never closed: {open:?}");
}

/// Goes behind the closing quote; generated literals end on their line.
fn skip_literal(letters: &mut impl Iterator<Item = (usize, char)>) {
    while let Some((_, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '"' => return,
            _ => {}
        }
    }
    panic!("a literal that does not end on its line");
}
