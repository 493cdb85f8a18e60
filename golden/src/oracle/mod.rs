//! A decoder that shares nothing with the project's codec: slow, small, and written to be read beside the wire
//! description. It reads what an engine under test has sent, so that a mistake of the codec cannot hide on both sides of a
//! comparison. It is itself held against the facts that were recorded.

mod compact;
mod cursor;
mod header;
mod thrift;

pub use compact::{Compact, compact};
pub use thrift::{Tree, struct_length, tree};

use cursor::Cursor;

use crate::case::{Codec, Decoded, Exception, Form};

/// A message and where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<'a> {
    /// Its facts.
    pub decoded: Decoded,
    /// What follows the envelope, up to the end that the lengths give; over Buffered, all that is left.
    pub body: &'a [u8],
    /// How many bytes the message has; over Buffered, as many as its Thrift struct needs.
    pub length: usize,
}

/// Reads the message at the head of `bytes`. `None` if it is not there whole, or is none of the forms.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Read<'_>> {
    let mut cursor = Cursor::new(bytes);
    let (header, limit) = match bytes.get(4..6)? {
        [0x10, 0x00] => {
            let limit = 4 + usize::try_from(cursor.u32()?).ok()?;
            (Some(header::header(&mut cursor)?), Some(limit))
        }
        _ => (None, None),
    };
    let framed = cursor.rest().get(..2)? != [0x80, 0x01];
    let end = if framed { Some(frame_end(&mut cursor, limit)?) } else { limit };
    let envelope = Envelope::read(&mut cursor)?;
    let body = match end {
        Some(end) => bytes.get(cursor.at()..end)?,
        None => cursor.rest(),
    };
    let length = end.or_else(|| Some(cursor.at() + thrift::buffered_length(body)?))?;
    let form = form(header.is_some(), framed);
    Some(Read { decoded: envelope.decoded(form, header, body), body, length })
}

/// A frame inside a TTHeader ends where its own length says, which may be before LENGTH does but not behind it.
fn frame_end(cursor: &mut Cursor<'_>, limit: Option<usize>) -> Option<usize> {
    let frame = usize::try_from(cursor.u32()?).ok()?;
    let end = cursor.at().checked_add(frame)?;
    (end <= limit.unwrap_or(end)).then_some(end)
}

fn form(has_header: bool, framed: bool) -> Form {
    match (has_header, framed) {
        (false, false) => Form::Buffered,
        (false, true) => Form::Framed,
        (true, false) => Form::TtHeader,
        (true, true) => Form::TtHeaderFramed,
    }
}

/// Cuts what one side sent into messages. What is left over behind the last whole one is not returned.
#[must_use]
pub fn split(mut bytes: &[u8]) -> Vec<Read<'_>> {
    let mut messages = Vec::new();
    while let Some(message) = read(bytes) {
        bytes = bytes.get(message.length..).unwrap_or_default();
        messages.push(message);
    }
    messages
}

/// The envelope before it is known what stands around it.
struct Envelope {
    codec: Codec,
    message_type: u16,
    method: String,
    seq: i32,
}

impl Envelope {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let codec = match cursor.u16()? {
            0x8001 => Codec::Thrift,
            0x9001 => Codec::KitexProtobuf,
            _ => return None,
        };
        let message_type = cursor.u16()?;
        let length = usize::try_from(cursor.u32()?).ok()?;
        let method = cursor.text(length)?;
        Some(Self { codec, message_type, method, seq: cursor.i32()? })
    }

    fn decoded(self, form: Form, header: Option<crate::case::Header>, body: &[u8]) -> Decoded {
        let Self { codec, message_type, method, seq } = self;
        let is_exception = codec == Codec::Thrift && message_type == 3;
        let exception = if is_exception { exception(body) } else { None };
        Decoded { form, header, codec, message_type, seq, method, exception }
    }
}

/// The two fields of an application exception. One that says nothing has a text of its own.
fn exception(body: &[u8]) -> Option<Exception> {
    let tree = tree(body)?;
    let message = tree.field(1).and_then(Tree::text).unwrap_or_default();
    let code = match tree.field(2) {
        Some(Tree::I32(code)) => *code,
        _ => 0,
    };
    if message.is_empty() && code == 0 {
        return Some(Exception { message: "unknown application exception".to_owned(), code });
    }
    Some(Exception { message, code })
}
