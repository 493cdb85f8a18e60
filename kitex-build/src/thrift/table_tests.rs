//! Every form that the grammar has and every rule of it, in tables: what is accepted, with which lints, and what is
//! refused, where and why. A case stands for one line of the language's reference.

mod definitions;
mod lexical;
mod syntax;
mod values;

use super::testing::compile_as;
use crate::dialect::Dialect;

/// What comes of an input.
#[derive(Clone, Copy)]
enum Case {
    /// It is accepted, and nothing is said about it.
    Fine(&'static str),
    /// It is accepted with a lint of this name.
    Lint(&'static str, &'static str),
    /// It is refused with an error that begins so, its place included.
    Refused(&'static str, &'static str),
    /// What one dialect makes of what the others refuse.
    Only(Dialect, &'static str, &'static str),
}

use Case::{Fine, Lint, Only, Refused};

fn check(cases: &[Case]) {
    for case in cases {
        match *case {
            Fine(text) => {
                let found = compile_as(None, &[("main.thrift", text.as_bytes())]);
                assert_eq!((found.error.as_str(), &found.warnings[..]), ("", &[][..]), "{text:?}");
            }
            Lint(text, lint) => {
                let found = compile_as(None, &[("main.thrift", text.as_bytes())]);
                assert_eq!(found.error, "", "{text:?}");
                let lints: Vec<&String> =
                    found.warnings.iter().filter(|line| line.ends_with(&format!("[{lint}]"))).collect();
                assert_eq!(lints.len(), found.warnings.len().max(1), "{text:?}: {:?}", found.warnings);
            }
            Refused(text, error) => refused(None, text, error),
            Only(dialect, text, error) => {
                refused(None, text, error);
                let other = match dialect {
                    Dialect::Apache => Dialect::Thriftgo,
                    Dialect::Thriftgo => Dialect::Apache,
                };
                refused(Some(other), text, error);
                let found = compile_as(Some(dialect), &[("main.thrift", text.as_bytes())]);
                assert_eq!(found.error, "", "{text:?}");
            }
        }
    }
}

fn refused(dialect: Option<Dialect>, text: &str, error: &str) {
    let found = compile_as(dialect, &[("main.thrift", text.as_bytes())]).error;
    assert!(!error.is_empty() && found.starts_with(error), "{text:?}\n  gave {found:?}\n  want {error:?}");
}
