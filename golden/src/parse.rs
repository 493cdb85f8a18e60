//! Reads the data files.

use crate::case::{Business, Case, ClientSays, Message, Reply, Side};
use crate::facts::fact;
use crate::text::{hex, number_and_text, pair, unescape};

/// A line that breaks the format, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "printed when the committed text is broken")]
pub(crate) struct Malformed {
    family: &'static str,
    line: usize,
}

pub(crate) fn parse(family: &'static str, text: &str) -> Result<Vec<Case>, Malformed> {
    let mut cases = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
        take(family, &mut cases, keyword, rest).ok_or(Malformed { family, line: index + 1 })?;
    }
    Ok(cases)
}

fn take(family: &'static str, cases: &mut Vec<Case>, keyword: &str, rest: &str) -> Option<()> {
    if keyword == "case" {
        cases.push(new_case(family, rest));
        return Some(());
    }
    let case = cases.last_mut()?;
    head(case, keyword, rest).or_else(|| call(case, keyword, rest)).or_else(|| message(case, keyword, rest))
}

fn new_case(family: &'static str, name: &str) -> Case {
    Case {
        family,
        name: name.to_owned(),
        what: String::new(),
        transport: String::new(),
        idl: String::new(),
        server_options: String::new(),
        next_server_options: None,
        client_options: String::new(),
        calls: Vec::new(),
        messages: Vec::new(),
        held_reply: None,
        closed_by: Default::default(),
        notes: Vec::new(),
    }
}

/// Lines about the case as a whole.
fn head(case: &mut Case, keyword: &str, rest: &str) -> Option<()> {
    let text = rest.to_owned();
    match keyword {
        "what" => case.what = text,
        "over" => case.transport = text,
        "idl" => case.idl = text,
        "server" => case.server_options = text,
        "next" => case.next_server_options = Some(text),
        "client" => case.client_options = text,
        "note" => case.notes.push(text),
        "closed" => {
            let (conn, by) = rest.split_once(' ')?;
            case.closed_by.insert(conn.parse().ok()?, side(by)?);
        }
        _ => return None,
    }
    Some(())
}

fn side(name: &str) -> Option<Side> {
    match name {
        "client" => Some(Side::Client),
        "server" => Some(Side::Server),
        _ => None,
    }
}

/// Lines about what the client program saw.
fn call(case: &mut Case, keyword: &str, rest: &str) -> Option<()> {
    if keyword == "call" {
        case.calls.push(ClientSays { msg: unescape(rest)?, ..Default::default() });
        return Some(());
    }
    let call = case.calls.last_mut()?;
    match keyword {
        "reply" => call.reply = Some(Reply::Json(rest.to_owned())),
        "reply-length" => call.reply = Some(Reply::Length(rest.parse().ok()?)),
        "error" => call.error = Some(unescape(rest)?),
        "error-type" => call.error_type = Some(rest.to_owned()),
        "code" => call.code = Some(rest.parse().ok()?),
        "business" => {
            let (code, message) = number_and_text(rest)?;
            call.business = Some(Business { code, message, extra: Default::default() });
        }
        "extra" => call.business.as_mut()?.extra.extend([pair(rest)?]),
        "backward" if rest.is_empty() => call.backward = Some(Default::default()),
        "backward" => call.backward.get_or_insert_default().extend([pair(rest)?]),
        _ => return None,
    }
    Some(())
}

/// Lines about the bytes.
fn message(case: &mut Case, keyword: &str, rest: &str) -> Option<()> {
    if keyword == "held" {
        case.held_reply = Some(new_message(Side::Server, "", rest)?);
        return Some(());
    }
    let from = match keyword.chars().next()? {
        '>' => Side::Client,
        '<' => Side::Server,
        _ => return fact(last_message(case)?, keyword, rest),
    };
    case.messages.push(new_message(from, keyword.get(1..)?, rest)?);
    Some(())
}

/// The facts that follow `held` are about that message: it stands last in its case.
fn last_message(case: &mut Case) -> Option<&mut Message> {
    case.held_reply.as_mut().or(case.messages.last_mut())
}

fn new_message(from: Side, conn: &str, bytes: &str) -> Option<Message> {
    let conn = if conn.is_empty() { 1 } else { conn.parse().ok()? };
    Some(Message { from, conn, bytes: hex(bytes)?, digest: None, decoded: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn malformed(text: &str) -> Option<usize> {
        parse("framed", text).err().map(|malformed| malformed.line)
    }

    #[test]
    fn a_broken_line_is_named() {
        assert_eq!(malformed("# head\n\nwhat no case\n"), Some(3));
        for line in ["= framed", "int 1=a", "reply 1", "> 0", ">x 00", "closed 1 proxy", "unknown"] {
            assert_eq!(malformed(&format!("case one\n{line}")), Some(2), "{line}");
        }
        for line in [
            "= framed type=x method=m",
            "= framed flags=0 thrift method=m",
            "= other method=m",
            "exception 1 a",
        ] {
            assert_eq!(malformed(&format!("case one\n> 00\n{line}")), Some(3), "{line}");
        }
        assert_eq!(
            malformed("case one\n> 00\n= framed thrift type=1 seq=-1 method=a b\nexception 1 a"),
            None
        );
    }

    #[test]
    fn facts_belong_to_the_message_before_them() {
        let text = "case one\n< 00\nheld 01\n= buffered thrift type=2 seq=3 method=m\nclosed 2 client";
        let case = parse("framed", text).unwrap().swap_remove(0);
        assert_eq!(case.messages[0].decoded, None);
        assert_eq!(case.held_reply.unwrap().decoded.unwrap().seq, 3);
        assert_eq!(case.closed_by, [(2, Side::Client)].into());
    }
}
