//! Names, typedefs, enums, fields, recursion and services.

use super::{Case, Fine, Lint, Refused, check};
use crate::dialect::Dialect;
use crate::thrift::model::Kind;
use crate::thrift::testing::{compile, compile_as, compile_files};

const NAMES: [Case; 16] = [
    Fine("enum E { A = 1 } const i32 E = 1 struct X {} const i32 X = 2"),
    Fine("const S A = {'e': E.ONE} struct S { 1: E e = E.ONE } enum E { ONE = 1 }"),
    Fine("service V extends W { void f() throws (1: X x) } exception X {} service W {}"),
    Fine("const i32 A = B const i32 B = 1"),
    Refused("struct A {} union A {}", "1:19: the type or service `A` is defined twice"),
    Refused("struct A {} service A {}", "1:21: the type or service `A` is defined twice"),
    Refused("typedef i32 A exception A {}", "1:25: the type or service `A` is defined twice"),
    Refused("const i32 A = 1 const i32 A = 1", "1:27: the constant `A` is defined twice"),
    Refused("enum E { A, B, A }", "1:16: the value `A` is defined twice"),
    Refused("struct A { 1: i32 a, 2: i32 a }", "1:29: the name `a` is used twice"),
    Refused("service A { void f() i32 f() }", "1:26: the function `f` is defined twice"),
    Refused("service A { void f(1: i32 a, 2: i32 a) }", "1:37: the name `a` is used twice"),
    Refused(
        "service A { void f() throws (1: X a, 2: X a) } exception X {}",
        "1:43: the name `a` is used twice",
    ),
    Refused(
        "service A { void f() } service B extends A { void f() }",
        "1:51: the function `f` is inherited already",
    ),
    Refused("struct A { 1: Missing a }", "1:15: there is no type `Missing`"),
    Refused("struct A { 1: i32x a }", "1:15: there is no type `i32x`"),
];

const TYPEDEFS: [Case; 11] = [
    Fine("typedef A B typedef list<C> A struct C { 1: B b } typedef B D const D X = []"),
    Fine("typedef i32 A, typedef i32 B; typedef i32 C"),
    Fine("typedef E T enum E { A } struct S { 1: T t = E.A, 2: list<T> l = [T.A] }"),
    Refused("typedef Missing A", "1:9: there is no type `Missing`"),
    Refused("typedef T T", "1:11: this typedef leads back to itself"),
    Refused("typedef A B typedef B A", "1:11: this typedef leads back to itself"),
    Refused("typedef list<A> A", "1:17: this typedef leads back to itself"),
    Refused("typedef map<string, B> A typedef set<A> B", "1:24: this typedef leads back to itself"),
    Refused("typedef void A", "1:9: `void` is the result of a function"),
    Refused("service V {} typedef V A", "1:22: `V` is a service, not a type"),
    Fine("typedef i32 list struct A { 1: list a, 2: list<list> b }"),
];

const ENUMS: [Case; 12] = [
    Fine("enum E {} enum F { A = -2, B, C = 0x10, D }"),
    Fine("enum E { a, A, aB, AB } enum F { a }"),
    Lint("enum E { A = 1, B = 1 }", "repeated-number"),
    Lint("enum E { A = 1, B = 0, C }", "repeated-number"),
    Refused("enum E { A = 2147483648 }", "1:14: 2147483648 does not fit into 32 bits"),
    Refused("enum E { A = -2147483649 }", "1:14: -2147483649 does not fit into 32 bits"),
    Refused("enum E { A = 2147483647, B }", "1:26: 2147483648 does not fit into 32 bits"),
    Refused("enum E { A = X } const i32 X = 1", "1:14: expected the value's number, found `X`"),
    Refused("enum E { A = true }", "1:14: expected the value's number, found `true`"),
    Refused("enum E { A = 1.5 }", "1:14: expected the value's number, found `1.5`"),
    Refused("enum E { A = 'x' }", "1:14: expected the value's number, found a string"),
    Fine("enum E { A (x = 'y'), B = 2 (z = '1'); C }"),
];

const IDS: [Case; 20] = [
    Refused("struct A { i32 a }", "1:16: the field `a` has no id"),
    Refused("service A { void f(i32 a) }", "1:24: the field `a` has no id"),
    Refused("service A { void f() throws (X x) } exception X {}", "1:32: the field `x` has no id"),
    Lint("struct A { -5: i32 a }", "odd-id"),
    Lint("struct A { 0: i32 a }", "odd-id"),
    Refused("service A { void f(0: i32 a) }", "1:20: the id 0 is taken"),
    Refused("service A { void f() throws (0: X x) } exception X {}", "1:30: the id 0 is taken"),
    Refused("struct A { 32768: i32 a }", "1:12: the id 32768 is not in the range"),
    Refused("struct A { -32769: i32 a }", "1:12: the id -32769 is not in the range"),
    Refused("struct A { 4294967297: i32 a }", "1:12: the id 4294967297 is not in the range"),
    Fine("struct A { 0x10: i32 a, 17: i32 b, 2: i32 c, 32767: i32 d }"),
    Refused("struct A { 0x10: i32 a, 16: i32 b }", "1:25: the id 16 is used twice"),
    Refused("service A { void f(1: i32 a, 1: i32 b) }", "1:30: the id 1 is used twice"),
    Refused("service A { void f() throws (1: X a, 1: X b) } exception X {}", "1:38: the id 1 is used twice"),
    Lint("union U { 1: required i32 a }", "ignored-requiredness"),
    Fine("union U { 1: optional i32 a = 1, 2: i32 b }"),
    Refused("union U { 1: i32 a = 1, 2: i32 b = 2 }", "1:36: at most one member of a union has a default"),
    Lint("service A { void f(1: optional i32 a) }", "ignored-requiredness"),
    Fine("service A { void f(1: required i32 a = 5) throws (1: required X x) } exception X {}"),
    Fine("exception X {} struct A { 1: X x, 2: list<X> l } service V { X f(1: X x) }"),
];

const RECURSION: [Case; 8] = [
    Fine("struct A { 1: A a, 2: optional A b, 3: list<A> c, 4: map<string, A> d }"),
    Fine("struct A { 1: B b } struct B { 1: C c } struct C { 1: A a }"),
    Fine("union U { 1: U u, 2: list<U> l } exception X { 1: X x }"),
    Fine("typedef A T struct A { 1: optional T t }"),
    Fine("struct A { 1: required list<A> a }"),
    Refused("struct A { 1: required A a }", "1:8: this struct requires itself"),
    Refused("struct A { 1: required B b } struct B { 1: required A a }", "1:8: this struct requires itself"),
    Refused("struct A { 1: A a = {} }", "1:8: the default value of this contains itself"),
];

const SERVICES: [Case; 28] = [
    Fine("service A { void f() } service B extends A {} service C extends B { void g() }"),
    Refused("service A extends Missing {}", "1:19: there is no service `Missing`"),
    Refused("struct S {} service A extends S {}", "1:31: `S` is not a service"),
    Refused("service A extends A {}", "1:9: this service extends itself"),
    Refused("service A extends B {} service B extends A {}", "1:9: this service extends itself"),
    Refused("service A { oneway i32 f() }", "1:20: a oneway function returns `void`"),
    Refused(
        "service A { oneway void f() throws (1: X x) } exception X {}",
        "1:42: a oneway function throws nothing",
    ),
    Fine("service A { oneway void f() throws () }"),
    Refused("service A { void f() throws (1: S x) } struct S {}", "1:35: `S` is not an exception"),
    Refused("service A { void f() throws (1: U x) } union U {}", "1:35: `U` is not an exception"),
    Refused("service A { void f() throws (1: string x) }", "1:40: `string` is not an exception"),
    Fine("service A { void f() throws (1: T t) } typedef X T exception X {}"),
    Fine("service A { void f() throws (1: X a, 2: X b) } exception X {}"),
    Fine("service A { i32 f() throws (1: X success) } exception X {}"),
    Refused(
        "service A { void f() throws (1: X a = {}) } exception X {}",
        "1:39: an exception in `throws` has no default",
    ),
    Refused("service A {} struct S { 1: A a }", "1:28: `A` is a service, not a type"),
    Refused("service A { A f() }", "1:13: `A` is a service, not a type"),
    Refused("struct S { 1: list<void> a }", "1:20: `void` is the result of a function"),
    Refused("struct S { 1: void a }", "1:15: `void` is the result of a function"),
    Refused("service A { void f(1: void a) }", "1:23: `void` is the result of a function"),
    Fine("service A { void foo() void Foo() void FOO() }"),
    Fine("service A { void f(1: i32 a = 5, 2: list<i32> b = [1]) }"),
    Lint("service A { void f(1: i32 a) (streaming.mode = 'bidirectional') }", "skipped-stream"),
    Fine("service A { void f(1: i32 a) (streaming.mode = 'unary') }"),
    Refused(
        "service A { void f(1: i32 a) (streaming.mode = 'both') }",
        "1:31: there is no streaming mode `both`",
    ),
    Refused(
        "service A { void f(1: i32 a) (streaming.mode = 'client', streaming.mode = 'server') }",
        "1:58: `streaming.mode` is given twice",
    ),
    Refused(
        "service A { void f(1: i32 a, 2: i32 b) (streaming.mode = 'client') }",
        "1:41: a streaming function has",
    ),
    Refused(
        "service A { oneway void f(1: i32 a) (streaming.mode = 'server') }",
        "1:38: a oneway function cannot",
    ),
];

#[test]
fn rules_of_definitions_hold() {
    check(&NAMES);
    check(&TYPEDEFS);
    check(&ENUMS);
    check(&IDS);
    check(&RECURSION);
    check(&SERVICES);
}

/// The ids of the fields of the first definition.
fn ids(dialect: Dialect, text: &str) -> Result<Vec<i16>, String> {
    let found = compile_as(Some(dialect), &[("main.thrift", text.as_bytes())]);
    match found.program.map(|mut program| program.definitions.remove(0).kind) {
        Some(Kind::Struct(found)) => Ok(found.fields.iter().map(|field| field.id).collect()),
        Some(Kind::Service(found)) => Ok(found.methods[0].arguments.iter().map(|field| field.id).collect()),
        _ => Err(found.error),
    }
}

#[test]
fn each_dialect_numbers_fields_in_its_way() {
    let (apache, thriftgo) = (Dialect::Apache, Dialect::Thriftgo);
    let gaps = "struct A { 5: i32 a, i32 b, 2: i32 c, i32 d }";
    assert_eq!(ids(apache, gaps), Ok(vec![5, -1, 2, -2]));
    assert_eq!(ids(thriftgo, gaps), Ok(vec![5, 6, 2, 3]));
    let late = "struct A { i32 a, i32 b, 1: i32 c }";
    assert_eq!(ids(apache, late), Ok(vec![-1, -2, 1]));
    assert_eq!(ids(thriftgo, late), Err("1:26: the id 1 is used twice".to_owned()));
    let arguments = "service A { void f(i32 a, i32 b) }";
    assert_eq!(ids(apache, arguments), Ok(vec![-1, -2]));
    assert_eq!(ids(thriftgo, arguments), Ok(vec![1, 2]));
    let negative = "struct A { -5: i32 a, i32 b }";
    assert_eq!(ids(apache, negative), Ok(vec![-5, -1]));
    let warnings = compile_as(Some(apache), &[("main.thrift", gaps.as_bytes())]).warnings;
    assert!(warnings[0].contains("`b` has no id: it is -1 in this dialect"), "{warnings:?}");
    let full = "struct A { 32767: i32 a, i32 b }";
    assert_eq!(ids(thriftgo, full), Err("1:30: the id 32768 is not in the range of 16 bits".to_owned()));
}

#[test]
fn includes_follow_their_rules() {
    let b: (&str, &[u8]) =
        ("b.thrift", b"include 'a.b.thrift' struct B { 1: a.b.C c } service V {} exception X {}");
    let c: (&str, &[u8]) = ("a.b.thrift", b"struct C {} enum E { ONE = 1 } const i32 N = 7 service W {}");
    let odd: (&str, &[u8]) = ("odd-name", b"struct O {}");
    let error = |text: &'static str| compile_files(&[("main.thrift", text.as_bytes()), b, c, odd]).error;
    for text in [
        "include 'b.thrift' include 'a.b.thrift' include \"b.thrift\" struct S { 1: b.B b, 2: a.b.C c }",
        "include 'a.b.thrift' const a.b.E A = a.b.E.ONE const i32 B = a.b.N",
        "include 'b.thrift' struct b {} struct S { 1: b x, 2: b.B y }",
        "include 'b.thrift' struct B { 1: b.B b } service V extends b.V { void f() throws (1: b.X x) }",
        "include 'odd-name' struct S {}",
    ] {
        assert_eq!(error(text), "", "{text}");
    }
    let table = [
        ("include 'b.thrift' struct S { 1: a.b.C c }", "1:34: there is no type `a.b.C`"),
        ("include 'b.thrift' struct S { 1: b.a.b.C c }", "1:34: there is no type `b.a.b.C`"),
        ("include 'b.thrift' struct S { 1: B b }", "1:34: there is no type `B`"),
        ("include 'b.thrift' service S extends b.W {}", "1:38: there is no service `b.W`"),
        ("include 'b.thrift' service S extends b.B {}", "1:38: `b.B` is not a service"),
        ("include 'missing.thrift'", "1:9: cannot find the included file `missing.thrift`"),
    ];
    for (text, expected) in table {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn every_error_in_an_included_file_counts() {
    let bad: (&str, &[u8]) = ("bad.thrift", b"struct S { 1: Nothing n }");
    assert_eq!(
        compile_files(&[("main.thrift", b"include 'bad.thrift'"), bad]).error,
        "1:15: there is no type `Nothing`"
    );
    assert_eq!(compile("include 'main.thrift'").errors, 1);
}
