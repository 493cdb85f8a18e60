//! Texts as they are reviewed: `KITEX_BLESS=1` writes them anew.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::path::Path;

use kitex::{CallError, Error, Sent};

use crate::settings;

/// The errors of one part of the tour, and the file that they are kept in.
pub(crate) struct Tour {
    name: &'static str,
    text: String,
}

/// What is kept of an error.
#[derive(Debug)]
pub(crate) struct Shown {
    text: String,
    setting: Option<&'static str>,
}

impl Tour {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, text: String::new() }
    }

    /// Takes in how a call failed.
    pub(crate) fn call<T: std::fmt::Debug, E: std::fmt::Debug>(
        &mut self,
        title: &str,
        result: Result<T, CallError<E>>,
    ) {
        match result {
            Err(CallError::Failed(error)) => self.error(title, &error),
            other => panic!("{title}: {other:?}"),
        }
    }

    pub(crate) fn error(&mut self, title: &str, error: &Error) {
        self.shown(title, &shown(error));
    }

    /// Takes in an error, whose setting has to be one.
    pub(crate) fn shown(&mut self, title: &str, shown: &Shown) {
        if let Some(setting) = shown.setting {
            assert!(settings::all().contains(&setting), "{title}: there is no setting {setting}");
        }
        self.line(title, &shown.text);
    }

    /// Takes in an error that is not of a call.
    pub(crate) fn other(&mut self, title: &str, error: &dyn StdError) {
        self.line(title, &with_sources(error));
    }

    /// Takes in what was said by other means.
    pub(crate) fn line(&mut self, title: &str, text: &str) {
        let _ = write!(self.text, "--- {title}\n{}\n", without_accidents(text));
    }

    /// Compares all of it with the file.
    pub(crate) fn finish(self) {
        let file = format!("tests/errors/{}.txt", self.name);
        assert_same(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file), &self.text);
    }
}

/// What is kept of an error of a call.
pub(crate) fn shown(error: &Error) -> Shown {
    let sent = if error.sent() == Sent::Never { "never sent" } else { "maybe sent" };
    let fields = format!("    {:?}, {:?}, {sent}", error.kind(), error.stage());
    let (text, sources) = split_sources(error);
    Shown { text: format!("{text}\n{fields}{sources}"), setting: error.setting() }
}

fn with_sources(error: &dyn StdError) -> String {
    let (text, sources) = split_sources(error);
    format!("{text}{sources}")
}

fn split_sources(error: &dyn StdError) -> (String, String) {
    let (mut sources, mut next) = (String::new(), error.source());
    while let Some(source) = next {
        let _ = write!(sources, "\n    from: {source}");
        next = source.source();
    }
    (error.to_string(), sources)
}

/// Leaves out what differs between runs and machines: ports, the time that is left, what a resolver and a system say.
fn without_accidents(text: &str) -> String {
    let rules = [
        ("127.0.0.1:", "<port>"),
        ("(os error ", "<number>"),
        ("the next in ", "<left>"),
        ("failed to lookup address information: ", "<reason>"),
        (" took=", "<time>"),
    ];
    rules
        .into_iter()
        .fold(text.to_owned(), |text, (before, placeholder)| replace_behind(&text, before, placeholder))
}

/// Replaces the word behind each `before`.
fn replace_behind(text: &str, before: &str, placeholder: &str) -> String {
    let mut pieces = text.split(before);
    let mut replaced = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let ends: &[char] = if placeholder == "<reason>" { &['\n'] } else { &[' ', ')', '\n', ',', ':'] };
        let rest = piece.find(ends).map_or("", |end| &piece[end..]);
        replaced.extend([before, placeholder, rest]);
    }
    replaced
}

/// Asserts that a text is what its file says, or writes the file.
pub(crate) fn assert_same(path: &Path, text: &str) {
    if std::env::var_os("KITEX_BLESS").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap_or_default();
    let differing = reviewed.lines().zip(text.lines()).find(|(reviewed, now)| reviewed != now);
    let same = reviewed == text;
    assert!(
        same,
        "{} is not what it was reviewed as; KITEX_BLESS=1 takes it over: {differing:#?}",
        path.display()
    );
}
