//! The annotations that the generator follows: those that begin with `rust.`, and the ones of pilota that mean the same.

use super::syntax::Annotation;
use crate::nearest::nearest;
use crate::report::Report;

/// The keys that mean something.
const KEYS: [&str; 6] =
    ["rust.name", "rust.type", "rust.newtype", "rust.derive", "rust.attribute", "rust.unknown_fields"];

/// The Rust type of a field where it is not the usual one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Usual,
    /// A `BTreeMap` or `BTreeSet`.
    Sorted,
    /// A `String`.
    Text,
    /// A `Vec<u8>`.
    Bytes,
    /// Behind an `Arc`.
    Shared,
}

/// What the annotations of one thing ask of its Rust.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) name: Option<String>,
    pub(crate) choice: Choice,
    pub(crate) derives: Vec<String>,
    pub(crate) attributes: Vec<String>,
    pub(crate) unknown_fields: Option<bool>,
    pub(crate) newtype: Option<bool>,
}

impl Wishes {
    /// Reads them; what cannot be followed is reported.
    pub(crate) fn read(annotations: &[Annotation], report: &mut Report) -> Wishes {
        let mut wishes = Wishes::default();
        for annotation in annotations {
            if let Err((text, hint)) = wishes.take(annotation) {
                let finding = report.error(annotation.key.span, text);
                if !hint.is_empty() {
                    finding.hint(hint);
                }
            }
        }
        wishes
    }

    fn take(&mut self, annotation: &Annotation) -> Result<(), (String, String)> {
        let value = annotation.value.as_str();
        match annotation.key.text.as_str() {
            "rust.name" | "pilota.name" => self.name = Some(identifier(value)?),
            "rust.type" => self.choice = choice(value)?,
            // pilota has more types than these; its others are the usual ones here.
            "pilota.rust_type" => self.choice = choice(value).unwrap_or(self.choice),
            "pilota.rust_wrapper_arc" if value != "false" => self.choice = Choice::Shared,
            "rust.derive" => self.derives.extend(paths(value)?),
            "rust.attribute" => self.attributes.push(attribute(value)?),
            "rust.unknown_fields" => self.unknown_fields = Some(!matches!(value, "false" | "0")),
            "rust.newtype" => self.newtype = Some(!matches!(value, "false" | "0")),
            key if key.starts_with("rust.") => {
                let near = nearest(key, KEYS.into_iter()).map(|near| format!("did you mean `{near}`?"));
                let hint = near.unwrap_or_else(|| format!("there are {}", KEYS.join(", ")));
                return Err((format!("there is no annotation `{key}`"), hint));
            }
            _ => {}
        }
        Ok(())
    }
}

fn identifier(name: &str) -> Result<String, (String, String)> {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let fine = name.chars().all(letters) && name.starts_with(|first: char| first.is_ascii_alphabetic());
    match fine {
        true => Ok(name.to_owned()),
        false => Err((format!("`{name}` is no name in Rust"), String::new())),
    }
}

fn choice(value: &str) -> Result<Choice, (String, String)> {
    match value {
        "BTreeMap" | "BTreeSet" | "btree" => Ok(Choice::Sorted),
        "String" | "string" => Ok(Choice::Text),
        "Vec<u8>" | "vec" => Ok(Choice::Bytes),
        "Arc" | "arc" => Ok(Choice::Shared),
        _ => {
            let hint = "the types are BTreeMap, BTreeSet, String, Vec<u8> and Arc";
            Err((format!("there is no choice of the type `{value}`"), hint.to_owned()))
        }
    }
}

/// The paths of traits, such as `serde::Serialize, serde::Deserialize`.
pub(crate) fn paths(value: &str) -> Result<Vec<String>, (String, String)> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    let fine = |path: &str| {
        let path = path.strip_prefix("::").unwrap_or(path);
        path.split("::").all(|part| identifier(part).is_ok())
    };
    parts
        .map(|path| match fine(path) {
            true => Ok(path.to_owned()),
            false => Err((format!("`{path}` is not the path of a trait"), String::new())),
        })
        .collect()
}

/// What stands between the brackets of an attribute. It must not end them itself.
fn attribute(value: &str) -> Result<String, (String, String)> {
    let mut open = Vec::new();
    let mut letters = value.chars();
    let mut fine = value.starts_with(|first: char| first.is_ascii_alphabetic() || first == ':');
    while let Some(letter) = letters.next() {
        match letter {
            '"' => fine &= ends_literal(&mut letters),
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' => fine &= open.pop() == Some(letter),
            '\'' | '\\' | '/' | '#' => fine = false,
            other => fine &= !other.is_control(),
        }
    }
    match fine && open.is_empty() {
        true => Ok(value.to_owned()),
        false => {
            let hint = "such as `serde(rename = \"name\")`, without `#[` and `]`";
            Err((format!("`{value}` is no attribute"), hint.to_owned()))
        }
    }
}

fn ends_literal(letters: &mut std::str::Chars<'_>) -> bool {
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '"' => return true,
            control if control.is_control() => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_end_where_they_began() {
        for good in ["serde(rename = \"a]\")", "x", "cfg_attr(a, derive(B))", "doc = \"\\\"\""] {
            assert!(attribute(good).is_ok(), "{good}");
        }
        for bad in ["", "a]", "a\n", "a)", "(", "a(]", "a \"", "a // b", "#[a]", "a = '\"'"] {
            assert!(attribute(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_are_those_of_traits() {
        assert_eq!(paths("A, b::C,::d::E,").unwrap(), ["A", "b::C", "::d::E"]);
        for bad in ["a b", "A)", "a::", "1", "a:b"] {
            assert!(paths(bad).is_err(), "{bad}");
        }
    }
}
