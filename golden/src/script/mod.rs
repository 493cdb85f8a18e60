//! What the handlers of the recorded server do, told from the recordings: the word that a call carries decides. A handler that
//! follows this script lets a server of this project be asked what the recorded one was asked.

mod seen;

pub use seen::Seen;

use crate::case::Business;
use crate::oracle::Tree;

/// What a handler does with one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How long it waits first, in milliseconds.
    pub wait_ms: u64,
    /// A backward pair that it sets.
    pub backward: Option<(String, String)>,
    /// What it ends with.
    pub outcome: Outcome,
}

/// What a handler ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A text: the string result, or `msg` of the result struct of `Echo`.
    Text(String),
    /// A number.
    Number(i64),
    /// The argument with id 1, as the result.
    Argument,
    /// No value: the result of a void method, or a nil pointer.
    Nothing,
    /// A union without a field set; the recorded server cannot encode it.
    EmptyUnion,
    /// The declared exception `Oops`.
    Oops(String, i32),
    /// The declared exception `Denied`.
    Denied(String),
    /// A plain error.
    Error(String),
    /// An error with a type code of its own.
    CodedError(i32, String),
    /// A panic with this value.
    Panic(String),
    /// A business status; the handlers that also return a value have it dropped.
    Business(Business),
    /// `msg` is [`Seen::json`] of the call.
    Seen,
    /// The handler calls `Echo` of the next server with this word and its own context, and hands back what comes.
    Relay(String),
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { wait_ms: 0, backward: None, outcome }
    }
}

/// What the method does with these arguments; `None` for a method that no recorded service has.
#[must_use]
pub fn answer(service: &str, method: &str, args: &Tree) -> Option<Answer> {
    let text = args.field(1).and_then(Tree::text).unwrap_or_default();
    let answer = match (service, method) {
        ("EchoSvc", "Echo") => echo(message(args).as_deref()),
        ("OtherSvc", "Hello") => Outcome::Text(format!("hello {text}")).into(),
        ("OtherSvc", "Sleep") => Outcome::Text("other does not sleep".to_owned()).into(),
        ("RichSvc", "Sleep") => sleep(number(args, 1) as u64),
        ("RichSvc", "BaseHello") => Outcome::Text(format!("base hello {text}")).into(),
        ("RichSvc", "Sum") => Outcome::Number(sum(args)).into(),
        ("RichSvc", "Nop" | "Put" | "BasePing") => Outcome::Nothing.into(),
        ("RichSvc", "Fire" | "Two" | "VoidThrow") => word(&text).unwrap_or(Outcome::Nothing.into()),
        ("RichSvc", "Pick") if gives_empty(args) => Outcome::EmptyUnion.into(),
        ("RichSvc", "All" | "Options" | "Pick" | "Longs" | "Big" | "Paint" | "Grow" | "Bytes" | "Table") => {
            Outcome::Argument.into()
        }
        _ => return None,
    };
    Some(answer)
}

/// What `Echo` does with `msg`; `None` for a call without its argument.
#[must_use]
pub fn echo(msg: Option<&str>) -> Answer {
    let Some(msg) = msg else { return Outcome::Text("nil req".to_owned()).into() };
    word(msg).unwrap_or_else(|| Outcome::Text(msg.to_owned()).into())
}

/// What a word makes a handler do; `None` for a word without a meaning, which is most.
#[must_use]
pub fn word(word: &str) -> Option<Answer> {
    let outcome = match word {
        "nil" => Outcome::Nothing,
        "seen" => Outcome::Seen,
        "oops" => Outcome::Oops("why not".to_owned(), 42),
        "denied" => Outcome::Denied("you".to_owned()),
        _ => {
            let (verb, rest) = word.split_once(':')?;
            return verb_with(verb, rest);
        }
    };
    Some(outcome.into())
}

fn verb_with(verb: &str, rest: &str) -> Option<Answer> {
    let outcome = match verb {
        "sleep" => return Some(sleep(rest.parse().ok()?)),
        "big" => Outcome::Text("x".repeat(rest.parse().ok()?)),
        "err" => Outcome::Error(rest.to_owned()),
        "panic" => Outcome::Panic(rest.to_owned()),
        "relay" => Outcome::Relay(rest.to_owned()),
        "transerr" => {
            let (code, text) = rest.split_once(':')?;
            Outcome::CodedError(code.parse().ok()?, text.to_owned())
        }
        "back" => return Some(set_backward(rest.split_once('=')?, Outcome::Text("sent back".to_owned()))),
        "bizback" => {
            let business = business(500, rest, Some(("k", "v")));
            return Some(set_backward(("BACK_KEY", "back value"), business));
        }
        "bizval" => business(404, rest, None),
        "biz" => {
            let (code, message) = rest.split_once(':')?;
            business(code.parse().ok()?, message, None)
        }
        "bizx" => {
            let (code, rest) = rest.split_once(':')?;
            let (message, extra) = rest.split_once(':')?;
            business(code.parse().ok()?, message, extra.split_once('='))
        }
        _ => return None,
    };
    Some(outcome.into())
}

fn sleep(wait_ms: u64) -> Answer {
    Answer { wait_ms, backward: None, outcome: Outcome::Text(format!("slept {wait_ms}")) }
}

fn set_backward((key, value): (&str, &str), outcome: Outcome) -> Answer {
    Answer { wait_ms: 0, backward: Some((key.to_owned(), value.to_owned())), outcome }
}

fn business(code: i32, message: &str, extra: Option<(&str, &str)>) -> Outcome {
    let extra = extra.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Outcome::Business(Business { code, message: message.to_owned(), extra })
}

/// `msg` of the request struct; an absent one is empty, an absent struct is none at all.
fn message(args: &Tree) -> Option<String> {
    let request = args.field(1).filter(|request| matches!(request, Tree::Struct(_)))?;
    Some(request.field(1).and_then(Tree::text).unwrap_or_default())
}

/// Wraps around, as Go's numbers do.
fn sum(args: &Tree) -> i64 {
    [1, 2, 5].into_iter().fold(0, |sum: i64, id| sum.wrapping_add(number(args, id)))
}

fn number(args: &Tree, id: i16) -> i64 {
    match args.field(id) {
        Some(Tree::I64(number)) => *number,
        Some(Tree::I32(number)) => i64::from(*number),
        _ => 0,
    }
}

fn gives_empty(args: &Tree) -> bool {
    let choice = args.field(1).and_then(|choice| choice.field(2));
    choice.and_then(Tree::text).as_deref() == Some("give empty")
}
