//! Bytes to tokens.

use super::{Case, Fine, Lint, Only, Refused, check};
use crate::dialect::Dialect;
use crate::thrift::model::{Kind, Value};
use crate::thrift::testing::{compile, compile_as};

const INPUT: [Case; 16] = [
    Fine(""),
    Fine("// only\n# comments\n/* here */"),
    Fine("\u{feff}struct A {}"),
    Refused("struct A {}\0", "1:12: unexpected character `\\0`"),
    Fine("// \0\nconst string A = 'a\0b' /* \0 */"),
    Fine("struct A {\r\n  1: i32 a\r\n}\r\n"),
    Fine("// a comment up to a lone carriage return\rstruct A {}"),
    Fine("struct\u{b}A\u{c}{}"),
    Refused("struct \u{e9} {}", "1:8: unexpected character `\u{e9}`"),
    Refused("struct A {} \u{feff}", "1:13: unexpected character `\\u{feff}`"),
    Fine("namespace\n*\nfoo"),
    Fine("struct S { 1\n:\nlist\n<\ni32\n>\ns }"),
    Fine("struct A{1:required i32 a=5(x=\"y\"),2:list<i32>b=[1]}service V{oneway void f(1:A a)void g()}"),
    Refused("structA {}", "1:1: expected a definition"),
    Refused("struct A { 1: a-b c }", "1:16: unexpected character `-`"),
    Refused("struct A$ {}", "1:9: unexpected character `$`"),
];

const COMMENTS: [Case; 8] = [
    Fine("/**/ struct A {} /***/ /****/ /** x **/ /*** y ***/ struct B {}"),
    Fine("/* not /* nested */ struct A {}"),
    Fine("# one\n// two\nstruct A {} // three"),
    Refused("/* a /* b */ c */ struct A {}", "1:17: unexpected character `/`"),
    Refused("struct A {} /* x", "1:13: this comment is never closed"),
    Refused("struct A {}\n/** x", "2:1: this comment is never closed"),
    Refused("/*/ struct A {}", "1:1: this comment is never closed"),
    Fine("struct A { /* a */ 1 /* b */ : /* c */ i32 /* d */ a /* e */ }"),
];

const NUMBERS: [Case; 30] = [
    Fine("const i64 A = +5"),
    Lint("const i64 A = 010", "leading-zero"),
    Lint("const i64 A = 098", "leading-zero"),
    Lint("enum E { A = 010, B = 08 }", "leading-zero"),
    Lint("struct A { 010: i32 a }", "leading-zero"),
    Only(Dialect::Thriftgo, "const i64 A = 0o17", "1:15: `0o17` is not a number"),
    Fine("const i64 A = 0xFf"),
    Refused("const i64 A = 0XFF", "1:15: `0XFF` is not a number"),
    Fine("const i64 A = -0x10 const i64 B = +0x10"),
    Refused("const i64 A = 0xZZ", "1:15: `0xZZ` is not a number"),
    Refused("const i64 A = 1_000", "1:15: `1_000` is not a number"),
    Fine("const i64 A = 9223372036854775807 const i64 B = -9223372036854775808"),
    Refused("const i64 A = 9223372036854775808", "1:15: this number does not fit into 64 bits"),
    Refused("const i64 A = -9223372036854775809", "1:15: this number does not fit into 64 bits"),
    Refused("const i64 A = 0x8000000000000000", "1:15: this number does not fit into 64 bits"),
    Refused("const i64 A = 0xFFFFFFFFFFFFFFFF", "1:15: this number does not fit into 64 bits"),
    Fine("const double A = .5 const double B = +1.5 const double C = -0.0"),
    Refused("const double A = 5.", "1:18: `5.` is not a number"),
    Fine("const double A = 1e10 const double B = -2.5E-3 const double C = 1E+2"),
    Refused("const double A = 1e400", "1:18: this number is too large for a double"),
    Refused("const double A = -1e400", "1:18: this number is too large for a double"),
    Fine("const double A = 1e-400"),
    Fine("const i32 e10 = 1 const i32 A = e10"),
    Refused("const double A = 1e0x5", "1:18: `1e0x5` is not a number"),
    Refused("const double A = inf", "1:18: there is no constant `inf`"),
    Refused("const double A = nan", "1:18: there is no constant `nan`"),
    Refused("const double A = 1.2.3", "1:18: `1.2.3` is not a number"),
    Refused("const i64 A = 0x", "1:15: `0x` is not a number"),
    Refused("const i64 A = -", "1:15: unexpected character `-`"),
    Refused("const i64 A = 12abc", "1:15: `12abc` is not a number"),
];

const LITERALS: [Case; 21] = [
    Fine("const string A = 'say \"hi\"' const string B = \"it's\""),
    Fine(r#"const string A = "\n\r\t\\\"\'""#),
    Fine(r#"const string A = "\x41\u4e2d\u{1f600}\u{0}""#),
    Fine(r#"const binary A = "\xff\x00\x80""#),
    Refused(r#"const string A = "\xff""#, "1:18: a string is UTF-8"),
    Refused(r#"const string A = "\xc3\xa9""#, "1:18: a string is UTF-8"),
    Fine(r#"const string A = "\\xc3\\xa9""#),
    Refused(r#"const string A = "\0""#, "1:19: unknown escape"),
    Refused(r#"const string A = "\a""#, "1:19: unknown escape"),
    Refused(r#"const string A = "\u{110000}""#, "1:19: unknown escape"),
    Refused(r#"const string A = "\ud800""#, "1:19: unknown escape"),
    Refused(r#"const string A = "\x4""#, "1:19: unknown escape"),
    Fine(r#"const string A = "x\\" const string B = "y""#),
    Refused("const string A = 'a\nb'", "1:18: this string runs over the end of the line"),
    Refused("const string A = 'a\rb'", "1:18: this string runs over the end of the line"),
    Fine("struct A { 1: i32 a (x = 'one\ntwo') }"),
    Fine("const string A = '\ttab, \u{4e2d}'"),
    Refused("const string A = 'x", "1:18: this string is never closed"),
    Refused("const string A = \"x\\\"", "1:18: this string is never closed"),
    Refused("const string A = 'x\\", "1:18: this string is never closed"),
    Refused("const string A = 'a' 'b'", "1:22: expected a definition"),
];

const NAMES: [Case; 17] = [
    Fine("struct _A { 1: i32 _1, 2: i32 __, 3: i32 _ }"),
    Refused("struct A.B {}", "1:8: `A.B` is declared here"),
    Refused("union A.B {}", "1:7: `A.B` is declared here"),
    Refused("exception A.B {}", "1:11: `A.B` is declared here"),
    Refused("enum A.B {}", "1:6: `A.B` is declared here"),
    Refused("service A.B {}", "1:9: `A.B` is declared here"),
    Refused("typedef i32 A.B", "1:13: `A.B` is declared here"),
    Refused("const i32 A.B = 1", "1:11: `A.B` is declared here"),
    Refused("struct A { 1: i32 a.b }", "1:19: `a.b` is declared here"),
    Refused("service A { void a.b() }", "1:18: `a.b` is declared here"),
    Refused("service A { void a(1: i32 b.c) }", "1:27: `b.c` is declared here"),
    Refused("enum E { A.B }", "1:10: `A.B` is declared here"),
    Refused("enum E { A.B = 1 }", "1:10: `A.B` is declared here"),
    Refused("struct A { 1: a. b }", "1:16: unexpected character `.`"),
    Refused("struct A { 1: a..b c }", "1:16: unexpected character `.`"),
    Refused("struct A { 1: .a b }", "1:15: unexpected character `.`"),
    Fine("namespace rs a.b_1._c"),
];

/// Keywords where names stand, and words that only begin like one.
const KEYWORDS: [Case; 15] = [
    Fine(
        "struct A { 1: i32 list, 2: string string, 3: bool struct, 4: i32 required, 5: i32 void, 6: i32 enum }",
    ),
    Fine("struct A { 1: i32 optional, 2: optional i32 oneway, 3: i32 map, 4: i32 cpp_type, 5: i32 xsd_all }"),
    Fine("struct struct {} enum enum { enum } union union {} service service { void service() }"),
    Fine("exception exception {} typedef i32 typedef const i32 const = 1"),
    Fine("service A { void f(1: i32 throws, 2: i32 oneway) }"),
    Refused("struct A { 1: i32 true }", "1:19: expected the name of the field, found `true`"),
    Refused("struct false {}", "1:8: expected the name of the struct, found `false`"),
    Refused("enum E { true }", "1:10: expected a value's name or `}`, found `true`"),
    Fine("struct A { 1: i32 a (list = '1', struct = '2') }"),
    Fine("namespace rs service.type.struct namespace go struct"),
    Fine("typedef i32 optionalX struct S { 1: optionalX a, 2: optional optionalX b }"),
    Fine("typedef i32 requiredX struct S { 1: requiredX a, 2: required requiredX b }"),
    Refused("senum E {}", "1:1: `senum` belongs to another dialect"),
    Refused("php_namespace a", "1:1: `php_namespace` belongs to another dialect"),
    Refused("struct A { 1: slist a }", "1:15: there is no type `slist`"),
];

#[test]
fn lexical_rules_hold() {
    check(&INPUT);
    check(&COMMENTS);
    check(&NUMBERS);
    check(&LITERALS);
    check(&NAMES);
    check(&KEYWORDS);
}

#[test]
fn long_literals_are_whole() {
    let text = "x".repeat(70_000);
    let program = compile(format!("const string A = '{text}'")).program.unwrap();
    let Kind::Const(constant) = &program.definitions[0].kind else { panic!("no constant") };
    assert_eq!(constant.value, Value::Text(text));
}

#[test]
fn bytes_that_are_no_text_are_refused_outside_of_comments() {
    assert_eq!(compile(b"// \xd6\xd0\nstruct A {}").error, "");
    assert_eq!(compile(b"const string A = '\xd6'").error, "1:18: this string is not UTF-8");
    assert_eq!(compile(b"const binary A = '\xd6'").error, "1:18: this string is not UTF-8");
    assert!(compile(b"struct \xd6 {}").error.starts_with("1:8: unexpected character"));
}

/// The value of the constant `A` in a dialect.
fn value(dialect: Option<Dialect>, text: &str) -> Option<Value> {
    let found = compile_as(dialect, &[("main.thrift", text.as_bytes())]);
    match found.program?.definitions.remove(0).kind {
        Kind::Const(constant) => Some(constant.value),
        _ => None,
    }
}

#[test]
fn leading_zeros_are_octal_for_thriftgo_only() {
    let thriftgo = Some(Dialect::Thriftgo);
    for (text, all, octal) in
        [("010", 10, Some(8)), ("-017", -17, Some(-15)), ("098", 98, None), ("00", 0, Some(0))]
    {
        let text = format!("const i64 A = {text}");
        assert_eq!(value(None, &text), Some(Value::Integer(all)));
        assert_eq!(value(Some(Dialect::Apache), &text), Some(Value::Integer(all)));
        assert_eq!(value(thriftgo, &text), octal.map(Value::Integer));
    }
    assert_eq!(value(thriftgo, "const i64 A = -0o17"), Some(Value::Integer(-15)));
    assert_eq!(value(thriftgo, "const i64 A = 0o18"), None);
    let values = compile_as(thriftgo, &[("main.thrift", b"enum E { A = 010, B = 08 }")]);
    let said = ["this is read as 10, and as 8 by thriftgo", "this is read as 8, and as 0 by thriftgo"];
    assert_eq!(values.warnings.len(), 2);
    assert!(
        values.warnings.iter().zip(said).all(|(line, said)| line.contains(said)),
        "{:?}",
        values.warnings
    );
    let Kind::Enum(numbers) = &values.program.unwrap().definitions[0].kind else { panic!("an enum") };
    assert_eq!(numbers.iter().map(|value| value.number).collect::<Vec<_>>(), [10, 8]);
    let ids = compile_as(thriftgo, &[("main.thrift", b"struct A { 010: i32 a, 10: i32 b }")]);
    assert!(ids.error.contains("the id 10 is used twice"), "ids are decimal everywhere: {}", ids.error);
}
