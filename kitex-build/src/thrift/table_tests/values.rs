//! Constants and defaults.

use super::{Case, Fine, Lint, Only, Refused, check};
use crate::dialect::Dialect;
use crate::thrift::model::{Kind, Value};
use crate::thrift::testing::compile;

const SCALARS: [Case; 30] = [
    Fine("const bool A = true const bool B = false const bool C = 0 const bool D = 1"),
    Lint("const bool A = 2", "bool-number"),
    Lint("const bool A = -1", "bool-number"),
    Refused("const bool A = 1.0", "1:16: expected a value of type bool, found a double"),
    Refused("const bool A = 'true'", "1:16: expected a value of type bool, found a string"),
    Lint("const i32 A = true", "number-bool"),
    Lint("const i8 A = false", "number-bool"),
    Fine("const i8 A = 127 const i8 B = -128 const i16 C = 32767 const i32 D = -2147483648"),
    Refused("const i8 A = 128", "1:14: 128 does not fit into i8"),
    Refused("const byte A = -129", "1:16: -129 does not fit into i8"),
    Refused("const i16 A = 32768", "1:15: 32768 does not fit into i16"),
    Refused("const i32 A = 2147483648", "1:15: 2147483648 does not fit into i32"),
    Refused("struct S { 1: i8 a = 300 }", "1:22: 300 does not fit into i8"),
    Refused("service V { void f(1: i8 a = 300) }", "1:30: 300 does not fit into i8"),
    Refused("const i32 A = 1.0", "1:15: expected a value of type i32, found a double"),
    Refused("const i32 A = '1'", "1:15: expected a value of type i32, found a string"),
    Fine("const double A = 1 const double B = 1.5 const double C = -0.0"),
    Refused("const double A = '1'", "1:18: expected a value of type double, found a string"),
    Refused("const string A = 1", "1:18: expected a value of type string, found an integer"),
    Refused("const string A = true", "1:18: expected a value of type string, found a bool"),
    Fine("const binary A = 'text'"),
    Refused("const binary A = 1", "1:18: expected a value of type binary, found an integer"),
    Fine("const uuid A = '00112233-4455-6677-8899-aAbBcCdDeEfF'"),
    Fine("const uuid A = '{00112233-4455-6677-8899-aabbccddeeff}'"),
    Refused("const uuid A = '00112233445566778899aabbccddeeff'", "1:16: this is not a UUID"),
    Refused("const uuid A = '{00112233-4455-6677-8899-aabbccddeeff'", "1:16: this is not a UUID"),
    Refused("const uuid A = '00112233-4455-6677-8899-aabbccddeefg'", "1:16: this is not a UUID"),
    Refused("const void A = 1", "1:7: `void` is the result of a function"),
    Refused("service V {} const V A = 1", "1:20: `V` is a service, not a type"),
    Refused("const Missing A = 1", "1:7: there is no type `Missing`"),
];

const ENUMS: [Case; 15] = [
    Fine(
        "enum E { ONE = 1 } const E A = E.ONE const E B = 1 const i32 C = E.ONE const E D = A const i64 F = A",
    ),
    Fine("enum E { ONE = 1 } typedef E T const E A = T.ONE const T B = E.ONE"),
    Refused("enum E { ONE } const E A = ONE", "1:28: `ONE` is a value of an enum and needs its name"),
    Only(Dialect::Thriftgo, "enum E { ONE } const E A = 9", "1:28: the enum E has no value 9"),
    Refused("enum E { ONE } const E A = 4294967296", "1:28: the enum E has no value 4294967296"),
    Refused("enum E { ONE } const E A = E.TWO", "1:28: the enum E has no value `TWO`"),
    Lint("enum E { ONE = 1 } enum F { ONE = 7 } const F A = E.ONE", "foreign-enum-value"),
    Refused(
        "enum E { ONE } enum F { TWO } const F A = E.ONE",
        "1:43: expected a value of type F, found a value",
    ),
    Refused(
        "enum E { ONE } const string A = E.ONE",
        "1:33: expected a value of type string, found a value of the enum",
    ),
    Refused("enum E { ONE } const E A = true", "1:28: expected a value of type E, found a bool"),
    Refused("enum E { ONE } const E A = 'ONE'", "1:28: expected a value of type E, found a string"),
    Refused("enum E { ONE = 300 } const i8 A = E.ONE", "1:35: 300 does not fit into i8"),
    Refused(
        "enum E { ONE } enum F { ONE } const F A = B const E B = E.ONE",
        "1:43: expected a value of type F",
    ),
    Fine("enum E { A } struct S { 1: E e = E.A, 2: list<E> l = [E.A, 0] } const map<E, E> M = {E.A: 0}"),
    Refused("const i32 A = E.ONE", "1:15: there is no constant `E.ONE`"),
];

const REFERENCES: [Case; 13] = [
    Fine("const i32 A = 1 const i64 B = A const double C = A const bool D = A"),
    Fine("const string A = 'x' const string B = A const binary C = A const string D = B"),
    Fine(
        "const list<i32> A = [1] const list<i32> B = A struct S { 1: list<i32> l = A } typedef list<i32> L const L C = A",
    ),
    Fine(
        "const map<string, i32> A = {'a': 1} const map<string, i32> B = A const set<i32> C = [1] const set<i32> D = C",
    ),
    Fine("const S A = {'a': 1} const S B = A struct S { 1: i32 a } struct T { 1: S s = A }"),
    Fine("const i32 A = 2 const string K = 'k' const list<i32> L = [A, 2] const map<string, i32> M = {K: A}"),
    Refused("const i32 A = A", "1:11: the value of this constant refers to itself"),
    Refused("const i32 A = B const i32 B = A", "1:11: the value of this constant refers to itself"),
    Refused("const i32 A = Missing", "1:15: there is no constant `Missing`"),
    Refused(
        "const string A = 'x' const i32 B = A",
        "1:36: expected a value of type i32, found `A`, which is string",
    ),
    Refused("const double A = 1.5 const i32 B = A", "1:36: expected a value of type i32, found a double"),
    Refused(
        "const list<i32> A = [1] const list<i64> B = A",
        "1:45: expected a value of type list<i64>, found `A`",
    ),
    Refused("const i32 A = 300 const i8 B = A", "1:32: 300 does not fit into i8"),
];

const CONTAINERS: [Case; 16] = [
    Fine("const list<i32> A = [1,2;3 4] const map<i32, i32> B = {1: 2, 3: 4; 5: 6 7: 8}"),
    Fine("const list<i32> A = {} const set<i32> B = {} const map<i32, i32> C = []"),
    Fine("typedef list<i32> L struct S { 1: L a = [1] }"),
    Fine("const set<list<i32>> A = [[1], []] const map<map<i8, i8>, set<double>> B = {{1: 2}: [0.5]}"),
    Fine("const map<S, i32> A = {{'a': 1}: 2} struct S { 1: i32 a }"),
    Refused("const map<i32, i32> A = [1]", "1:25: expected a value of type map<i32, i32>, found a list"),
    Refused("const list<i32> A = {1: 2}", "1:21: expected a value of type list<i32>, found a map"),
    Refused("const set<i32> A = {1: 2}", "1:20: expected a value of type set<i32>, found a map"),
    Refused("const list<i32> A = 1", "1:21: expected a value of type list<i32>, found an integer"),
    Refused("const list<list<i8>> A = [[1], [300]]", "1:33: 300 does not fit into i8"),
    Refused("const map<string, i32> A = {1: 1}", "1:29: expected a value of type string, found an integer"),
    Lint("const set<i32> A = [1, 2, 1]", "repeated-element"),
    Lint("const string A = 'x' const set<string> B = [A, 'x']", "repeated-element"),
    Refused("const map<i32, i32> A = {1: 1, 1: 2}", "1:32: this map has the key twice"),
    Refused(
        "const string A = 'x' const map<string, i32> B = {A: 1, 'x': 2}",
        "1:56: this map has the key twice",
    ),
    Refused("const list<i32> A = [1,,2]", "1:24: expected a value, found `,`"),
];

/// What is one value at run time, however it is written.
const REPEATED: [Case; 13] = [
    Lint("const list<i32> L = [1] const set<list<i32>> S = [L, [1]]", "repeated-element"),
    Lint("const set<set<i32>> S = [[1, 2], [2, 1]]", "repeated-element"),
    Lint("struct P { 1: i32 a } const P O = {'a': 1} const set<P> S = [{'a': 1}, O]", "repeated-element"),
    Fine("const set<double> S = [0.0, -0.0] const set<list<i32>> L = [[1, 2], [2, 1], [2], []]"),
    Fine("struct P { 1: i32 a, 2: i32 b } const set<P> S = [{'a': 1}, {'b': 1}, {'a': 1, 'b': 1}]"),
    Fine("union U { 1: i32 a, 2: i32 b } const set<U> S = [{'a': 1}, {'b': 1}]"),
    Fine("enum E { A = 1, B = 2 } const E C = E.A const set<E> S = [C, E.B]"),
    Refused(
        "enum E { A = 1, B = 1 } const map<E, i32> M = {E.A: 1, E.B: 2}",
        "1:56: this map has the key twice",
    ),
    Refused(
        "const list<i32> L = [1] const map<list<i32>, i32> M = {L: 1, [1]: 2}",
        "1:62: this map has the key twice",
    ),
    Refused("const map<set<i8>, i8> M = {[1, 2]: 1, [2, 1]: 2}", "1:40: this map has the key twice"),
    Refused(
        "const map<map<i8, i8>, i8> M = {{1: 1, 2: 2}: 1, {2: 2, 1: 1}: 2}",
        "1:50: this map has the key twice",
    ),
    Refused(
        "const binary B = 'x' const map<binary, i32> M = {B: 1, '\\x78': 2}",
        "1:56: this map has the key twice",
    ),
    Refused("const map<double, i32> M = {1: 1, 1.0: 2}", "1:35: this map has the key twice"),
];

const STRUCTS: [Case; 14] = [
    Fine("struct S { 1: i32 a, 2: string b = 'x' } const S A = {'a': 1} const S B = {}"),
    Fine("exception X { 1: i32 a } const X A = {'a': 1}"),
    Fine("union U { 1: i32 a, 2: string b } const U A = {'b': 'x'} struct S { 1: U u = {'a': 1} }"),
    Fine("struct S { 1: S2 s } struct S2 { 1: list<i32> l } const S A = {'s': {'l': [1]}}"),
    Lint("struct S { 1: required i32 a } const S A = {}", "missing-required"),
    Refused(
        "struct S { 1: i32 a } const S A = {a: 1}",
        "1:36: the keys of a struct are the names of its fields",
    ),
    Refused("struct S { 1: i32 a } const S A = {'b': 1}", "1:36: S has no field `b`"),
    Refused(
        "struct S { 1: i32 a } const S A = {'a': 'x'}",
        "1:41: expected a value of type i32, found a string",
    ),
    Refused("struct S { 1: i32 a } const S A = [1]", "1:35: expected a value of type S, found a list"),
    Refused("struct S { 1: i32 a } const S A = 1", "1:35: expected a value of type S, found an integer"),
    Refused("struct S { 1: i32 a } const S A = {'a': 1, 'a': 2}", "1:44: this field is given twice"),
    Refused("union U { 1: i32 a } const U A = {}", "1:34: a union has exactly one member, this has 0"),
    Refused(
        "union U { 1: i32 a, 2: i32 b } const U A = {'a': 1, 'b': 2}",
        "1:44: a union has exactly one member, this has 2",
    ),
    Refused(
        "struct S { 1: i32 a } const S A = {1: 1}",
        "1:36: the keys of a struct are the names of its fields",
    ),
];

#[test]
fn rules_of_values_hold() {
    check(&SCALARS);
    check(&ENUMS);
    check(&REFERENCES);
    check(&CONTAINERS);
    check(&REPEATED);
    check(&STRUCTS);
}

/// The value of the first definition, a constant.
fn value(text: &str) -> Value {
    match compile(text).program.unwrap().definitions.remove(0).kind {
        Kind::Const(constant) => constant.value,
        other => panic!("no constant: {other:?}"),
    }
}

#[test]
fn values_are_what_is_written() {
    assert_eq!(value("const bool A = -1"), Value::Bool(true));
    assert_eq!(value("const i32 A = true"), Value::Integer(1));
    assert_eq!(value("const double A = 1e10"), Value::Double(1e10));
    assert_eq!(value("const double A = 9223372036854775816.43"), Value::Double(9_223_372_036_854_775_816.43));
    assert_eq!(value("const double A = 7"), Value::Double(7.0));
    assert_eq!(value(r#"const binary A = "\xff\u4e2d""#), Value::Bytes(b"\xff\xe4\xb8\xad".to_vec()));
    assert_eq!(value("const i32 A = E.B enum E { A = 5, B }"), Value::Integer(6));
    assert_eq!(value("const F A = E.X enum E { X = 1 } enum F { Y, X }"), Value::Enum(2, 1));
    let Value::Double(zero) = value("const double A = -0.0") else { panic!("no double") };
    assert!(zero.is_sign_negative());
}
