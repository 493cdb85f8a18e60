//! A request that is to be sent, held against what was.

use std::time::Instant;

use kitex_codec::{Bytes, Frame, Limits, MessageType, flags, int_key, string_key};
use kitex_core::{ClientConfig, MethodDescriptor, Request, Scope};

use crate::engine::body;

/// Bytes of metadata that fit into a header.
const SMALL: usize = 1 << 10;

#[derive(Debug)]
pub(super) struct Asked {
    sequence: i32,
    method: &'static MethodDescriptor,
    args: Bytes,
    /// What is left of the deadline, in milliseconds.
    timeout: Option<u64>,
    /// Strings of the header, under their names on the wire.
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Asked {
    pub(super) fn new(
        sequence: i32,
        method: &'static MethodDescriptor,
        request: &Request,
        now: Instant,
    ) -> Self {
        let args = request.body.message().map(|payload| payload.clone().into_bytes()).unwrap_or_default();
        let timeout = request.context.deadline.map(|deadline| (deadline.instant() - now).as_millis() as u64);
        Self { sequence, method, args, timeout, pairs: pairs(request) }
    }

    /// Holds a message against this.
    pub(super) fn check(&self, frame: &Frame, config: &ClientConfig, limits: &Limits) {
        let (envelope, _) = frame.envelope(limits).expect("a request that was sent has an envelope");
        let kind = if self.method.oneway { MessageType::ONEWAY } else { MessageType::CALL };
        let prefix = config.service_prefix.iter().map(|service| format!("{service}:")).collect::<String>();
        let name = prefix + self.method.name;
        assert_eq!((envelope.kind, envelope.sequence, envelope.name), (kind, self.sequence, name.as_bytes()));
        assert_eq!((frame.form, frame.protocol), (config.form, config.protocol));
        assert_eq!(body(frame, limits), self.args);
        if frame.header.is_some() {
            self.check_header(frame, config);
        }
    }

    fn check_header(&self, frame: &Frame, config: &ClientConfig) {
        let header = frame.header.as_ref().expect("looked at before");
        let flags = if config.multiplexed { flags::OUT_OF_ORDER } else { 0 };
        assert_eq!((header.flags, header.sequence), (flags, self.sequence));
        let timeout = self.timeout.map(|millis| millis.to_string());
        let callee = config.service.as_deref().unwrap_or(self.method.service);
        let framed = if config.form.is_framed() { "framed" } else { "unframed" };
        let ints = [
            (int_key::TRANSPORT_TYPE, Some(framed)),
            (int_key::FROM_SERVICE, Some(&*config.caller)),
            (int_key::TO_SERVICE, Some(callee)),
            (int_key::TO_METHOD, Some(self.method.name)),
            (int_key::MSG_TYPE, Some(if self.method.oneway { "4" } else { "1" })),
            (int_key::RPC_TIMEOUT, timeout.as_deref()),
        ];
        for (key, value) in ints {
            assert_eq!(header.int(key), value.map(str::as_bytes), "{key} of {self:?}");
        }
        let sent = header.pairs();
        assert_eq!(sent.get(string_key::SERVICE), Some(self.method.service.as_bytes()));
        assert_eq!(sent.get(string_key::CHECKSUM).is_some(), config.checksum);
        assert!(frame.verify_checksum().is_ok());
        let has = |(key, value): &(Vec<u8>, Vec<u8>)| sent.iter().any(|pair| pair == (key, value));
        assert!(self.pairs.iter().all(has), "metadata is lost: {self:?}");
        assert_eq!(sent.iter().count(), 1 + usize::from(config.checksum) + self.pairs.len());
    }
}

/// What of a request's metadata goes with it.
fn pairs(request: &Request) -> Vec<(Vec<u8>, Vec<u8>)> {
    let of = |scope: Scope| {
        let all = request.context.metadata.iter(scope);
        let sent = all.filter(|(key, value)| !key.is_empty() && !value.is_empty());
        sent.map(move |(key, value)| ([scope.prefix().as_bytes(), key].concat(), value.to_vec()))
    };
    of(Scope::Persistent).chain(of(Scope::Transient)).collect()
}

/// True if a request may be more than a header has room for.
pub(super) fn is_large(request: &Request) -> bool {
    pairs(request).iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > SMALL
}
