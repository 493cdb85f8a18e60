//! Every row of the language's reference has a reviewed input that touches it: `reference.txt` says which, and where.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::HashSet;
use std::path::Path;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

struct Row<'a> {
    id: &'a str,
    /// Files, and texts that stand in them.
    places: Vec<(&'a str, String)>,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line| {
        let mut parts = str::split(line, " | ");
        let id = parts.next().unwrap();
        assert!(parts.next().is_some_and(|about| !about.is_empty()), "{id} does not say what it is about");
        Row { id, places: parts.map(|part| part.split_once(" ~").unwrap()).map(place).collect() }
    };
    lines.map(row).collect()
}

fn place<'a>((file, text): (&'a str, &'a str)) -> (&'a str, String) {
    (file, unescaped(text.strip_prefix(' ').unwrap_or(text)))
}

/// `\n`, `\r`, `\t`, `\\` and `\u{…}` as what they mean.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let letter = after.chars().next().unwrap();
        rest = &after[1..];
        match letter {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (code, after) = rest.strip_prefix('{').unwrap().split_once('}').unwrap();
                out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
                rest = after;
            }
            other => out.push(other),
        }
    }
    out + rest
}

/// The input that a file belongs to: itself, or what its output or report is of.
fn input(file: &str) -> String {
    Path::new(file).with_extension("thrift").to_str().unwrap().to_owned()
}

fn text_of(file: &str) -> String {
    let bytes = std::fs::read(format!("{DIRECTORY}/{file}")).map_err(|error| format!("{file}: {error}"));
    String::from_utf8_lossy(&bytes.unwrap()).into_owned()
}

/// The inputs of a directory, with its name.
fn inputs(directory: &str) -> Vec<String> {
    let files = std::fs::read_dir(format!("{DIRECTORY}/{directory}")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".thrift")).map(|name| format!("{directory}/{name}")).collect()
}

#[test]
fn every_row_of_the_reference_is_touched() {
    let text = text_of("reference.txt");
    let rows = rows(&text);
    assert_eq!(rows.len(), ROWS, "a row of the reference stays for good");
    let mut seen = HashSet::new();
    for Row { id, places } in &rows {
        assert!(seen.insert(id), "{id} stands there twice");
        assert!(!places.is_empty(), "no input touches row {id}");
        for (file, text) in places {
            let found = text_of(file);
            let there = if text.is_empty() { found.is_empty() } else { found.contains(text.as_str()) };
            assert!(there, "{id}: {text:?} is not in {file}");
        }
    }
}

/// How many rows the reference has.
const ROWS: usize = 281;

#[test]
fn every_reviewed_input_is_of_a_row() {
    let text = text_of("reference.txt");
    let named: HashSet<String> =
        rows(&text).iter().flat_map(|row| &row.places).map(|(file, _)| input(file)).collect();
    let all: Vec<String> = [inputs("golden"), inputs("errors")].concat();
    let without: Vec<&String> = all.iter().filter(|input| !named.contains(*input)).collect();
    assert!(without.is_empty(), "no row names {without:?}");
    assert!(inputs("golden").len() >= 30 && inputs("errors").len() >= 40);
}
