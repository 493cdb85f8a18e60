//! What an answer says.

use std::borrow::Cow;

use kitex_codec::{ApplicationException, Envelope, Frame, MessageType, Protocol};

use super::{ClientConnection, State};
use crate::shown::shown;
use crate::{Body, Error, ErrorKind, Metadata, Method, Payload, Response, Sent, Stage, Status, head};

impl<T> ClientConnection<T> {
    /// Reads the answer to a call, and what it says of the connection.
    pub(super) fn read(&mut self, frame: Frame, sequence: i32, method: &Method) -> Result<Response, Error> {
        if head::is_reset(&frame) && !self.config.multiplexed {
            self.state = State::Draining;
        }
        let form = frame.form;
        let result = self.interpret(frame, sequence, method);
        if let Err(error) = &result {
            let kept = form.has_header() && error.kind() == ErrorKind::Remote && !is_before_handler(error);
            if !kept && !self.config.multiplexed {
                self.state = State::Broken;
            }
        }
        result
    }

    fn interpret(&self, mut frame: Frame, sequence: i32, method: &Method) -> Result<Response, Error> {
        let protocol = self.config.protocol;
        if frame.protobuf || frame.protocol != protocol {
            return Err(other_protocol(&frame, protocol));
        }
        if self.config.checksum {
            frame.verify_checksum()?;
        }
        let payload = frame.payload();
        let (envelope, body) = protocol.decode_message(&payload, self.info.limits())?;
        let (pairs, form) = (head::take_pairs(&mut frame), frame.form);
        let body = payload.slice(body);
        match envelope.kind {
            MessageType::EXCEPTION => {
                if envelope.sequence == 0 && self.oneway > 0 {
                    return Err(violation("an exception without a sequence id may be an earlier call's"));
                }
                let exception: ApplicationException = protocol.decode(&body, self.info.limits())?;
                let error = Error::remote(exception).with_metadata(Metadata::received(pairs));
                // Whoever asks its callers to stay away has not begun this call.
                Err(if error.push_back().is_some() { error.with_sent(Sent::Never) } else { error })
            }
            MessageType::REPLY | MessageType::STREAM => {
                check_reply(&envelope, sequence, method)?;
                let mut payload = Payload::new(self.config.protocol, body);
                payload.set_sent(0, !form.has_header());
                let status = match head::business_status(&pairs)? {
                    Some(status) => Status::Business(status),
                    None => skim(&payload, method),
                };
                let body = Body::Message(payload);
                Ok(Response { status, metadata: Metadata::received(pairs), body, ended: None })
            }
            other => Err(violation(format!("message type {} is no answer", other.0))
                .with_code(ApplicationException::INVALID_MESSAGE_TYPE)),
        }
    }
}

/// Errors if a reply is to another call (spec: kitex-wire 4.1, 4.2).
fn check_reply(envelope: &Envelope<'_>, sequence: i32, method: &Method) -> Result<(), Error> {
    if envelope.sequence != sequence {
        let text = format!("the reply has sequence id {}, the call had {sequence}", envelope.sequence);
        return Err(violation(text).with_code(ApplicationException::BAD_SEQUENCE_ID));
    }
    if envelope.name != method.name().as_bytes() {
        let text = format!("the reply is to the method `{}`", shown(envelope.name));
        return Err(violation(text).with_code(ApplicationException::WRONG_METHOD_NAME));
    }
    Ok(())
}

/// True if an exception is one behind which a peer closes the connection, also a peer that has no `crrst` to say so
/// with, as a Kitex server by default. Over forms without a header no exception can be told from these
/// (spec: kitex-wire 6.7, 10.2, 10.3, 10.5).
fn is_before_handler(error: &Error) -> bool {
    let code = error.code().unwrap_or_default();
    matches!(
        code,
        ApplicationException::UNKNOWN_METHOD
            | ApplicationException::UNKNOWN_SERVICE
            | ApplicationException::PROTOCOL_ERROR
            | ApplicationException::INVALID_PROTOCOL
    )
}

#[cold]
fn other_protocol(frame: &Frame, asked: Protocol) -> Error {
    let text = match frame.protobuf {
        true => format!("the answer is Kitex Protobuf, and not {asked} as the request was"),
        false => format!("the answer is {}, and not {asked} as the request was", frame.protocol),
    };
    violation(text).with_code(ApplicationException::INVALID_PROTOCOL)
}

#[cold]
pub(super) fn violation(text: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Protocol, Stage::Decode, text)
}

/// What a result is, told by its first field.
fn skim(result: &Payload, method: &Method) -> Status {
    let declared = method.descriptor().map_or(&[][..], |descriptor| descriptor.exceptions);
    match result.first_field() {
        Some(field) if declared.contains(&field.id) => Status::Exception(field.id),
        _ => Status::Ok,
    }
}
