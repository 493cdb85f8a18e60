//! Inputs that nobody means: whatever they are, the front end ends with a program or with errors.

use super::testing::{Outcome, compile, compile_files};
use crate::emit;

/// IDL files with every construct, and with names that Rust and the emitter use themselves.
const SAMPLES: [&str; 6] = [
    include_str!("../../tests/golden/echo.thrift"),
    include_str!("../../tests/golden/types.thrift"),
    include_str!("../../tests/golden/consts.thrift"),
    include_str!("../../tests/golden/names.thrift"),
    include_str!("../../tests/golden/docs.thrift"),
    "service A { oneway void f(1: i32 a) } service B extends A { A.x f() throws (1: X x), } const X y = {'a': z}",
];

/// What is put into samples: each changes how the text behind it is read.
const PIECES: [&str; 24] = [
    "/*", "*/", "//", "#", "\"", "'", "\\", "{", "}", "(", ")", "<", "[", ",", ";", ":", "=", "&", "-", ".",
    "\0", "é", "struct ", "0x",
];

/// Goes through the whole compiler.
fn survive(outcome: Outcome) {
    if let Some(program) = outcome.program {
        assert!(emit::emit(&program, &emit::Options::default(), None).text.starts_with(emit::MARK));
    }
}

#[test]
fn every_prefix_ends() {
    for sample in SAMPLES {
        for (at, _) in sample.char_indices() {
            survive(compile(&sample[..at]));
        }
    }
}

#[test]
fn every_byte_lost_ends() {
    for sample in SAMPLES {
        for at in 0..sample.len() {
            let mut bytes = sample.as_bytes().to_vec();
            bytes.remove(at);
            survive(compile(bytes));
        }
    }
}

/// A sequence that looks random and is the same in every run.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn mutations_end() {
    let mut state = 1;
    for round in 0..6_000 {
        let sample = SAMPLES[round % SAMPLES.len()];
        let mut bytes = sample.as_bytes().to_vec();
        for _ in 0..=next(&mut state) % 4 {
            let at = next(&mut state) % bytes.len();
            match next(&mut state) % 4 {
                0 => bytes[at] = (next(&mut state) % 256) as u8,
                1 => drop(bytes.splice(at..at, PIECES[next(&mut state) % PIECES.len()].bytes())),
                2 => {
                    let end = (at + next(&mut state) % 40).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    let to = next(&mut state) % bytes.len();
                    bytes.splice(to..to, piece);
                }
                _ => drop(bytes.drain(at..(at + next(&mut state) % 40).min(bytes.len() - 1).max(at))),
            }
        }
        survive(compile(bytes));
    }
}

#[test]
fn tokens_in_any_order_end() {
    let words: Vec<&str> = SAMPLES.iter().flat_map(|sample| sample.split_inclusive(' ')).collect();
    let mut state = 7;
    for _ in 0..3_000 {
        let text: String = (0..30).map(|_| words[next(&mut state) % words.len()]).collect();
        survive(compile(text));
    }
}

#[test]
fn large_inputs_take_time_in_proportion() {
    // Each would take hours if anything were quadratic.
    let repeated = |piece: &str| piece.repeat(400_000 / piece.len());
    let pieces = [
        "/***/",
        "\"",
        "'\n",
        "\\\n\"",
        "(",
        "[",
        "{",
        "struct A {",
        "/** a */ /* b */",
        "a.",
        "-",
        "1 ",
        "é",
    ];
    for piece in pieces {
        survive(compile(repeated(piece)));
        survive(compile(format!("struct A {{ 1: i32 a {}", repeated(piece))));
    }
    let structs: String =
        (0..5_000).map(|at| format!("struct S{at} {{ 1: optional S{} s }}\n", at + 1)).collect();
    survive(compile(format!("{structs}struct S5000 {{}}")));
    let values: String = (0..20_000).map(|at| format!("a{at} = {at},")).collect();
    survive(compile(format!("enum E {{ {values} }}")));
    let clashes: String =
        (0..5_000).map(|at| format!("{}: i32 a{}b\n", at + 1, "_".repeat(at % 400))).collect();
    survive(compile(format!("struct A {{ {clashes} }}")));
}

#[test]
fn as_many_names_may_be_used_as_are_declared() {
    const MANY: usize = 30_000;
    let all = |piece: &dyn Fn(usize) -> String| (0..MANY).map(piece).collect::<String>();
    let values = all(&|at| format!("V{at} = {at},"));
    let uses = all(&|at| format!("E.V{at}, {at},"));
    survive(compile(format!("enum E {{ {values} }} const list<E> L = [{uses}]")));
    let fields = all(&|at| format!("{}: i32 f{at}\n", at + 1));
    let members = all(&|at| format!("'f{at}': {at},"));
    survive(compile(format!("struct S {{ {fields} }} const S L = {{ {members} }}")));
    let wrong = all(&|at| format!("struct S{at} {{ 1: Nobody{at} a, 2: i32 b = E.V{at} }}\n"));
    assert_eq!(compile(format!("{wrong} enum E {{}}")).errors, crate::report::KEPT);
}

#[test]
fn long_chains_of_files_end() {
    let names: Vec<String> = (0..3_000).map(|at| format!("f{at}.thrift")).collect();
    let texts: Vec<String> = (1..3_000).map(|at| format!("include 'f{at}.thrift'")).collect();
    let mut files: Vec<(&str, &[u8])> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    files.push((&names[2_999], b"struct A {}"));
    assert_eq!(compile_files(&files).error, "");
    files.pop();
    files.push((&names[2_999], b"include 'f0.thrift'"));
    assert!(compile_files(&files).error.contains("in a circle"));
}

#[test]
fn little_input_cannot_ask_for_endless_output() {
    let constants: String = (1..60)
        .map(|at| {
            format!("const {1}double{2} A{at} = [A{0}, A{0}]\n", at - 1, "list<".repeat(at), ">".repeat(at))
        })
        .collect();
    assert!(compile(format!("const double A0 = 1 {constants}")).error.contains("too many values"));
    let services: String = (0..3_000).map(|at| format!("service S{at} extends Base {{}}\n")).collect();
    let methods: String = (0..100).map(|at| format!("void f{at}()\n")).collect();
    assert!(compile(format!("service Base {{ {methods} }} {services}")).error.contains("too many methods"));
    let lists = format!("{}i32{}", "list<".repeat(200), ">".repeat(200));
    let fields: String = (1..200).map(|at| format!("{at}: {lists} f{at}\n")).collect();
    assert!(compile(format!("struct A {{ {fields} }}")).error.contains("too many types"));
    let pairs: String = (1..9).map(|at| format!("typedef map<T{0}, T{0}> T{at}\n", at - 1)).collect();
    let fields: String = (1..5_000).map(|at| format!("{at}: T8 f{at}\n")).collect();
    let text = format!("typedef double T0 {pairs} struct A {{ {fields} }}");
    assert!(compile(text).error.contains("too many types"));
}

#[test]
fn constants_of_constants_are_told_apart_whatever_their_number() {
    let structs: String =
        (1..20_000).map(|at| format!("const S A{at} = {{'l': [A{}, A{}]}}\n", at - 1, at - 1)).collect();
    let text =
        format!("struct S {{ 1: list<S> l }} const S A0 = {{}} {structs} const set<S> ALL = [A9999, A19999]");
    assert!(compile(text).error.contains("too many values in constants"));
}
