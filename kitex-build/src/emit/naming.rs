//! IDL names to Rust names: the case that Rust wants, keywords escaped, collisions numbered.

use std::collections::HashMap;

/// Keywords that `r#` makes into names.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];
/// Keywords that nothing makes into names.
const FIXED: [&str; 4] = ["self", "Self", "super", "crate"];

/// The cases of Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Types and variants.
    Camel,
    /// Fields, functions, modules.
    Snake,
    /// Constants.
    Upper,
    /// As the IDL has it: the values of enums.
    Kept,
}

/// A name in Rust's case. Underscores at its ends are dropped and several count as one; what would begin
/// with a digit gets an underscore in front.
pub(crate) fn cased(name: &str, case: Case) -> String {
    if case == Case::Kept || (case == Case::Camel && is_camel(name)) {
        return name.to_owned();
    }
    let words = words(name);
    let text = match case {
        Case::Camel => words.iter().map(|word| capitalized(word)).collect::<String>(),
        Case::Upper => words.join("_").to_ascii_uppercase(),
        _ => words.join("_").to_ascii_lowercase(),
    };
    match text.chars().next() {
        None => cased("underscore", case),
        Some(first) if first.is_ascii_digit() => format!("_{text}"),
        Some(_) => text,
    }
}

/// Names that are fine as they are: `User`, `UserID`, `HTTPServer2`, `Ab`; not `HTTP` or `FOO_BAR`.
fn is_camel(name: &str) -> bool {
    let upper = name.starts_with(|first: char| first.is_ascii_uppercase());
    let mixed = name.len() <= 2 || name.contains(|letter: char| letter.is_ascii_lowercase());
    upper && mixed && name.chars().all(|letter| letter.is_ascii_alphanumeric())
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect()
}

/// `HTTPServer2_url` is `HTTP Server2 url`.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let rises = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                !before.is_ascii_uppercase() || after.is_some_and(|after| after.is_ascii_lowercase())
            });
        if letter == '_' || rises {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), letter != '_') {
            word.push(letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The name as Rust accepts it.
fn escaped(name: &str) -> String {
    if FIXED.contains(&name) || name == "_" {
        format!("{name}_")
    } else if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// The names that are taken in one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// By name, the number that was tried last.
    taken: HashMap<String, usize>,
}

impl Scope {
    /// Names that generated code uses itself.
    pub(crate) fn reserving(names: &[&str]) -> Scope {
        Scope { taken: names.iter().map(|name| ((*name).to_owned(), 1)).collect() }
    }

    /// A name of its own: who comes first keeps the plain one.
    pub(crate) fn claim(&mut self, name: &str, case: Case) -> String {
        let base = cased(name, case);
        let plain = escaped(&base);
        let Some(&last) = self.taken.get(&plain) else {
            self.taken.insert(plain.clone(), 1);
            return plain;
        };
        let separator = if case == Case::Camel { "" } else { "_" };
        let mut number = last;
        loop {
            number += 1;
            let numbered = escaped(&format!("{base}{separator}{number}"));
            if !self.taken.contains_key(&numbered) {
                self.taken.insert(plain, number);
                self.taken.insert(numbered.clone(), 1);
                return numbered;
            }
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.taken.contains_key(name)
    }

    pub(crate) fn reserve(&mut self, name: &str) {
        self.taken.entry(name.to_owned()).or_insert(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_follow_one_rule() {
        let table = [
            ("fooBar", "FooBar", "foo_bar", "FOO_BAR"),
            ("foo_bar", "FooBar", "foo_bar", "FOO_BAR"),
            ("FOO_BAR", "FooBar", "foo_bar", "FOO_BAR"),
            ("HTTPServer2", "HTTPServer2", "http_server2", "HTTP_SERVER2"),
            ("UserID", "UserID", "user_id", "USER_ID"),
            ("HTTP", "Http", "http", "HTTP"),
            ("I32", "I32", "i32", "I32"),
            ("AB", "AB", "ab", "AB"),
            ("_1", "_1", "_1", "_1"),
            ("__a__b_", "AB", "a_b", "A_B"),
            ("_", "Underscore", "underscore", "UNDERSCORE"),
            ("Tricky_", "Tricky", "tricky", "TRICKY"),
        ];
        for (name, camel, snake, upper) in table {
            assert_eq!(cased(name, Case::Camel), camel);
            assert_eq!(cased(name, Case::Snake), snake);
            assert_eq!(cased(name, Case::Upper), upper);
        }
    }

    #[test]
    fn keywords_are_escaped() {
        let mut scope = Scope::default();
        let names = ["type", "self", "Self", "async", "union"].map(|name| scope.claim(name, Case::Snake));
        assert_eq!(names, ["r#type", "self_", "self_2", "r#async", "union"]);
    }

    #[test]
    fn collisions_are_numbered_in_order() {
        let mut scope = Scope::default();
        let names = ["fooBar", "foo_bar", "foo_bar_2", "FooBar"].map(|name| scope.claim(name, Case::Snake));
        assert_eq!(names, ["foo_bar", "foo_bar_2", "foo_bar_2_2", "foo_bar_3"]);
        let types = ["A", "a", "A2"].map(|name| scope.claim(name, Case::Camel));
        assert_eq!(types, ["A", "A2", "A22"]);
    }
}
