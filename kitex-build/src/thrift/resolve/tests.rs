use crate::thrift::model::{Kind, Value};
use crate::thrift::testing::{assert_accepted, assert_refused, compile, compile_files};

#[test]
fn order_of_declaration_does_not_matter() {
    assert_accepted(&[
        "const S A = {'e': E.ONE} struct S { 1: E e = E.ONE } enum E { ONE = 1 }",
        "service V extends W { void f() throws (1: X x) } exception X {} service W {}",
        "const i32 A = B const i32 B = 1",
        "typedef A B typedef list<C> A struct C { 1: B b }",
        "enum E { A } const i32 E = 1 struct X {} const i32 X = 2",
    ]);
}

#[test]
fn names_that_mean_nothing_or_too_much_are_refused() {
    assert_refused(&[
        ("struct A { 1: Missing a }", "1:15: there is no type `Missing`"),
        ("struct A { 1: a.B a }", "1:15: there is no type `a.B`"),
        ("struct A {} enum A {}", "1:18: the type or service `A` is defined twice"),
        ("const i32 A = 1 const i64 A = 2", "1:27: the constant `A` is defined twice"),
        ("service V {} struct A { 1: V v }", "1:28: `V` is a service, not a type"),
        ("struct A {} service V extends A {}", "1:31: `A` is not a service"),
        ("struct A { 1: void a }", "1:15: `void` is the result of a function"),
        ("typedef void A", "1:9: `void` is the result of a function"),
        ("struct A { 1: list<void> a }", "1:20: `void` is the result of a function"),
        ("enum E { A, A }", "1:13: the value `A` is defined twice"),
        ("struct A { 1: i32 a, 1: i32 b }", "1:22: the id 1 is used twice"),
        ("struct A { 1: i32 a, 2: i32 a }", "1:29: the name `a` is used twice"),
        ("service V { void f() void f() }", "1:27: the function `f` is defined twice"),
        ("service V { void f(1: i32 a, 1: i32 b) }", "1:30: the id 1 is used twice"),
    ]);
}

#[test]
fn ids_are_checked() {
    assert_refused(&[
        ("struct A { i32 a }", "1:16: the field `a` has no id"),
        ("struct A { 32768: i32 a }", "1:12: the id 32768 is not in the range"),
        ("struct A { 4294967297: i32 a }", "1:12: the id 4294967297 is not in the range"),
        ("service V { void f(0: i32 a) }", "1:20: the id 0 is taken"),
        ("service V { void f() throws (0: X x) } exception X {}", "1:30: the id 0 is taken"),
    ]);
    assert_accepted(&["struct A { 0x10: i32 a, -5: i32 b, 010: i32 c }"]);
    assert_eq!(compile("struct A { -5: i32 b }").warnings.len(), 1);
}

#[test]
fn enums_number_themselves() {
    let program = compile("enum E { A, B = -2, C, D = 0x10, E, F = -0x1 }").program.unwrap();
    let Kind::Enum(values) = &program.definitions[0].kind else { panic!("not an enum") };
    assert_eq!(values.iter().map(|value| value.number).collect::<Vec<_>>(), [0, -2, -1, 16, 17, -1]);
    assert_refused(&[
        ("enum E { A = 2147483648 }", "1:14: 2147483648 does not fit into 32 bits"),
        ("enum E { A = 2147483647, B }", "1:26: 2147483648 does not fit into 32 bits"),
        ("enum E { A = 9223372036854775807, B }", "1:14: 9223372036854775807 does not fit"),
    ]);
    assert!(compile("enum E { A = 1, B = 1 }").warnings[0].contains("`B` and `A` are both 1"));
}

#[test]
fn services_follow_their_rules() {
    assert_refused(&[
        ("service V { oneway i32 f() }", "1:20: a oneway function returns `void`"),
        (
            "service V { oneway void f() throws (1: X x) } exception X {}",
            "1:42: a oneway function throws nothing",
        ),
        ("service V { void f() throws (1: X x) } struct X {}", "1:35: `X` is not an exception"),
        ("service V { void f() throws (1: i32 x) }", "1:37: `i32` is not an exception"),
        (
            "service V { void f() } service W extends V { void f() }",
            "1:51: the function `f` is inherited already",
        ),
        ("service V extends V {}", "1:9: this service extends itself"),
        ("service V extends W {} service W extends V {}", "1:9: this service extends itself"),
        ("service V { void f(1: i32 a) (streaming.mode = 'up') }", "1:31: there is no streaming mode `up`"),
        ("service V { void f() (streaming.mode = 'client') }", "1:23: a streaming function has exactly one"),
        (
            "service V { oneway void f(1: i32 a) (streaming.mode = 'client') }",
            "1:38: a oneway function cannot stream",
        ),
        (
            "service V { void f(1: i32 a) (streaming.mode = 'unary', streaming.mode = 'unary') }",
            "1:57: `streaming.mode` is given twice",
        ),
    ]);
    assert_accepted(&[
        "service V { oneway void f() throws () void g(1: i32 a) (streaming.mode = 'unary') }",
        "service V { void f() throws (1: T t) } typedef X T exception X {}",
        "service V { void f() throws (1: X a, 2: X success) void F() } exception X {}",
    ]);
}

#[test]
fn functions_that_stream_are_left_out() {
    let outcome =
        compile("service V { void f(1: i32 a = 1) (streaming.mode = 'client') void g(1: i32 a = 2) }");
    assert!(outcome.warnings[0].contains("`f` streams, which is not supported yet: it is left out"));
    let Kind::Service(service) = &outcome.program.unwrap().definitions[0].kind else { panic!("no service") };
    assert_eq!(service.methods.len(), 1);
    assert_eq!(service.methods[0].arguments[0].default, Some(Value::Integer(2)));
}

#[test]
fn nothing_contains_itself() {
    assert_refused(&[
        ("typedef T T", "1:11: this typedef leads back to itself"),
        ("typedef A B typedef B A", "1:11: this typedef leads back to itself"),
        ("typedef list<A> A", "1:17: this typedef leads back to itself"),
        ("const i32 A = A", "1:11: the value of this constant refers to itself"),
        (
            "const list<i32> A = [B] const i32 B = C const i32 C = B",
            "1:35: the value of this constant refers",
        ),
        ("struct A { 1: required A a }", "1:8: this struct requires itself"),
        ("struct A { 1: required B b } struct B { 1: required A a }", "1:8: this struct requires itself"),
        ("struct A { 1: A a = {} }", "1:8: the default value of this contains itself"),
        (
            "struct A { 1: B b = {} } struct B { 1: optional A a = {} }",
            "1:8: the default value of this contains",
        ),
        ("const A C = {} struct A { 1: list<A> l = [C] }", "1:9: the default value of this contains itself"),
    ]);
}

/// Which fields of the structs are behind a pointer, by name.
fn boxed(text: &str) -> Vec<String> {
    let program = compile(text).program.unwrap();
    let structs = program.definitions.iter().filter_map(|definition| match &definition.kind {
        Kind::Struct(found) => Some(&found.fields),
        _ => None,
    });
    structs.flatten().filter(|field| field.boxed).map(|field| field.name.text.clone()).collect()
}

#[test]
fn recursion_is_cut_where_a_value_may_be_absent() {
    assert_eq!(boxed("struct A { 1: optional A a, 2: list<A> b, 3: A c }"), ["a", "c"]);
    assert_eq!(boxed("struct A { 1: B b } struct B { 1: optional A a }"), ["a"]);
    assert_eq!(boxed("struct B { 1: optional A a } struct A { 1: B b }"), ["a"]);
    assert_eq!(boxed("struct A { 1: required B b } struct B { 1: A a }"), ["a"]);
    assert_eq!(boxed("union U { 1: U u, 2: i32 n }"), ["u"]);
    // One pointer a cycle, the same whatever is declared first.
    let one = "struct A { 1: optional B b }";
    let two = "struct B { 1: optional A a, 2: optional C c }";
    let three = "struct C { 1: optional A d, 2: optional B e, 3: optional D f } struct D {}";
    for order in [[one, two, three], [three, two, one], [two, one, three]] {
        let mut names = boxed(&order.join(" "));
        names.sort();
        assert_eq!(names, ["a", "d", "e"]);
    }
    assert_eq!(boxed("struct A { 1: optional B & b } struct B { 1: optional A a }"), ["b"]);
    assert_eq!(boxed("typedef A T struct A { 1: optional T a } struct B { 1: A a, 2: i32 & n }"), ["a", "n"]);
    assert_eq!(boxed("struct A { 1: map<string, A> m, 2: set<A> s }"), [""; 0]);
    assert_eq!(boxed("struct A { 1: B b } struct B { 1: A a }"), ["a"]);
    assert_eq!(boxed("struct B { 1: A a } struct A { 1: B b }"), ["a"]);
}

/// Three structs that hold each other in every way there is: without any one of the pointers a value would have no end.
#[test]
fn no_pointer_is_there_that_need_not_be() {
    for edges in 0_u32..512 {
        let held = |from: usize, to: usize| edges >> (from * 3 + to) & 1 == 1;
        let field = |from: usize, to: usize| {
            let optional = if (from * 3 + to) as u32 * edges % 7 < 3 { "optional " } else { "" };
            format!("{}: {optional}S{to} f{from}{to}, ", to + 1)
        };
        let fields = |from| (0..3).filter(|&to| held(from, to)).map(|to| field(from, to)).collect::<String>();
        let text: String = (0..3).map(|from| format!("struct S{from} {{ {} }} ", fields(from))).collect();
        let boxed = boxed(&text);
        let is_boxed = |from: usize, to: usize| boxed.contains(&format!("f{from}{to}"));
        let mut leads = [[false; 3]; 3];
        for _ in 0..3 {
            for (from, to) in (0..9).map(|edge| (edge / 3, edge % 3)) {
                let plain = held(from, to) && !is_boxed(from, to);
                leads[from][to] |= plain || (0..3).any(|by| leads[from][by] && leads[by][to]);
            }
        }
        for (from, to) in (0..9).map(|edge| (edge / 3, edge % 3)) {
            assert!(from != to || !leads[from][to], "{text} leads S{from} back to itself");
            assert!(
                !is_boxed(from, to) || from == to || leads[to][from],
                "{text} needs no box at f{from}{to}"
            );
        }
    }
}

#[test]
fn constants_fit_their_types() {
    assert_accepted(&[
        "const bool A = 1 const bool B = 7 const i8 C = true const double D = 3 const binary E = 'x'",
        "enum E { ONE = 1 } const E A = 1 const E B = E.ONE const i32 C = E.ONE typedef E T const E D = T.ONE",
        "enum E { ONE = 1 } const E A = E.ONE const E B = A const i64 C = B const E D = N const i32 N = 1",
        "const list<i32> A = [] const map<i32, i32> B = [] const set<i32> C = {} const list<i32> D = A",
        "const i32 A = 2 const list<i32> L = [A, 2] const map<i32, i32> M = {A: A} const i64 B = A",
        "typedef list<i32> L struct S { 1: L a = [1] } exception X { 1: i32 a } const X C = {'a': 1}",
        "const map<list<i32>, set<double>> A = {[1]: [0.5]} const uuid U = '{00112233-4455-6677-8899-aabbccddeeff}'",
        "const string S = '00112233-4455-6677-8899-aabbccddeeff' const uuid U = S const binary B = S",
    ]);
    assert_refused(&[
        ("const bool A = 1.0", "1:16: expected a value of type bool, found a double"),
        ("const i8 A = 128", "1:14: 128 does not fit into i8"),
        ("const i16 A = -32769", "1:15: -32769 does not fit into i16"),
        ("const i32 A = 2147483648", "1:15: 2147483648 does not fit into i32"),
        ("const i32 A = 1.5", "1:15: expected a value of type i32, found a double"),
        ("const i32 A = '1'", "1:15: expected a value of type i32, found a string"),
        ("const string A = 1", "1:18: expected a value of type string, found an integer"),
        ("const uuid A = 'x'", "1:16: this is not a UUID"),
        ("const list<i32> A = {1: 2}", "1:21: expected a value of type list<i32>, found a map"),
        ("const map<i32, i32> A = [1]", "1:25: expected a value of type map<i32, i32>, found a list"),
        ("const list<i32> A = 1", "1:21: expected a value of type list<i32>, found an integer"),
        ("const list<list<i8>> A = [[1], [300]]", "1:33: 300 does not fit into i8"),
        ("const map<i32, i32> A = {1: 1, 1: 2}", "1:32: this map has the key twice"),
        ("const i32 A = B", "1:15: there is no constant `B`"),
        (
            "const string A = 'x' const i32 B = A",
            "1:36: expected a value of type i32, found `A`, which is string",
        ),
        (
            "const list<i32> A = [1] const list<i64> B = A",
            "1:45: expected a value of type list<i64>, found `A`",
        ),
        ("const i8 A = B const i32 B = 300", "1:14: 300 does not fit into i8"),
    ]);
}

#[test]
fn enum_constants_are_named() {
    let enums = "enum E { ONE = 1, TWO } enum F { ONE = 7 } ";
    let refused = |text: &str, error: &str| {
        let found = compile(format!("{enums}{text}")).error;
        assert!(found.ends_with(error), "{text}: {found}");
    };
    refused("const E A = ONE", "`ONE` is a value of an enum and needs its name");
    refused("const E A = 9", "the enum E has no value 9");
    refused("const E A = E.THREE", "the enum E has no value `THREE`");
    refused("const F A = E.TWO", "expected a value of type F, found a value of the enum E");
    refused("const string A = E.ONE", "expected a value of type string, found a value of the enum E");
    refused("const E A = true", "expected a value of type E, found a bool");
    let outcome = compile(format!("{enums}const F A = E.ONE"));
    assert_eq!(outcome.error, "");
    assert!(outcome.warnings[0].contains("is taken as"));
}

#[test]
fn struct_constants_name_fields() {
    let structs = "struct S { 1: required i32 a, 2: string b } union U { 1: i32 a, 2: i32 b } ";
    let refused = |text: &str, error: &str| {
        let found = compile(format!("{structs}{text}")).error;
        assert!(found.contains(error), "{text}: {found}");
    };
    refused("const S A = {'c': 1}", "S has no field `c`");
    refused("const S A = {a: 1}", "the keys of a struct are the names of its fields");
    refused("const S A = {'a': 'x'}", "expected a value of type i32, found a string");
    refused("const S A = {'a': 1, 'a': 2}", "this field is given twice");
    refused("const S A = [1]", "expected a value of type S, found a list");
    refused("const U A = {}", "a union has exactly one member, this has 0");
    refused("const U A = {'a': 1, 'b': 2}", "a union has exactly one member, this has 2");
    assert!(compile(format!("{structs}const S A = {{}}")).warnings[0].contains("required field `a`"));
    assert_refused(&[("union U { 1: i32 a = 1, 2: i32 b = 2 }", "1:36: at most one member of a union")]);
}

#[test]
fn sets_lose_repeated_values() {
    let outcome = compile("const set<i32> A = [1, 2, 1]");
    assert_eq!(outcome.warnings.len(), 1);
    let Kind::Const(constant) = &outcome.program.unwrap().definitions[0].kind else {
        panic!("not a constant")
    };
    assert_eq!(constant.value, Value::List(vec![Value::Integer(1), Value::Integer(2)]));
}

#[test]
fn includes_are_one_step_away() {
    let shared: (&str, &[u8]) = ("a.b.thrift", b"namespace rs x struct B {} enum E { ONE } const i32 N = 1");
    let middle: (&str, &[u8]) = ("m.thrift", b"include 'a.b.thrift' struct M { 1: a.b.B b }");
    let main = |text: &'static [u8]| compile_files(&[("main.thrift", text), middle, shared]).error;
    assert_eq!(
        main(b"include 'a.b.thrift' include 'm.thrift' struct S { 1: a.b.B b, 2: a.b.E e = a.b.E.ONE }"),
        ""
    );
    assert_eq!(
        main(b"include 'a.b.thrift' include 'a.b.thrift' struct B { 1: a.b.B b } const i32 C = a.b.N"),
        ""
    );
    assert!(main(b"include 'm.thrift' struct S { 1: a.b.B b }").contains("there is no type `a.b.B`"));
    assert!(main(b"include 'm.thrift' struct S { 1: m.a.b.B b }").contains("there is no type"));
    assert!(main(b"include 'none.thrift'").contains("1:9: cannot find the included file `none.thrift`"));
    let bad: (&str, &[u8]) = ("bad.thrift", b"struct S { 1: Nothing n }");
    assert!(
        compile_files(&[("main.thrift", b"include 'bad.thrift'"), bad])
            .error
            .contains("1:15: there is no type")
    );
}

#[test]
fn include_cycles_are_refused() {
    let error =
        compile_files(&[("a.thrift", b"include 'b.thrift'"), ("b.thrift", b"include 'a.thrift'")]).error;
    assert_eq!(error, "1:9: files include each other in a circle");
    assert_eq!(compile("include 'main.thrift'").error, "1:9: files include each other in a circle");
}

#[test]
fn files_of_one_name_share_a_prefix() {
    let files = |text: &'static [u8]| {
        let x: (&str, &[u8]) = ("x/s.thrift", b"struct A {} struct X {}");
        let y: (&str, &[u8]) = ("y/s.thrift", b"struct A {} struct Y {}");
        compile_files(&[("main.thrift", text), x, y]).error
    };
    assert_eq!(files(b"include 'x/s.thrift' include 'y/s.thrift' struct S { 1: s.X x, 2: s.Y y }"), "");
    assert!(
        files(b"include 'x/s.thrift' include 'y/s.thrift' struct S { 1: s.A a }")
            .contains("`s.A` is ambiguous")
    );
}

#[test]
fn types_that_grow_without_measure_are_refused() {
    let mut text = "typedef i32 T0\n".to_owned();
    for at in 1..40 {
        text += &format!("typedef map<T{0}, T{0}> T{at}\n", at - 1);
    }
    assert!(compile(&text).error.contains("this type is too large"));
    let chain: String = (1..2000).map(|at| format!("typedef T{} T{at}\n", at - 1)).collect();
    assert!(compile(format!("typedef i32 T0\n{chain}")).error.contains("this type is too large"));
    let services: String = (1..2000).map(|at| format!("service S{at} extends S{} {{}}\n", at - 1)).collect();
    assert!(compile(format!("service S0 {{}}\n{services}")).error.contains("at most 64 services"));
}

#[test]
fn long_chains_of_constants_are_fine() {
    let chain: String = (1..20_000).map(|at| format!("const i32 C{} = C{at}\n", at - 1)).collect();
    assert_eq!(compile(format!("{chain}const i32 C19999 = 1")).error, "");
}
