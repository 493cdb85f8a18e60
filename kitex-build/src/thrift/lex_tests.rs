use std::path::Path;

use super::*;
use crate::thrift::testing::{assert_accepted, assert_refused, compile};

fn kinds(text: &str) -> Vec<Kind> {
    let mut report = Report::default();
    let tokens = lex(0, &Source::new(Path::new("a"), text.into()), None, &mut report);
    assert!(
        !report.failed(),
        "{text:?}: {}",
        report.render_errors(&[Source::new(Path::new("a"), text.into())])
    );
    tokens.tokens.into_iter().map(|token| token.kind).collect()
}

#[test]
fn integers_are_decimal_or_hexadecimal() {
    let table = [
        ("+5", 5),
        ("010", 10),
        ("098", 98),
        ("0xFf", 255),
        ("-0x10", -16),
        ("+0x10", 16),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ];
    for (text, number) in table {
        assert_eq!(kinds(text), [Kind::Integer(number), Kind::End], "{text}");
    }
}

#[test]
fn doubles_keep_value_and_sign() {
    let table = [(".5", 0.5), ("+1.5", 1.5), ("1e10", 1e10), ("-2.5E-3", -0.0025), ("1E+2", 100.0)];
    for (text, number) in table {
        assert_eq!(kinds(text), [Kind::Double(number), Kind::End], "{text}");
    }
    let [Kind::Double(zero), Kind::End] = kinds("-0.0")[..] else { panic!("not one number") };
    assert!(zero == 0.0 && zero.is_sign_negative());
}

#[test]
fn bad_numbers_are_refused() {
    let numbers = ["0o17", "0XFF", "0xZZ", "1_000", "5.", "1e0x5", "1.2.3", "0x", "12abc"];
    for number in numbers {
        let error = compile(format!("const i64 A = {number}")).error;
        assert_eq!(error, format!("1:15: `{number}` is not a number"));
    }
    assert_refused(&[
        ("const i64 A = 9223372036854775808", "1:15: this number does not fit"),
        ("const i64 A = 0x8000000000000000", "1:15: this number does not fit"),
        ("const i64 A = 99999999999999999999999999999999999999999999", "1:15: this number does not fit"),
        ("const double A = 1e400", "1:18: this number is too large"),
        ("const i64 A = -", "1:15: unexpected character `-`"),
        ("const i64 A = inf", "1:15: there is no constant `inf`"),
        ("const i64 A = e10", "1:15: there is no constant `e10`"),
    ]);
}

#[test]
fn leading_zeros_are_warned_of() {
    assert!(compile("const i64 A = 010").warnings[0].contains("octal"));
    assert!(compile("const i64 A = 0").warnings.is_empty());
}

#[test]
fn comments_and_blanks_stand_anywhere() {
    assert_accepted(&[
        "",
        "\u{feff}struct A {}",
        "// only a comment",
        "/**/ /***/ /** x **/ struct A {} # end",
        "struct\rA\r\n{\u{b}1\u{c}:\tstring\n/* in between */ s }",
        "namespace\n*\nfoo\nstruct A { 1\n:\nlist\n<\ni32\n>\nl }",
        "struct A{1:required i32 a=5(x=\"y\"),2:list<i32>b=[1]}service V{oneway void f(1:A a)void g()}",
        "// ends at a carriage return\rstruct A {}",
    ]);
}

#[test]
fn what_does_not_end_is_an_error_at_its_start() {
    assert_refused(&[
        ("struct A {}\n  /* struct B {}", "2:3: this comment is never closed"),
        ("/** x", "1:1: this comment is never closed"),
        ("/*/", "1:1: this comment is never closed"),
        ("const string A = \"x", "1:18: this string is never closed"),
        ("const string A = \"x\\\"", "1:18: this string is never closed"),
        ("const string A = 'x\\", "1:18: this string is never closed"),
    ]);
}

#[test]
fn strange_characters_are_refused() {
    assert_refused(&[
        ("struct A$ {}", "1:9: unexpected character `$`"),
        ("struct é {}", "1:8: unexpected character `é`"),
        ("struct A {}\0", "1:12: unexpected character `\\0`"),
        ("struct A { 1: a-b c }", "1:16: unexpected character `-`"),
        ("struct A { 1: a. c }", "1:16: unexpected character `.`"),
    ]);
    for mark in ["", "\u{feff}"] {
        let text = format!("{mark}struct A {{}}");
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            let outcome = compile(bytes);
            assert_eq!((outcome.error.as_str(), outcome.errors), ("1:1: this file is UTF-16", 1));
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_fine_in_comments_only() {
    assert_eq!(compile(b"// \xd6\xd0\nstruct A {}").error, "");
    assert_eq!(compile(b"const string A = '\xd6'").error, "1:18: this string is not UTF-8");
}

#[test]
fn names_have_a_limit() {
    let name = "a".repeat(501);
    assert!(compile(format!("struct {name} {{}}")).error.contains("at most 500 characters"));
}
