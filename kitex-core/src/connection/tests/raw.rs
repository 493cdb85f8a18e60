//! Bytes that no engine of ours has written, and a server or a client that is fed with them.

use std::sync::Arc;

use kitex_codec::{
    ApplicationException, BytesMut, Envelope, Form, Frame, Limits, MessageType, Output, Pairs, decode,
};

use super::super::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, ServerRequest};
use super::pair::Answered;
use super::{SERVICE, base, limited, request, router};
use crate::{ConnectionInfo, Error, MethodDescriptor, Peer, Response, Router};

/// `{1: "hi"}`, arguments that every method here takes.
pub(super) const HI: &[u8] = b"\x0b\0\x01\0\0\0\x02hi\0";

/// `{0: "hi"}`, the result.
pub(super) const SAID: &[u8] = b"\x0b\0\0\0\0\0\x02hi\0";

/// An envelope and what is behind it.
pub(super) fn message(kind: u8, name: &str, sequence: i32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, 1, 0, kind];
    bytes.extend_from_slice(&(name.len() as u32).to_be_bytes());
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes(), message].concat()
}

pub(super) const MUX: u16 = 1;

/// A TTHeader with string pairs before a payload.
pub(super) fn headed(flags: u16, sequence: i32, pairs: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    headed_with(flags, sequence, &[&[0, 0], &section(pairs)[..]].concat(), payload)
}

/// A section of string pairs; none if there are no pairs.
pub(super) fn section(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if !pairs.is_empty() {
        bytes.push(1);
        bytes.extend_from_slice(&(pairs.len() as u16).to_be_bytes());
    }
    for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend_from_slice(&(part.len() as u16).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

/// A TTHeader with header info as given, padded, before a payload.
pub(super) fn headed_with(flags: u16, sequence: i32, info: &[u8], payload: &[u8]) -> Vec<u8> {
    let padded = info.len().next_multiple_of(4);
    let mut bytes = ((10 + padded + payload.len()) as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(&[0x10, 0]);
    bytes.extend_from_slice(&flags.to_be_bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&((padded / 4) as u16).to_be_bytes());
    bytes.extend_from_slice(info);
    bytes.resize(14 + padded, 0);
    bytes.extend_from_slice(payload);
    bytes
}

/// Bytes in one of the four forms, without pairs.
pub(super) fn in_form(form: Form, sequence: i32, message: &[u8]) -> Vec<u8> {
    let inner = if form.is_framed() { framed(message) } else { message.to_vec() };
    if form.has_header() { headed(0, sequence, &[], &inner) } else { inner }
}

pub(super) const FORMS: [Form; 4] = [Form::Buffered, Form::Framed, Form::TTHeader, Form::TTHeaderFramed];

/// A message that an engine has written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) form: Form,
    pub(super) flags: u16,
    pub(super) header_sequence: Option<i32>,
    pub(super) pairs: Pairs,
    pub(super) ints: Vec<(u16, Vec<u8>)>,
    pub(super) kind: MessageType,
    pub(super) name: String,
    pub(super) sequence: i32,
    pub(super) body: Vec<u8>,
    pub(super) checksum_holds: bool,
}

impl Written {
    pub(super) fn string(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(|value| std::str::from_utf8(value).unwrap())
    }

    pub(super) fn int(&self, key: u16) -> Option<&str> {
        let found = self.ints.iter().find(|(found, _)| *found == key);
        found.map(|(_, value)| std::str::from_utf8(value).unwrap())
    }

    pub(super) fn exception(&self) -> ApplicationException {
        assert_eq!(self.kind, MessageType::EXCEPTION);
        decode(&self.body.clone().into(), &Limits::default()).unwrap()
    }
}

/// All messages that wait in an output.
pub(super) fn written(output: &mut Output) -> Vec<Written> {
    let limits = limited(|limits| {
        limits.max_frame = usize::MAX;
        limits.max_header = usize::MAX;
    });
    let mut bytes = BytesMut::new();
    output.take_segments().iter().for_each(|piece| bytes.extend_from_slice(piece));
    let mut all = Vec::new();
    while !bytes.is_empty() {
        all.push(one(&Frame::decode(&mut bytes, &limits).unwrap().unwrap()));
    }
    all
}

fn one(frame: &Frame) -> Written {
    let payload = frame.payload();
    let (envelope, at) = Envelope::decode(&payload).unwrap();
    let header = frame.header.as_ref();
    let ints = header.into_iter().flat_map(|header| header.ints());
    Written {
        form: frame.form,
        flags: header.map_or(0, |header| header.flags),
        header_sequence: header.map(|header| header.sequence),
        pairs: header.map(|header| header.pairs().clone()).unwrap_or_default(),
        ints: ints.map(|(key, value)| (key, value.to_vec())).collect(),
        kind: envelope.kind,
        name: String::from_utf8(envelope.name.to_vec()).unwrap(),
        sequence: envelope.sequence,
        body: payload[at..].to_vec(),
        checksum_holds: frame.verify_checksum().is_ok(),
    }
}

/// A server that is fed with bytes.
pub(super) struct Fed {
    pub(super) server: ServerConnection,
    pub(super) input: BytesMut,
}

impl Fed {
    pub(super) fn new() -> Self {
        Self::with(ServerConfig::default(), Limits::default())
    }

    pub(super) fn with(config: ServerConfig, limits: Limits) -> Self {
        Self::of(router(&[&SERVICE]), config, limits)
    }

    pub(super) fn of(router: Router, config: ServerConfig, limits: Limits) -> Self {
        let info = ConnectionInfo::new(Peer::Memory, Arc::new(limits));
        let server = ServerConnection::new(Arc::new(router), Arc::new(config), info, base());
        Self { server, input: BytesMut::new() }
    }

    /// Feeds bytes; gives the next request.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Option<ServerRequest>, Error> {
        self.input.extend_from_slice(bytes);
        self.next()
    }

    pub(super) fn next(&mut self) -> Result<Option<ServerRequest>, Error> {
        self.server.handle_input(base(), &mut self.input)
    }

    pub(super) fn reply(&mut self, request: &ServerRequest, result: Result<Response, Error>) {
        self.server.reply(base(), request.id, result);
    }

    pub(super) fn written(&mut self) -> Vec<Written> {
        written(self.server.output())
    }
}

/// A client whose server is a test.
pub(super) struct Asking {
    pub(super) client: ClientConnection<u32>,
    pub(super) input: BytesMut,
}

impl Asking {
    pub(super) fn over(form: Form) -> Self {
        Self::with(ClientConfig { form, ..ClientConfig::default() })
    }

    pub(super) fn mux() -> Self {
        Self::with(ClientConfig { multiplexed: true, ..ClientConfig::default() })
    }

    pub(super) fn with(config: ClientConfig) -> Self {
        let info = ConnectionInfo::new(Peer::Memory, Arc::default());
        Self { client: ClientConnection::new(Arc::new(config), info), input: BytesMut::new() }
    }

    /// Makes a call and throws away what it wrote: the server is made up.
    pub(super) fn call(&mut self, method: &'static MethodDescriptor, token: u32) {
        self.client.call(base(), &request(method, "hi"), token).unwrap();
        self.client.output().clear();
    }

    /// Feeds bytes; gives the next answer.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Option<(u32, Answered)>, Error> {
        self.input.extend_from_slice(bytes);
        let answer = self.client.handle_input(&mut self.input)?;
        Ok(answer.map(|answer| (answer.token, answer.result)))
    }
}
