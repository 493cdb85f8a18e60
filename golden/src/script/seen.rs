//! What the recorded server's handler says that it saw of a call.

use std::collections::BTreeMap;
use std::fmt::Write;

/// The metadata of a call as its handler sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How many milliseconds are left at most until the deadline, rounded up to whole 100; only where the server applies one.
    pub deadline_within_ms: Option<i64>,
    /// The caller's name, integer key 3.
    pub from: String,
    /// The caller's address where a proxy names it, string key `rip`.
    pub from_addr: Option<String>,
    /// The caller's method, integer key 20.
    pub from_method: String,
    /// The method that was called.
    pub method: String,
    /// The persistent metadata.
    pub persistent: BTreeMap<String, String>,
    /// The service that was called.
    pub service: String,
    /// The timeout in milliseconds, integer key 12; 0 if there is none.
    pub timeout_ms: i64,
    /// The transient metadata.
    pub transient: BTreeMap<String, String>,
    /// The outer form: `PurePayload`, `Framed`, `TTHeader` or `TTHeader|Framed`.
    pub transport: String,
}

impl Seen {
    /// The JSON object that the recorded server answers `seen` with.
    #[must_use]
    pub fn json(&self) -> String {
        let mut members = Vec::new();
        if let Some(within) = self.deadline_within_ms {
            members.push(format!("\"deadlineWithinMs\":{within}"));
        }
        members.push(text_member("from", &self.from));
        members.extend(self.from_addr.iter().map(|address| text_member("fromAddr", address)));
        members.push(text_member("fromMethod", &self.from_method));
        members.push(text_member("method", &self.method));
        members.push(format!("\"persistent\":{}", object(&self.persistent)));
        members.push(text_member("service", &self.service));
        members.push(format!("\"timeoutMs\":{}", self.timeout_ms));
        members.push(text_member("to", "live.server"));
        members.push(text_member("toMethod", &self.method));
        members.push(format!("\"transient\":{}", object(&self.transient)));
        members.push(text_member("transport", &self.transport));
        format!("{{{}}}", members.join(","))
    }
}

fn text_member(name: &str, value: &str) -> String {
    format!("\"{name}\":{}", quoted(value))
}

/// No pairs are `null`: the recorded server prints a map that was never made.
fn object(pairs: &BTreeMap<String, String>) -> String {
    if pairs.is_empty() {
        return "null".to_owned();
    }
    let members: Vec<String> = pairs.iter().map(|(name, value)| text_member(name, value)).collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => write!(quoted, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
