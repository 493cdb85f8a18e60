//! What a server owes its peer: the rules of the wire once more, message by message and without a thought of speed.

use std::time::{Duration, Instant};

use kitex_codec::{
    ApplicationException, Bytes, BytesMut, Envelope, Form, Frame, Limits, Pairs, Protocol, flags, int_key,
    string_key,
};
use kitex_core::{MethodDescriptor, Request, ServerConfig};

use super::owed::{Owed, Says};
use crate::engine::{ECHO, OTHER, RICH, body, is_behind_white_space, pass_white_space, passes};

/// What of a router's settings decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) strict: bool,
    /// Somebody takes what no service does.
    pub(super) unknown: bool,
}

/// Where a connection stands, and what of its input was taken.
#[derive(Debug)]
pub(super) struct Model {
    rules: Rules,
    checksum: bool,
    max_in_flight: usize,
    /// Bytes that are passed over.
    skip: usize,
    /// White space is passed over as well.
    white_space: bool,
    /// Something was passed over, and nobody was told yet.
    pub(super) complains: bool,
    pub(super) closing: bool,
    pub(super) draining: bool,
    pub(super) refusing: bool,
    /// Since when the peer knows that this side goes away.
    pub(super) told: Option<Instant>,
    pub(super) multiplexed: bool,
    pub(super) partial_since: Option<Instant>,
    pub(super) last_activity: Instant,
}

/// What a message is.
#[derive(Debug)]
pub(super) enum Came {
    Request(Box<Served>),
    /// The connection takes no more.
    Bad,
    /// What is to be answered at once, if anything.
    Refused(Option<Owed>),
}

/// A request that is served.
#[derive(Debug)]
pub(super) struct Served {
    /// `None` for what no service has.
    pub(super) method: Option<&'static MethodDescriptor>,
    pub(super) serial: bool,
    pub(super) size: usize,
    pub(super) frame: Frame,
    /// To whom the answer goes.
    pub(super) owed: Owed,
}

impl Model {
    pub(super) fn new(rules: Rules, config: &ServerConfig, now: Instant) -> Self {
        Self {
            rules,
            checksum: config.checksum,
            max_in_flight: config.max_in_flight,
            skip: 0,
            white_space: false,
            complains: false,
            closing: false,
            draining: false,
            refusing: false,
            told: None,
            multiplexed: false,
            partial_since: None,
            last_activity: now,
        }
    }

    pub(super) fn close(&mut self) {
        self.closing = true;
        self.partial_since = None;
    }

    /// Takes the next message off `input`; `None` if it is not whole. With `live` calls under way.
    pub(super) fn next(
        &mut self,
        now: Instant,
        input: &mut BytesMut,
        live: usize,
        limits: &Limits,
    ) -> Option<Came> {
        if !self.pass(input) {
            return None;
        }
        let before = input.clone();
        match Frame::decode(input, limits) {
            Ok(None) => None,
            Ok(Some(frame)) => {
                self.white_space = is_behind_white_space(&frame);
                self.pass(input);
                (self.last_activity, self.partial_since) = (now, None);
                Some(self.came(frame, live, limits))
            }
            Err(_) => {
                let Some((total, _)) = passes(&before) else { return Some(Came::Bad) };
                self.skip = total.saturating_sub(before.len() - input.len());
                (self.complains, self.partial_since) = (true, None);
                Some(Came::Refused(None))
            }
        }
    }

    /// Passes over what is to be passed over; false while there is more of it to come.
    fn pass(&mut self, input: &mut BytesMut) -> bool {
        if self.skip > 0 {
            let there = self.skip.min(input.len());
            drop(input.split_to(there));
            self.skip -= there;
            if self.skip == 0 {
                self.partial_since = None;
            }
        }
        if self.skip == 0 && self.white_space {
            self.white_space = pass_white_space(input);
        }
        self.skip == 0
    }

    /// Notes what is left of the input when nothing whole is there any more.
    pub(super) fn rest(&mut self, now: Instant, input: &mut BytesMut) {
        if !self.pass(input) || !input.is_empty() {
            self.partial_since.get_or_insert(now);
        }
    }

    fn came(&mut self, frame: Frame, live: usize, limits: &Limits) -> Came {
        let serial = frame.header.as_ref().is_none_or(|header| header.flags & flags::OUT_OF_ORDER == 0);
        let payload = frame.payload();
        let envelope = match frame.envelope(limits) {
            Ok((envelope, _)) if !frame.protobuf && !envelope.name.is_empty() && self.is_intact(&frame) => {
                envelope
            }
            _ if serial => return Came::Bad,
            _ => {
                self.complains = true;
                return Came::Refused(None);
            }
        };
        if !matches!(envelope.kind.0, 1 | 4 | 5) {
            return Came::Bad;
        }
        self.multiplexed = !serial;
        let (service, name) = split(service(&frame), envelope.name);
        let envelope = Envelope { name, ..envelope };
        let owed = |says, reset| Owed::new(&frame, &envelope, says, serial && reset);
        let method = match self.called(&frame, service, name) {
            Ok(method) => method,
            Err(code) => {
                let owed = owed(Says::Told { code, text: "unknown" }, true);
                self.closing |= serial;
                return Came::Refused(Some(owed));
            }
        };
        let oneway = method.is_some_and(|method| method.oneway);
        if live >= self.max_in_flight {
            let says = Says::Told { code: ApplicationException::INTERNAL_ERROR, text: "calls are under way" };
            return Came::Refused((!oneway).then(|| owed(says, self.draining)));
        }
        if (self.told.is_some() || self.refusing && !serial) && !oneway {
            let says = Says::Told { code: ApplicationException::INTERNAL_ERROR, text: "shutting down" };
            return Came::Refused(Some(owed(says, false)));
        }
        let owed = owed(Says::Nothing, self.draining);
        Came::Request(Box::new(Served { method, serial, size: payload.len(), owed, frame }))
    }

    /// What a peer is told whose message does not become whole: that, if it has come to its arguments and says how long
    /// it is. As it is not there, so much of it is made up.
    pub(super) fn stopped(&self, input: &BytesMut, limits: &Limits) -> Option<Owed> {
        let mut whole = input.clone();
        whole.resize(input.len() + limits.max_frame + 8, 0);
        let padded = whole.len();
        let frame = Frame::decode(&mut whole, limits).ok()?.filter(|_| self.skip == 0)?;
        let payload = frame.payload();
        let (envelope, args) = frame.envelope(limits).ok()?;
        let there = padded - whole.len() - payload.len() + args.start <= input.len();
        let request = matches!(envelope.kind.0, 1 | 4 | 5) && !envelope.name.is_empty() && !frame.protobuf;
        if !there || !request || frame.form == Form::Buffered {
            return None;
        }
        let serial = frame.header.as_ref().is_none_or(|header| header.flags & flags::OUT_OF_ORDER == 0);
        let (service, name) = split(service(&frame), envelope.name);
        let envelope = Envelope { name, ..envelope };
        let (code, text) = match self.called(&frame, service, name) {
            Ok(Some(method)) if method.oneway => return None,
            Ok(_) => (ApplicationException::PROTOCOL_ERROR, "message_timeout"),
            Err(code) => (code, "unknown"),
        };
        Some(Owed::new(&frame, &envelope, Says::Told { code, text }, serial))
    }

    fn is_intact(&self, frame: &Frame) -> bool {
        !self.checksum || frame.verify_checksum().is_ok()
    }

    /// The same with the code that Apache's clients know, for a request as only they send it.
    fn called(
        &self,
        frame: &Frame,
        service: &[u8],
        name: &[u8],
    ) -> Result<Option<&'static MethodDescriptor>, i32> {
        let called = frame.envelope(&Limits::default()).map_or(name, |(envelope, _)| envelope.name);
        let apache = called.len() > name.len() || frame.protocol != Protocol::Binary;
        self.route(service, name)
            .map_err(|code| if apache { ApplicationException::UNKNOWN_METHOD } else { code })
    }

    /// The method that a request is for, or the code of the exception that says that there is none.
    fn route(&self, service: &[u8], method: &[u8]) -> Result<Option<&'static MethodDescriptor>, i32> {
        let services = [RICH, ECHO, OTHER];
        let name = std::str::from_utf8(method).unwrap_or_default();
        let mut having = services.iter().filter_map(|service| service.method(name));
        let found = match services.iter().find(|known| known.name.as_bytes() == service) {
            Some(known) => known.method(name).ok_or(ApplicationException::UNKNOWN_METHOD),
            None if self.rules.strict => Err(ApplicationException::UNKNOWN_SERVICE),
            // The first one is the fallback.
            None => match (having.next(), having.next()) {
                (Some(first), more) if service.is_empty() || more.is_none() => Ok(first),
                _ => Err(ApplicationException::UNKNOWN_SERVICE),
            },
        };
        let is_text = std::str::from_utf8(service).is_ok() && std::str::from_utf8(method).is_ok();
        found.map(Some).or_else(|code| if self.rules.unknown && is_text { Ok(None) } else { Err(code) })
    }
}

/// The service and the bare name of a method, which a request that names no service otherwise may have in one.
fn split<'a>(service: &'a [u8], name: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    match name.iter().position(|byte| *byte == b':') {
        Some(at) if service.is_empty() => (&name[..at], &name[at + 1..]),
        _ => (service, name),
    }
}

fn service(frame: &Frame) -> &[u8] {
    pairs(frame).and_then(|pairs| pairs.get(string_key::SERVICE)).unwrap_or_default()
}

fn pairs(frame: &Frame) -> Option<&Pairs> {
    frame.header.as_ref().map(|header| header.pairs()).or(frame.mesh.as_ref())
}

/// The time that the caller of a request grants.
pub(super) fn granted(frame: &Frame) -> Option<Duration> {
    let value = frame.header.as_ref()?.pairs().int(int_key::RPC_TIMEOUT)?;
    let millis = std::str::from_utf8(value).ok()?.parse().ok().filter(|millis| *millis > 0)?;
    Some(Duration::from_millis(millis))
}

impl Served {
    pub(super) fn args(&self, limits: &Limits) -> Bytes {
        body(&self.frame, limits)
    }

    /// Holds a request against the message that it came as.
    pub(super) fn check(&self, request: &Request, limits: &Limits) {
        assert_eq!(request.method.descriptor().map(std::ptr::from_ref), self.method.map(std::ptr::from_ref));
        assert_eq!(request.body.message().map(|args| args.clone().into_bytes()), Some(self.args(limits)));
        let protocol = request.body.message().map(|args| args.protocol());
        assert_eq!(protocol, Some(self.frame.protocol));
        let came = pairs(&self.frame).into_iter().flat_map(Pairs::iter);
        assert!(request.context.metadata.wire().iter().eq(came), "metadata is lost");
    }
}
