//! Command lines.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use kitex::Framing;

/// The words of a command line: `--name value` and `--switch`.
#[derive(Debug, Clone)]
pub struct Options(HashMap<String, String>);

impl Options {
    /// Reads the process's own command line. Errors at a word that is neither one of `switches` nor of `values`, and at a
    /// value that is missing.
    pub fn read(switches: &[&str], values: &[&str]) -> Result<Self, String> {
        Self::parse(std::env::args().skip(1), switches, values)
    }

    fn parse(
        mut words: impl Iterator<Item = String>,
        switches: &[&str],
        values: &[&str],
    ) -> Result<Self, String> {
        let mut found = HashMap::new();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").unwrap_or_default();
            let value = match name {
                _ if switches.contains(&name) => String::new(),
                _ if values.contains(&name) => words.next().ok_or_else(|| format!("{word} needs a value"))?,
                _ => return Err(format!("{word}: not an option; there are --{}", known(switches, values))),
            };
            found.insert(name.to_owned(), value);
        }
        Ok(Self(found))
    }

    /// Whether a switch is there.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value of an option, if it is there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of an option, or else `default`. Errors if it cannot be read.
    pub fn get<T: FromStr<Err: fmt::Display>>(&self, name: &str, default: T) -> Result<T, String> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.parse().map_err(|error| format!("--{name} {text}: {error}"))
    }
}

fn known(switches: &[&str], values: &[&str]) -> String {
    [switches, values].concat().join(", --")
}

/// What a word for a transport says of the messages' form. Errors at a word that is none.
pub fn framing(transport: &str) -> Result<Framing, String> {
    match transport {
        "buffered" => Ok(Framing::Buffered),
        "framed" => Ok(Framing::Framed),
        "ttheader" => Ok(Framing::TTHeader),
        "ttheader-framed" | "mux" => Ok(Framing::TTHeaderFramed),
        _ => Err(format!("transport {transport}: buffered, framed, ttheader, ttheader-framed or mux")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Options, String> {
        Options::parse(words.split_whitespace().map(str::to_owned), &["meta"], &["addr", "limit"])
    }

    #[test]
    fn words_are_switches_and_names_with_values() {
        let options = parse("--addr 127.0.0.1:0 --meta").unwrap();
        assert_eq!((options.has("meta"), options.text("addr")), (true, Some("127.0.0.1:0")));
        assert_eq!(options.get("limit", 7), Ok(7));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert_eq!(parse("--what").unwrap_err(), "--what: not an option; there are --meta, --addr, --limit");
        assert_eq!(parse("--addr").unwrap_err(), "--addr needs a value");
        let options = parse("--limit soon").unwrap();
        assert_eq!(options.get("limit", 7).unwrap_err(), "--limit soon: invalid digit found in string");
    }
}
