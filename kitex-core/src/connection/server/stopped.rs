//! Requests that do not become whole in their time.

use kitex_codec::{BytesMut, Envelope, Frame, MessageType};

use super::ServerConnection;
use super::answer::Addressee;
use crate::{Error, ErrorKind, Method, Stage, head};

impl ServerConnection {
    #[cold]
    pub(super) fn slow(&mut self, input: &mut BytesMut) -> Error {
        let text = format!("a message was not whole {:?} after its first byte", self.config.message_timeout);
        let mut error = Error::limit("message_timeout", Stage::Decode, text).with_peer(self.info.peer());
        if self.skip.is_over()
            && let Some(frame) = self.decoder.take_partial(input, self.info.limits())
            && let Some(method) = self.answer_partial(&frame)
        {
            error = error.with_method(&method);
        }
        self.close();
        error
    }

    /// Answers a request that stops among its arguments, if it is one that can be answered (spec: kitex-wire 10.3).
    /// Gives the method that it is for.
    fn answer_partial(&mut self, frame: &Frame) -> Option<Method> {
        let (Envelope { kind, name, sequence }, _) = frame.envelope(self.info.limits()).ok()?;
        let is_request = matches!(kind, MessageType::CALL | MessageType::ONEWAY | MessageType::STREAM);
        if frame.protobuf || name.is_empty() || !is_request {
            return None;
        }
        let serial = !head::is_out_of_order(frame);
        let service = head::service_name(frame);
        let Frame { form, protocol, .. } = *frame;
        let to = Addressee { form, protocol, name, sequence, reset: serial };
        let method = match self.router.route(service, name) {
            Ok(routed) => routed.method,
            Err(error) => {
                self.write_unknown(&to, service, error);
                return None;
            }
        };
        if !method.is_oneway() {
            let text = format!(
                "the arguments were not whole {:?} after the first byte, which is all that message_timeout allows",
                self.config.message_timeout
            );
            let to = Addressee { name: method.name().as_bytes(), ..to };
            self.write_exception(&to, &Error::new(ErrorKind::Arguments, Stage::Decode, text));
        }
        // The name of what no service has is as long as the peer likes.
        method.descriptor().is_some().then_some(method)
    }
}
