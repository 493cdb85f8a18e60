//! What a handler may answer with.

use kitex_codec::{Bytes, Protocol};
use kitex_core::{
    Body, BusinessStatus, Error, ErrorKind, MessageStream, Metadata, Payload, Response, Scope, Stage, Status,
};

use crate::script::Script;

/// One of eight kinds of answers, to a call with `args`.
pub(super) fn answer(
    number: u8,
    script: &mut Script<'_>,
    args: Bytes,
    protocol: Protocol,
) -> Result<Response, Error> {
    let args = Payload::new(protocol, args);
    match number {
        0 => Ok(Response::empty(Status::Ok)),
        1 => Ok(with_metadata(script, args)),
        2 => Ok(Response::empty(Status::Business(Box::new(business(script))))),
        3 => Err(Error::handler(text(script)).with_metadata(metadata(script))),
        4 => Err(Error::application(script.short().into(), text(script))),
        5 => Err(Error::new(ErrorKind::Arguments, Stage::Decode, text(script))),
        6 => Ok(Response::new(Status::Ok, Payload::new(Protocol::Binary, long(script)))),
        _ => {
            let mut answer = Response::empty(Status::Ok);
            answer.body = Body::Stream(MessageStream::of([args]));
            Ok(answer)
        }
    }
}

/// Text that may be long: of exceptions no more than a part is sent.
fn text(script: &mut Script<'_>) -> String {
    let text = String::from_utf8_lossy(script.sized()).into_owned();
    text.repeat(1 + usize::from(script.byte()) * 300 / text.len().max(1))
}

fn with_metadata(script: &mut Script<'_>, args: Payload) -> Response {
    let mut answer = Response::new(Status::Ok, args);
    answer.metadata = metadata(script);
    answer
}

/// Some pairs, of which one goes back. No key of it is one of the engine's own.
fn metadata(script: &mut Script<'_>) -> Metadata {
    let mut metadata = Metadata::new();
    metadata.set(Scope::Backward, format!("k{}", text(script)), text(script));
    metadata.set(Scope::Transient, "forward", "no");
    metadata
}

fn business(script: &mut Script<'_>) -> BusinessStatus {
    let code = i32::from(script.short().cast_signed());
    BusinessStatus::new(code, text(script)).with_extra(text(script), text(script))
}

/// A result in Binary that is linked into the output, or that no frame has room for.
fn long(script: &mut Script<'_>) -> Bytes {
    let len: u32 = if script.byte() & 1 == 0 { 5000 } else { 150_000 };
    let text = vec![b'x'; len as usize];
    Bytes::from([b"\x0b\0\0", &len.to_be_bytes()[..], &text, b"\0"].concat())
}
