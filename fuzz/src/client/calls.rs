//! Calls that are made, or are not.

use std::time::Duration;

use kitex_codec::{Bytes, Protocol};
use kitex_core::{CallId, Deadline, Error, ErrorKind, MethodDescriptor, Payload, Request, Scope};

use super::asked::{self, Asked};
use super::model::State;
use super::{Call, Client, LARGEST_ARGUMENT, MAX_IN_FLIGHT, MAX_QUEUED};
use crate::engine::methods;
use crate::script::Script;

impl Client {
    pub(super) fn call(&mut self, script: &mut Script<'_>) {
        let choice = script.byte();
        let method = methods().cycle().nth(usize::from(choice & 31)).expect("a cycle does not end");
        let args = if choice & 32 == 0 { 2 } else { script.short() % LARGEST_ARGUMENT };
        let protocol = self.config.protocol;
        let args = argument(args, protocol);
        let mut request = Request::new(method, Payload::new(protocol, args));
        if choice & 128 != 0 {
            let timeout = Duration::from_millis(script.byte().into());
            request.context.deadline = Some(Deadline::after(self.clock.now(), timeout));
        }
        if choice & 64 != 0 {
            let text = |script: &mut Script<'_>| String::from_utf8_lossy(script.sized()).into_owned();
            request.context.metadata.set(Scope::Persistent, text(script), text(script));
            request.context.metadata.set(Scope::Transient, "gdpr-token", "token");
        }
        let (token, why_not) = (self.calls.len(), self.why_not(&request));
        let now = self.clock.now();
        match self.connection.call(now, &request, token) {
            Ok(id) => {
                assert_eq!(why_not, None);
                self.begun(method, &request, id);
            }
            Err(refusal) => {
                assert_eq!(refusal.token, token);
                self.refused(&refusal.error, why_not, &request);
            }
        }
    }

    /// Why a call cannot be begun, and the setting that says so.
    pub(super) fn why_not(&mut self, request: &Request) -> Option<(ErrorKind, Option<&'static str>)> {
        let room = if self.model.multiplexed { MAX_IN_FLIGHT } else { 1 };
        let late = request.context.deadline.is_some_and(|deadline| deadline.instant() <= self.clock.now());
        if self.model.state != State::Open {
            Some((ErrorKind::Closed, None))
        } else if self.waits().len() >= room {
            Some((ErrorKind::Limit, Some("max_in_flight")))
        } else if self.connection.output().len() > MAX_QUEUED {
            Some((ErrorKind::Limit, Some("max_queued_output")))
        } else {
            late.then_some((ErrorKind::Deadline, Some("timeout")))
        }
    }

    pub(super) fn refused(
        &mut self,
        error: &Error,
        why_not: Option<(ErrorKind, Option<&'static str>)>,
        request: &Request,
    ) {
        if why_not.is_some() {
            assert_eq!(Some((error.kind(), error.setting())), why_not);
            return;
        }
        assert!(error.kind() == ErrorKind::Encode && asked::is_large(request), "{error}");
        // A sequence id may have been taken before it showed that the request cannot be written.
        self.sequence += 1;
    }

    pub(super) fn begun(&mut self, method: &'static MethodDescriptor, request: &Request, id: Option<CallId>) {
        self.sequence += 1;
        assert_eq!(id.is_none(), method.oneway);
        self.asked.push(Asked::new(self.sequence, method, request, self.clock.now()));
        let deadline = request.context.deadline.map(|deadline| deadline.instant());
        match id {
            Some(id) => {
                assert!(self.calls.iter().all(|call| call.id != id));
                self.calls.push(Call { method, sequence: self.sequence, id, deadline, ended: false });
            }
            None => self.model.oneways += u32::from(!self.model.multiplexed),
        }
    }
}

/// An args struct with a string of `len` bytes.
fn argument(len: u16, protocol: Protocol) -> Bytes {
    let text = vec![b'x'; usize::from(len)];
    Bytes::from(match protocol {
        Protocol::Binary => [&[11, 0, 1, 0, 0], &len.to_be_bytes()[..], &text, &[0]].concat(),
        Protocol::Compact => [&[0x18, len as u8 | 0x80, (len >> 7) as u8][..], &text, &[0]].concat(),
        Protocol::Json => [&br#"{"1":{"str":""#[..], &text, br#""}}"#].concat(),
    })
}
