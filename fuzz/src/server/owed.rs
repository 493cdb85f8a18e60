//! What is to be sent, held against what was.

use kitex_codec::{
    ApplicationException, Bytes, Envelope, Form, Frame, Limits, MessageType, Protocol, int_key, string_key,
};
use kitex_core::{BusinessStatus, Error, Metadata, Response, Scope, Status};

/// Bytes of texts and results that fit into an answer, whatever they are.
const SMALL: usize = 8 << 10;

/// Bytes of an exception's text that names a service and a method as the peer did: of each 256 bytes are shown, each of
/// which takes three if it is no text.
const LONGEST_REFUSAL: usize = 2 << 10;

/// Bytes that an exception's text may have: it is shortened to 16 KiB, and says so.
const LONGEST_TEXT: usize = (16 << 10) + 64;

/// A message that is to be sent.
#[derive(Debug, Clone)]
pub(super) struct Owed {
    form: Form,
    protocol: Protocol,
    sequence: i32,
    name: Vec<u8>,
    /// Whether it says that the connection is not to be used again.
    reset: bool,
    says: Says,
}

#[derive(Debug, Clone)]
pub(super) enum Says {
    /// Not known yet.
    Nothing,
    /// That this side goes away.
    Leaving,
    Reply {
        status: Option<BusinessStatus>,
        pairs: Vec<(Vec<u8>, Vec<u8>)>,
        body: Bytes,
    },
    /// An exception of the engine, whose text holds `text`.
    Told {
        code: i32,
        text: &'static str,
    },
    /// An exception of the handler.
    Failed {
        exception: ApplicationException,
        pairs: Vec<(Vec<u8>, Vec<u8>)>,
    },
}

impl Says {
    /// What a handler's answer is to the caller.
    pub(super) fn of(answer: &Result<Response, Error>, protocol: Protocol, limits: &Limits) -> Self {
        match answer {
            Ok(Response { status, metadata, body, .. }) => match body.message() {
                Some(payload) => match payload.transcode(protocol, limits) {
                    Ok(payload) => Self::Reply {
                        status: match status {
                            Status::Business(status) => Some((**status).clone()),
                            _ => None,
                        },
                        pairs: pairs(metadata),
                        body: payload.into_bytes(),
                    },
                    Err(_) => Self::Told { code: ApplicationException::INTERNAL_ERROR, text: "" },
                },
                None => Self::Told { code: ApplicationException::INTERNAL_ERROR, text: "stream" },
            },
            Err(error) => Self::Failed { exception: error.to_exception(), pairs: pairs(error.metadata()) },
        }
    }

    /// True if it fits into a message, whatever its header needs.
    fn is_small(&self) -> bool {
        let of_pairs = |pairs: &[(Vec<u8>, Vec<u8>)]| -> usize {
            pairs.iter().map(|(key, value)| key.len() + value.len()).sum()
        };
        let bytes = match self {
            Self::Nothing | Self::Leaving | Self::Told { .. } => 0,
            Self::Failed { pairs, .. } => of_pairs(pairs),
            Self::Reply { status, pairs, body } => {
                // In JSON a byte may take six.
                let extra = |status: &BusinessStatus| -> usize {
                    status.extra.iter().map(|(key, value)| 6 * (key.len() + value.len())).sum()
                };
                let status = status.as_ref().map_or(0, |status| status.message.len() + extra(status));
                status + of_pairs(pairs) + body.len()
            }
        };
        bytes <= SMALL
    }
}

/// The pairs that go back with an answer.
fn pairs(metadata: &Metadata) -> Vec<(Vec<u8>, Vec<u8>)> {
    let sent = metadata.iter(Scope::Backward).filter(|(key, value)| !key.is_empty() && !value.is_empty());
    sent.map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

impl Owed {
    pub(super) fn new(request: &Frame, envelope: &Envelope<'_>, says: Says, reset: bool) -> Self {
        let Envelope { name, sequence, .. } = *envelope;
        let Frame { form, protocol, .. } = *request;
        Self { form, protocol, sequence, name: name.to_vec(), reset, says }
    }

    pub(super) fn control() -> Self {
        let (form, protocol, name) = (Form::TTHeader, Protocol::Binary, b"none".to_vec());
        Self { form, protocol, sequence: 0, name, reset: true, says: Says::Leaving }
    }

    /// The same to say something, and with `reset` that the connection is not to be used again.
    pub(super) fn saying(mut self, says: Says, reset: bool) -> Self {
        self.reset |= reset;
        self.says = says;
        self
    }

    /// Holds a message against this.
    pub(super) fn check(&self, frame: &Frame, checksum: bool, limits: &Limits) {
        let payload = frame.payload();
        let (envelope, body) = frame.envelope(limits).expect("a message that was sent has an envelope");
        // What is written is strict.
        assert!(self.protocol != Protocol::Binary || Envelope::decode(&payload).is_ok());
        let asked = (self.form, self.protocol, self.sequence, &self.name[..]);
        assert_eq!((frame.form, frame.protocol, envelope.sequence, envelope.name), asked, "{self:?}");
        self.check_head(frame, envelope.kind, checksum);
        let body = payload.slice(body);
        match &self.says {
            Says::Nothing => panic!("nothing is to be said to a call under way: {self:?}"),
            Says::Leaving => assert_eq!(envelope.kind, MessageType::REPLY),
            Says::Reply { status, pairs, body: result } => {
                if envelope.kind == MessageType::EXCEPTION && !self.says.is_small() {
                    return;
                }
                assert_eq!(envelope.kind, MessageType::REPLY, "{self:?}");
                assert_eq!(body, result);
                check_pairs(frame, pairs, status.as_ref());
            }
            Says::Told { code, text } => {
                let exception = exception(self.protocol, &body, envelope.kind, limits);
                assert!(exception.message.len() <= LONGEST_REFUSAL);
                assert!(
                    exception.code == *code && exception.message.contains(text),
                    "{exception:?} {self:?}"
                );
            }
            Says::Failed { exception: said, pairs } => {
                let exception = exception(self.protocol, &body, envelope.kind, limits);
                assert_eq!(exception.code, said.code);
                assert!(exception.message.len() <= LONGEST_TEXT);
                // An empty text is read as one that says what the code means.
                let any_text = said.message.is_empty() || said.message.len() > SMALL;
                assert!(any_text || exception.message == said.message, "{self:?}");
                if self.says.is_small() && said.message.len() <= SMALL {
                    check_pairs(frame, pairs, None);
                }
            }
        }
    }

    /// What stands in the header of every answer.
    fn check_head(&self, frame: &Frame, kind: MessageType, checksum: bool) {
        let Some(header) = &frame.header else { return };
        assert_eq!(header.pairs().get(string_key::CONNECTION_RESET).is_some(), self.reset, "{self:?}");
        if matches!(self.says, Says::Leaving) {
            return;
        }
        let number = if kind == MessageType::REPLY { b"2" } else { b"3" };
        assert_eq!(header.int(int_key::MSG_TYPE), Some(&number[..]));
        assert_eq!(header.pairs().get(string_key::CHECKSUM).is_some(), checksum);
        assert!(frame.verify_checksum().is_ok());
    }
}

fn exception(protocol: Protocol, body: &Bytes, kind: MessageType, limits: &Limits) -> ApplicationException {
    assert_eq!(kind, MessageType::EXCEPTION);
    protocol.decode(body, limits).expect("an exception that was sent can be read")
}

/// What goes with an answer, if its form has a place for it.
fn check_pairs(frame: &Frame, pairs: &[(Vec<u8>, Vec<u8>)], status: Option<&BusinessStatus>) {
    let Some(header) = &frame.header else { return };
    let sent = header.pairs();
    for (key, value) in pairs {
        assert!(sent.iter().any(|pair| pair == (key, value)), "a pair of an answer is lost");
    }
    let code = status.map(|status| status.code.to_string().into_bytes());
    assert_eq!(sent.get(string_key::STATUS_CODE), code.as_deref());
    assert_eq!(sent.get(string_key::STATUS_MESSAGE), status.map(|status| status.message.as_bytes()));
    let extra = status.is_some_and(|status| !status.extra.is_empty());
    assert_eq!(sent.get(string_key::STATUS_EXTRA).is_some(), extra);
    // No pair but these and those of the engine.
    let own = usize::from(status.is_some()) * 2 + usize::from(extra);
    let engine = [string_key::CONNECTION_RESET, string_key::CHECKSUM];
    let all = sent.iter().filter(|(key, _)| !engine.iter().any(|own| own.as_bytes() == *key)).count();
    assert_eq!(all, own + pairs.len());
}
