#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::sync::OnceLock;

mod answers;
mod case;
mod compare;
mod deviations;
mod ended;
mod exchange;
mod facts;
mod parse;
mod text;

pub mod oracle;
pub mod script;

pub use answers::Answers;
pub use case::{
    Business, Case, ClientSays, Codec, Decoded, Digest, Exception, Form, Header, Message, Origin, Reply, Side,
};
pub use compare::{Difference, Facts, body_difference, differences};
pub use deviations::{Deviations, REASONS};
pub use ended::Ended;
pub use exchange::{Exchange, Sent};

/// The recorded text of each family, in the order of [`FAMILIES`].
const DATA: [(&str, &str); 7] = [
    (FAMILIES[0], include_str!("../data/buffered.txt")),
    (FAMILIES[1], include_str!("../data/framed.txt")),
    (FAMILIES[2], include_str!("../data/ttheader.txt")),
    (FAMILIES[3], include_str!("../data/ttheader-framed.txt")),
    (FAMILIES[4], include_str!("../data/meta.txt")),
    (FAMILIES[5], include_str!("../data/mux.txt")),
    (FAMILIES[6], include_str!("../data/errors.txt")),
];

/// The names that [`family`] knows, in the order of the wire description.
pub const FAMILIES: [&str; 7] =
    ["buffered", "framed", "ttheader", "ttheader-framed", "meta", "mux", "errors"];

/// The cases of one family, in alphabetical order.
///
/// ```
/// let echo = golden::family("ttheader").iter().find(|case| case.name == "echo").unwrap();
/// assert_eq!(echo.messages.len(), 2);
/// assert_eq!(echo.messages[0].decoded.as_ref().unwrap().method, "Echo");
/// ```
///
/// # Panics
/// If `name` is not one of [`FAMILIES`].
#[must_use]
pub fn family(name: &str) -> &'static [Case] {
    let index = FAMILIES.iter().position(|known| *known == name).expect("a name of FAMILIES");
    &cases()[index]
}

/// The cases of all families.
pub fn all() -> impl Iterator<Item = &'static Case> {
    cases().iter().flatten()
}

/// One case by its path, `family/name`; the way a deviation table and a failing test name it.
#[must_use]
pub fn case(path: &str) -> Option<&'static Case> {
    let (family, name) = path.split_once('/')?;
    all().find(|case| case.family == family && case.name == name)
}

/// Each family in the order of [`FAMILIES`], read once.
fn cases() -> &'static [Vec<Case>] {
    static CASES: OnceLock<Vec<Vec<Case>>> = OnceLock::new();
    CASES.get_or_init(|| {
        let read = DATA.into_iter().map(|(family, text)| parse::parse(family, text));
        read.collect::<Result<_, _>>().expect("the committed text follows its format")
    })
}
