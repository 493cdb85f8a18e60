//! Compact, JSON and Binary of either form over Buffered and Framed, and names with their service before them
//! (spec: thrift-idl 10, 16).

mod ends;
mod names;
mod other;
mod stopped;
mod white_space;

use kitex_codec::{
    DecodeError, EncodeError, Envelope, Form, Frame, Limits, Message, MessageType, Output, Protocol, Str,
    ThriftReader, ThriftWriter,
};

use super::raw::framed;
use crate::{ClientConfig, Payload};

pub(super) const PROTOCOLS: [Protocol; 3] = [Protocol::Binary, Protocol::Compact, Protocol::Json];

pub(super) const BARE: [Form; 2] = [Form::Buffered, Form::Framed];

/// A struct with one string.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    id: i16,
    text: Str,
}

impl Said {
    fn args(text: &str) -> Self {
        Self { id: 1, text: text.into() }
    }

    fn result(text: &str) -> Self {
        Self { id: 0, text: text.into() }
    }

    fn payload(&self, protocol: Protocol) -> Payload {
        Payload::encode_in(protocol, self, &Limits::default()).unwrap()
    }

    fn bytes(&self, protocol: Protocol) -> Vec<u8> {
        protocol.encode(self, &Limits::default()).unwrap().into_bytes().into()
    }
}

impl Message for Said {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.write_str_field(self.id, &self.text)?;
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        from.begin_struct()?;
        let field = from.read_field()?.ok_or_else(DecodeError::unexpected_end)?;
        let text = from.read_str()?;
        match from.read_field()? {
            None => Ok(Self { id: field.id, text }),
            Some(_) => Err(DecodeError::unexpected_end()),
        }
    }
}

/// What a payload says.
fn said(payload: Option<&Payload>) -> Said {
    payload.unwrap().decode(&Limits::default()).unwrap()
}

/// A whole message without its frame.
fn message(protocol: Protocol, kind: MessageType, name: &str, sequence: i32, body: &[u8]) -> Vec<u8> {
    let mut out = Output::new();
    let envelope = Envelope { kind, name: name.as_bytes(), sequence };
    protocol.encode_envelope(&envelope, &mut out).unwrap();
    [&out.take_segments().into_bytes()[..], body, protocol.trailer()].concat()
}

fn call(protocol: Protocol, name: &str, sequence: i32) -> Vec<u8> {
    message(protocol, MessageType::CALL, name, sequence, &Said::args("hi").bytes(protocol))
}

/// A call in Binary as it was before it had a version word.
fn old_call(name: &str, sequence: i32) -> Vec<u8> {
    let (len, args) = ((name.len() as u32).to_be_bytes(), Said::args("hi").bytes(Protocol::Binary));
    [&len[..], name.as_bytes(), &[1], &sequence.to_be_bytes(), &args].concat()
}

fn in_frame(form: Form, message: Vec<u8>) -> Vec<u8> {
    if form.is_framed() { framed(&message) } else { message }
}

fn client(protocol: Protocol, form: Form) -> ClientConfig {
    ClientConfig { protocol, form, ..ClientConfig::default() }
}

/// The envelope and the struct of a message that was sent.
fn opened(frame: &Frame) -> (Envelope<'_>, &[u8]) {
    let (envelope, body) = frame.envelope(&Limits::default()).unwrap();
    (envelope, &frame.payload_bytes()[body])
}
