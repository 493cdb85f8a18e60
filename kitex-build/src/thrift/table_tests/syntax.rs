//! Tokens to definitions.

use super::{Case, Fine, Refused, check};
use crate::thrift::testing::compile;

const HEADERS: [Case; 14] = [
    Fine("namespace rs a namespace rs b namespace * c namespace py.twisted d namespace unheard_of e"),
    Fine("namespace rs a (x = 'y') namespace * b (x = 'y')"),
    Fine("namespace rs a; struct A {}"),
    Fine("cpp_include \"x.h\" cpp_include 'y.h' struct A {}"),
    Refused("namespace rs a, struct A {}", "1:15: no separator stands between definitions"),
    Refused("cpp_include 'x'; struct A {}", "1:16: no separator stands between definitions"),
    Refused("include ''", "1:9: an include needs the path of a file"),
    Refused("include 'none.thrift'", "1:9: cannot find the included file `none.thrift`"),
    Refused("include none", "1:9: expected the path of a file, found `none`"),
    Refused("include 'main.thrift'", "1:9: files include each other in a circle"),
    Refused("struct A {} namespace rs a", "1:13: headers stand before all definitions"),
    Refused("struct A {} include 'a'", "1:13: headers stand before all definitions"),
    Refused("namespace rs", "1:13: expected the name of the namespace, found the end of the file"),
    Refused("namespace 'rs' a", "1:11: expected a language or `*`, found a string"),
];

const DEFINITIONS: [Case; 30] = [
    Fine("const i32 A = 1 (a = 'b') const i32 B = 1, const i32 C = 1; (c = 'd') const i32 D = 1 (a) , (b)"),
    Fine("typedef i32 A typedef i32 B, typedef i32 C; typedef i32 (x = '1') D (y = '2');"),
    Fine("enum E { A, B; C D = 4 E } (k = 'v')"),
    Fine("struct A {} union B {} exception C {} enum D {} service E {} struct F {} () service G {} ()"),
    Fine("struct A xsd_all { 1: i32 a = 5 xsd_optional xsd_nillable xsd_attrs { 1: i32 x } (q = 'r'), }"),
    Fine("struct A { 1: i32 & a, 2: optional i32& b }"),
    Fine(
        "service A { void f() throws () oneway void g(), async void h(); i32 i(1: i32 a,) throws (1: X x;) }
        exception X {}",
    ),
    Fine("typedef map cpp_type 'a' <i32, i32> A typedef set cpp_type 'b' <i32> B"),
    Fine("typedef list cpp_type 'c' <i32> A typedef list<i32> cpp_type 'd' B"),
    Fine(
        "struct A { 1: bool a 2: byte b 3: i8 c 4: i16 d 5: i32 e 6: i64 f 7: double g 8: string h 9: binary i 10: uuid j }",
    ),
    Refused("struct A {},", "1:12: no separator stands between definitions"),
    Refused("struct A {};", "1:12: no separator stands between definitions"),
    Refused("enum A {};", "1:10: no separator stands between definitions"),
    Refused("service A {},", "1:13: no separator stands between definitions"),
    Refused("typedef i32 A;;", "1:15: no separator stands between definitions"),
    Refused("struct A { 1: i32 a,, }", "1:21: expected a field or `}`, found `,`"),
    Refused("struct A { , 1: i32 a }", "1:12: expected a field or `}`, found `,`"),
    Refused("enum E { , A }", "1:10: expected a value's name or `}`, found `,`"),
    Refused("struct A { 1: map<i32; i32> a }", "1:22: expected `,` between the types of key and value"),
    Refused("struct A { 1: map<i32, i32,> a }", "1:27: expected `>` after the element's type, found `,`"),
    Refused("struct A { required 1: i32 a }", "1:21: expected a type, found `1`"),
    Refused("typedef list L", "1:9: `list` needs the type of its elements"),
    Refused("typedef map L", "1:9: `map` needs the type of its elements"),
    Refused("typedef i32", "1:12: expected the new name of the type, found the end of the file"),
    Refused("const i32 A", "1:12: expected `=` and the constant's value, found the end of the file"),
    Refused("struct A { 1 i32 a }", "1:14: expected `:` after the field's id, found `i32`"),
    Refused("struct A { true: i32 a }", "1:12: expected a type, found `true`"),
    Refused("interaction A {}", "1:1: `interaction` belongs to another dialect"),
    Refused("package 'a'", "1:1: `package` belongs to another dialect"),
    Refused("@A struct B {}", "1:1: `@` belongs to another dialect"),
];

const FUNCTIONS: [Case; 9] = [
    Refused("service A { f() }", "1:17: expected the name of the function, found `}`"),
    Refused(
        "service A { void f() throws X } exception X {}",
        "1:29: expected `(` and the exceptions, found `X`",
    ),
    Refused("service A { 1: void f() }", "1:13: expected a function's return type or `}`, found `1`"),
    Refused(
        "service A extends B, C {} service B {} service C {}",
        "1:20: expected `{` and the functions, found `,`",
    ),
    Refused("service A { stream<i32> f() }", "1:13: there is no type `stream` in this dialect"),
    Refused("service A { sink<i32, i32> f() }", "1:13: there is no type `sink` in this dialect"),
    Refused("service A { void f }", "1:20: expected `(` and the arguments, found `}`"),
    Refused(
        "service A { void f() (a = 'b') (c = 'd') }",
        "1:32: expected a function's return type or `}`, found `(`",
    ),
    Fine(
        "service A { i32 (x = 'y') f(1: i32 a (b = 'c')) throws (1: X x (d = 'e')) (f = 'g') } exception X {} (h)",
    ),
];

const ANNOTATIONS: [Case; 14] = [
    Fine("struct A { 1: i32 a (x) }"),
    Fine("struct A { 1: i32 a (x, y = '1'; z = '2' w,) }"),
    Fine("struct A { 1: i32 a (go.tag = 'a', api.x_y.z = 'b', go.tag = 'c') }"),
    Fine("struct A { 1: map<string (a='1'), i32 (b='2')> (c='3') y (e='f') } typedef list<A (x)> (y) B (z)"),
    Fine("struct A { 1: T (a = 'b') x } typedef i32 T struct B { 1: i32 a\n(x = 'y')\n}"),
    Fine("enum E { A (x='y'), B = 2 (z='1'); C } struct A {} (a) union U {} (b) const E C = E.A (c)"),
    Refused("struct A { 1: i32 a (x = 1) }", "1:26: expected a string as the annotation's value, found `1`"),
    Refused("struct A { 1: i32 a (x = true) }", "1:26: expected a string as the annotation's value"),
    Refused(
        "struct A { 1: i32 a ('x' = '1') }",
        "1:22: expected the key of an annotation or `)`, found a string",
    ),
    Refused("struct A { 1: i32 a (x-y = '1') }", "1:23: unexpected character `-`"),
    Refused("struct A { 1: i32 a (x) (y) }", "1:25: expected a field or `}`, found `(`"),
    Refused("struct A {} (x) (y)", "1:17: expected a definition"),
    Refused("struct A { 1: i32 a (x = '1') = 5 }", "1:31: expected a field or `}`, found `=`"),
    Refused("enum E { A (x = 'y') = 1 }", "1:22: expected a value's name or `}`, found `=`"),
];

#[test]
fn syntax_rules_hold() {
    check(&HEADERS);
    check(&DEFINITIONS);
    check(&FUNCTIONS);
    check(&ANNOTATIONS);
}

/// What the generator follows, and other tools' annotations, which it does not touch.
const FOLLOWED: [Case; 17] = [
    Refused("struct A { 1: i32 a, 2: i32 b (rust.name = '_a') }", "1:32: `_a` is no name in Rust"),
    Fine(
        "struct A { 1: map<i32, i32> a (rust.type = 'BTreeMap'), 2: set<i32> b (rust.type = 'BTreeSet') } (rust.name = 'B')",
    ),
    Fine(
        "struct A { 1: string (rust.type = 'String') a, 2: binary b (rust.type = 'Vec<u8>'), 3: A2 c (rust.type = 'Arc') } struct A2 {}",
    ),
    Fine("enum E { A (rust.name = 'Z') } (rust.derive = 'a::B, C', rust.attribute = 'c(d = \"e\")')"),
    Fine("struct A { 1: i32 a (pilota.rust_type = 'unheard of', go.tag = 'x', pilota.name = 'b') }"),
    Fine("typedef string T struct A { 1: T a (rust.type = 'String') } (rust.unknown_fields = 'true')"),
    Refused("struct A { 1: i32 a (rust.type = 'String') }", "1:19: String is no type for `a`, which is i32"),
    Refused("struct A { 1: list<i32> a (rust.type = 'BTreeMap') }", "1:25: a B-tree is no type for `a`"),
    Refused("struct A { 1: string a (rust.type = 'Vec<u8>') }", "1:22: Vec<u8> is no type for `a`"),
    Refused("struct A { 1: i32 a (rust.type = 'u32') }", "1:22: there is no choice of the type `u32`"),
    Refused("struct A { 1: i32 a (rust.nam = 'b') }", "1:22: there is no annotation `rust.nam`"),
    Refused("struct A { 1: i32 a (rust.name = '1b') }", "1:22: `1b` is no name in Rust"),
    Refused("struct A {} (rust.name = 'a-b')", "1:14: `a-b` is no name in Rust"),
    Refused("struct A {} (rust.name = '_')", "1:14: `_` is no name in Rust"),
    Refused(
        "struct A {} (rust.derive = 'A)] struct B; #[x(')",
        "1:14: `A)] struct B; #[x(` is not the path of a trait",
    ),
    Refused("struct A {} (rust.attribute = 'a] struct B; #[b')", "1:14: `a] struct B; #[b` is no attribute"),
    Refused("service S { void f() (rust.name = 'a b') }", "1:23: `a b` is no name in Rust"),
];

#[test]
fn annotations_for_the_generator_are_checked() {
    check(&FOLLOWED);
}

#[test]
fn annotations_are_kept_with_their_places_in_order() {
    let text = "namespace rs a (n = '0')
        struct A { 1: list<i32 (e = '1')> (t = '2') a (f = '3') } (x = '4', y, x = '5')
        service S { i32 (r = '6') f(1: i32 a (b = '7')) (c = '8') } enum E { A (d = '9') }
        typedef map<i32 (k = '10'), set<i32 (v = '11')>> T (w = '12')";
    let program = compile(text).program.unwrap();
    let own = program.files[0].annotations.as_ref();
    let all = own.into_iter().chain(program.definitions.iter().flat_map(|found| &found.annotations));
    let found: Vec<String> = all
        .map(|annotated| {
            let pairs = annotated.pairs.iter().map(|(key, value)| format!("{key}={value}"));
            format!("{}: {}", annotated.path, pairs.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let expected = [
        ": n=0",
        "A: x=4 y=1 x=5",
        "A.a: f=3",
        "A.a: t=2",
        "A.a.<element>: e=1",
        "S.f: c=8",
        "S.f.<result>: r=6",
        "S.f.a: b=7",
        "E.A: d=9",
        "T: w=12",
        "T.<key>: k=10",
        "T.<value>.<element>: v=11",
    ];
    assert_eq!(found, expected);
}

#[test]
fn namespaces_are_those_of_rust() {
    let table = [
        ("namespace rs a.b namespace rust c namespace * d", vec!["a", "b"]),
        ("namespace rs a namespace rs b", vec!["b"]),
        ("namespace rust c namespace * d", vec!["c"]),
        ("namespace * d namespace go e", vec!["d"]),
        ("namespace go e", vec!["main"]),
    ];
    for (text, expected) in table {
        assert_eq!(compile(text).program.unwrap().files[0].namespace, expected, "{text}");
    }
}

#[test]
fn hostile_nesting_is_refused_in_time() {
    for open in ["[", "{'a':", "[[", "{[1]:"] {
        let text = format!("const i32 A = {}", open.repeat(5_000));
        assert!(compile(text).error.contains("nest at most 256 deep"), "{open}");
    }
    let lists = format!("struct A {{ 1: {}i32{} a }}", "list<".repeat(200), ">".repeat(200));
    assert_eq!(compile(lists).error, "");
}
