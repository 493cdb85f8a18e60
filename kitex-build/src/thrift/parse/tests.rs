use crate::thrift::model::Kind;
use crate::thrift::testing::{assert_accepted, assert_refused, compile};

/// The value of the text constant `A`.
fn text(literal: &str) -> String {
    let outcome = compile(format!("const string A = {literal}"));
    assert_eq!(outcome.error, "", "{literal}");
    match &outcome.program.unwrap().definitions[0].kind {
        Kind::Const(constant) => match &constant.value {
            crate::thrift::model::Value::Text(text) => text.clone(),
            other => panic!("not text: {other:?}"),
        },
        other => panic!("not a constant: {other:?}"),
    }
}

#[test]
fn escapes_are_decoded() {
    let table = [
        (r#""\n\r\t\\\"\'""#, "\n\r\t\\\"'"),
        (r#""x\\""#, "x\\"),
        (r#"'say "hi"'"#, "say \"hi\""),
        (r#""\x41\u4e2d\u{1f600}""#, "A中😀"),
        ("\"\ta\"", "\ta"),
        ("''", ""),
    ];
    for (literal, expected) in table {
        assert_eq!(text(literal), expected, "{literal}");
    }
}

#[test]
fn bad_strings_are_refused() {
    assert_refused(&[
        (r#"const string A = "a\qb""#, "1:20: unknown escape"),
        (r#"const string A = "\0""#, "1:19: unknown escape"),
        (r#"const string A = "\x4""#, "1:19: unknown escape"),
        (r#"const string A = "\ud800""#, "1:19: unknown escape"),
        (r#"const string A = "\u{}""#, "1:19: unknown escape"),
        (r#"const string A = "\xff""#, "1:18: a string is UTF-8"),
        ("const string A = \"a\nb\"", "1:18: this string runs over the end of the line"),
        ("const string A = \"a\" \"b\"", "1:22: expected a definition"),
        ("include \"\"", "1:9: an include needs the path"),
    ]);
}

#[test]
fn every_construct_is_accepted() {
    assert_accepted(&[
        "cpp_include \"x.h\" namespace py.twisted a.b namespace * c (x = 'y'); namespace rs service.type.struct",
        "const i32 A = 1 (a = 'b') ; (c = 'd') const list<i32> L = [1,2;3 4]",
        "typedef i32 (x = '1') A (y), typedef A B; typedef list cpp_type 'x' <i32> cpp_type 'y' C",
        "enum E { A (x='y'), B = 2 (z='1'); C } (k)",
        "struct S xsd_all { 1: i32 a = 5 xsd_optional xsd_nillable xsd_attrs { 1: i32 x } (q) } ()",
        "struct S { 1: i32 & a, 2: map<string (a='1'), i32 (b='2')> (c='3') y (e='f',) }",
        "struct S { 1: T (a = 'b') x } struct T {}",
        "union U {} exception X {} service V {} enum E {} struct S {}",
        "service V { async void f() oneway void g(), i32 (x) h() throws () (y); void i(1: i32 a,;) }"
            .replace(",;", ",")
            .as_str(),
        "struct S { 1: i32 a (multi = 'line\nvalue') }",
    ]);
}

#[test]
fn keywords_are_names_where_a_name_stands() {
    assert_accepted(&[
        "struct S { 1: i32 list, 2: string string, 3: bool struct, 4: i32 required, 5: i32 void, 6: i32 oneway }",
        "struct struct { 1: i32 a } enum enum { service, const } const i32 namespace = 1",
        "typedef i32 optionalX struct S { 1: optionalX a, 2: optional optionalX b }",
        "service service { void oneway() oneway void async(1: i32 throws) } exception throws {}",
        "struct S { 1: i32 a (list = '1', true_ = '2') }",
    ]);
    assert_refused(&[
        ("struct S { 1: i32 true }", "1:19: expected the name of the field, found `true`"),
        ("const i32 false = 1", "1:11: expected the name of the constant, found `false`"),
    ]);
}

#[test]
fn wrong_grammar_is_refused_where_it_is() {
    assert_refused(&[
        ("structA {}", "1:1: expected a definition"),
        ("struct A {};", "1:12: no separator stands between definitions"),
        ("struct A { 1: i32 a,, 2: i32 b }", "1:21: expected a field or `}`, found `,`"),
        ("struct A { , 1: i32 a }", "1:12: expected a field or `}`, found `,`"),
        ("struct A { required 1: i32 a }", "1:21: expected a type, found `1`"),
        ("struct A { 1: i32 a (x='1') = 5 }", "1:29: expected a field or `}`, found `=`"),
        ("struct A { 1: i32 a", "1:20: expected a field or `}`, found the end of the file"),
        ("struct A.B {}", "1:8: `A.B` is declared here"),
        ("struct A { 1: i32 a.b }", "1:19: `a.b` is declared here"),
        ("enum E { A.B = 1 }", "1:10: `A.B` is declared here"),
        ("enum E { A = X }", "1:14: expected the value's number, found `X`"),
        ("enum E { A = true }", "1:14: expected the value's number, found `true`"),
        (
            "struct A { 1: map<i32; i32> a }",
            "1:22: expected `,` between the types of key and value, found `;`",
        ),
        ("typedef list L", "1:9: `list` needs the type of its elements"),
        ("service V { f() }", "1:17: expected the name of the function, found `}`"),
        ("service V { void f() throws X }", "1:29: expected `(` and the exceptions, found `X`"),
        ("service V { 1: void f() }", "1:13: expected a function's return type or `}`, found `1`"),
        ("service V extends A, B {}", "1:20: expected `{` and the functions, found `,`"),
        ("struct A { 1: i32 a (x = 1) }", "1:26: expected a string as the annotation's value, found `1`"),
        (
            "struct A { 1: i32 a ('x' = '1') }",
            "1:22: expected the key of an annotation or `)`, found a string",
        ),
        ("struct A { 1: i32 a (x) (y) }", "1:25: expected a field or `}`, found `(`"),
        ("struct A {} namespace rs a", "1:13: headers stand before all definitions"),
        ("senum E {}", "1:1: `senum` belongs to another dialect"),
        ("@A struct B {}", "1:1: `@` belongs to another dialect"),
        ("service V { stream<i32> f() }", "1:13: there is no type `stream`"),
        ("const map<i32, i32> M = {1: }", "1:29: expected a value, found `}`"),
        ("const map<i32, i32> M = {1}", "1:27: expected `:` between key and value, found `}`"),
    ]);
}

#[test]
fn several_errors_are_found_in_one_run() {
    let outcome = compile("struct A { oops }\nstruct B { 1: i32 a }\nenum C { = }\nconst X = 1\n");
    assert_eq!(outcome.errors, 3);
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("const i32 A = {}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(compile(nested(100_000)).error.contains("nest at most 256 deep"));
    let types =
        |depth: usize| format!("struct A {{ 1: {}i32{} a }}", "list<".repeat(depth), ">".repeat(depth));
    assert_eq!(compile(types(200)).error, "");
    assert!(compile(types(100_000)).error.contains("nest at most 256 deep"));
    let attributes = "1: i32 a xsd_attrs {".repeat(100_000);
    assert!(compile(format!("struct A {{ {attributes}")).error.contains("nest at most 256 deep"));
}

/// The docs of the fields of the first definition.
fn docs(text: &str) -> Vec<Option<String>> {
    let outcome = compile(text);
    assert_eq!(outcome.error, "", "{text}");
    match outcome.program.unwrap().definitions.remove(0).kind {
        Kind::Struct(found) => found.fields.into_iter().map(|field| field.doc).collect(),
        other => panic!("not a struct: {other:?}"),
    }
}

#[test]
fn comments_document_what_they_stand_at() {
    let table: [(&str, &[Option<&str>]); 8] = [
        ("struct A { /** x */ 1: i32 a }", &[Some("x")]),
        ("struct A { 1: i32 a // x\n 2: i32 b }", &[Some("x"), None]),
        ("struct A { 1: i32 a /** y */ 2: i32 b }", &[None, Some("y")]),
        ("struct A { 1: i32 a /** x */\n 2: i32 b }", &[Some("x"), None]),
        ("struct A { // not a\n 1: i32 a }", &[None]),
        ("struct A { /// x\n /// y\n 1: i32 a, # not this\n }", &[Some("x\ny")]),
        ("struct A { /** x */ /** y */ 1: i32 a }", &[Some("y")]),
        ("struct A { // x\n 1: i32 a\n // y\n }", &[None]),
    ];
    for (text, expected) in table {
        let found = docs(text);
        let found: Vec<Option<&str>> = found.iter().map(Option::as_deref).collect();
        assert_eq!(found, expected, "{text:?}");
    }
}
