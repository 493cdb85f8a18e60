//! The lines that say what a message was read as.

use crate::case::{Codec, Decoded, Digest, Exception, Form, Header, Message};
use crate::text::{number_and_text, pair, unescape};

/// Lines about what the message before them was read as.
pub(crate) fn fact(message: &mut Message, keyword: &str, rest: &str) -> Option<()> {
    match keyword {
        "sha256" => {
            let (length, sha256) = rest.split_once(' ')?;
            message.digest = Some(Digest { length: length.parse().ok()?, sha256: sha256.to_owned() });
            return Some(());
        }
        "=" => {
            message.decoded = Some(decoded(rest)?);
            return Some(());
        }
        _ => {}
    }
    let decoded = message.decoded.as_mut()?;
    if keyword == "exception" {
        let (code, message) = number_and_text(rest)?;
        decoded.exception = Some(Exception { message, code });
        return Some(());
    }
    header_fact(decoded.header.as_mut()?, keyword, rest)
}

fn header_fact(header: &mut Header, keyword: &str, rest: &str) -> Option<()> {
    match keyword {
        "int" => {
            let (key, value) = pair(rest)?;
            header.int.insert(key.parse().ok()?, value);
        }
        "str" => header.str.extend([pair(rest)?]),
        "acl" => header.acl_token = Some(unescape(rest)?),
        _ => return None,
    }
    Some(())
}

/// `ttheader flags=0 header-seq=1 protocol=0 payload-at=98 thrift type=1 seq=1 method=Echo`, the name last as it may hold blanks.
fn decoded(rest: &str) -> Option<Decoded> {
    let (facts, method) = rest.split_once(" method=")?;
    let mut words = facts.split(' ');
    let form = match words.next()? {
        "buffered" => Form::Buffered,
        "framed" => Form::Framed,
        "ttheader" => Form::TtHeader,
        "ttheader-framed" => Form::TtHeaderFramed,
        _ => return None,
    };
    let has_header = matches!(form, Form::TtHeader | Form::TtHeaderFramed);
    let mut decoded = Decoded {
        form,
        header: has_header.then(Header::default),
        codec: Codec::Thrift,
        message_type: 0,
        seq: 0,
        method: unescape(method)?,
        exception: None,
    };
    words.try_for_each(|word| envelope_fact(&mut decoded, word))?;
    Some(decoded)
}

fn envelope_fact(decoded: &mut Decoded, word: &str) -> Option<()> {
    let (key, value) = word.split_once('=').unwrap_or((word, ""));
    match key {
        "thrift" => decoded.codec = Codec::Thrift,
        "kitex-protobuf" => decoded.codec = Codec::KitexProtobuf,
        "type" => decoded.message_type = value.parse().ok()?,
        "seq" => decoded.seq = value.parse().ok()?,
        "flags" => decoded.header.as_mut()?.flags = value.parse().ok()?,
        "header-seq" => decoded.header.as_mut()?.seq = value.parse().ok()?,
        "protocol" => decoded.header.as_mut()?.protocol_id = value.parse().ok()?,
        "payload-at" => decoded.header.as_mut()?.payload_at = Some(value.parse().ok()?),
        _ => return None,
    }
    Some(())
}
