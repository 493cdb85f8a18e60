//! What header keys mean. No other file gives them a meaning (spec: kitex-wire 6.5, 6.6, 8, 9).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kitex_codec::{
    Checksum, EncodeError, Envelope, Form, Frame, Header, HeaderWriter, Limits, Output, Pairs,
    PreparedSection, Protocol, Segments, Str, flags, int_key, string_key,
};

use crate::metadata::{Entry, scoped};
use crate::shown::shown;
use crate::trace;
use crate::{
    BusinessStatus, ConnectionInfo, Context, Deadline, Error, ErrorKind, Metadata, Method, Scope, Stage,
    Status,
};

/// Payloads from this size on are linked into a connection's output. Below it, copying costs less than a further
/// piece of a vectored write.
const LINK_PAYLOAD_FROM: usize = 2048;

/// The string pairs of a message, those of a mesh header too.
fn pairs(frame: &Frame) -> Option<&Pairs> {
    frame.header.as_ref().map(Header::pairs).or(frame.mesh.as_ref())
}

/// Takes the string pairs out of a message: nothing can be read of them in the message any more.
pub(crate) fn take_pairs(frame: &mut Frame) -> Pairs {
    let header = frame.header.as_mut().map(Header::take_pairs);
    header.or_else(|| frame.mesh.take()).unwrap_or_default()
}

/// The service that a request names, in a mesh header too; empty if it names none.
pub(crate) fn service_name(frame: &Frame) -> &[u8] {
    let named = match &frame.header {
        Some(header) => header.service(),
        None => frame.mesh.as_ref().and_then(|pairs| pairs.get(string_key::SERVICE)),
    };
    named.unwrap_or_default()
}

/// What the header that came with a request says of its caller's service.
pub(crate) fn caller(received: &Metadata) -> &[u8] {
    received.header().and_then(Pairs::caller).unwrap_or_default()
}

/// What the header that came with a request says of the method that its caller was serving.
pub(crate) fn caller_method(received: &Metadata) -> &str {
    text(received, int_key::FROM_METHOD)
}

/// The address that a proxy in front of this side gives the caller.
pub(crate) fn forwarded_peer(received: &Metadata) -> Option<&str> {
    let address = received.wire().get(string_key::REMOTE_ADDRESS)?;
    std::str::from_utf8(address).ok().filter(|address| !address.is_empty())
}

fn text(received: &Metadata, key: u16) -> &str {
    let value = received.header().and_then(|pairs| pairs.int(key));
    value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
}

/// True if the sender takes answers in any order.
pub(crate) fn is_out_of_order(frame: &Frame) -> bool {
    frame.header.as_ref().is_some_and(|header| header.flags & flags::OUT_OF_ORDER != 0)
}

/// What a request's header says to the handler.
pub(crate) fn context(
    frame: &mut Frame,
    info: &Arc<ConnectionInfo>,
    now: Instant,
    longest: Duration,
) -> Context {
    let (metadata, timeout) = match &mut frame.header {
        Some(header) => {
            let timeout = timeout(header);
            (header.take_pairs(), timeout)
        }
        None => (frame.mesh.take().unwrap_or_default(), None),
    };
    let mut context = Context::received(Arc::clone(info), Metadata::received(metadata));
    context.began = Some(now);
    context.deadline = timeout.map(|timeout| Deadline::after(now, timeout.min(longest)));
    context
}

/// The caller's timeout. What is no number, or none that makes sense, is as good as absent.
fn timeout(header: &Header) -> Option<Duration> {
    let value = std::str::from_utf8(header.int(int_key::RPC_TIMEOUT)?).ok()?;
    let millis = value.parse::<u64>().ok()?;
    (millis > 0).then(|| Duration::from_millis(millis))
}

/// True if the connection that a message came over is not to be used again (spec: kitex-wire 11.1).
pub(crate) fn is_reset(frame: &Frame) -> bool {
    pairs(frame).is_some_and(|pairs| pairs.get(string_key::CONNECTION_RESET).is_some())
}

/// The business status among a reply's pairs. Errors if it is there and its extra cannot be read: Kitex loses such a
/// status without a word.
pub(crate) fn business_status(pairs: &Pairs) -> Result<Option<Box<BusinessStatus>>, Error> {
    let code = pairs.get(string_key::STATUS_CODE).and_then(|code| std::str::from_utf8(code).ok());
    let Some(code) = code.and_then(|code| code.parse::<i32>().ok()).filter(|code| *code != 0) else {
        return Ok(None);
    };
    let message = pairs.get(string_key::STATUS_MESSAGE).unwrap_or_default();
    let extra = match pairs.get(string_key::STATUS_EXTRA) {
        Some(extra) if !extra.is_empty() => read_extra(extra, code)?,
        _ => BTreeMap::new(),
    };
    Ok(Some(Box::new(BusinessStatus { code, message: Str::from(String::from_utf8_lossy(message)), extra })))
}

fn read_extra(json: &[u8], code: i32) -> Result<BTreeMap<Str, Str>, Error> {
    let extra: BTreeMap<String, String> = serde_json::from_slice(json).map_err(|error| {
        let text = format!("the extra of business status {code} is not a JSON object of strings");
        // What an error says of JSON may quote all of it.
        let error = shown(error.to_string().as_bytes());
        Error::new(ErrorKind::Protocol, Stage::Decode, text).with_source(error.to_string())
    })?;
    Ok(extra.into_iter().map(|(key, value)| (Str::from(key), Str::from(value))).collect())
}

/// What stands around a payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shell<'a> {
    pub(crate) form: Form,
    /// What envelope and payload are encoded in.
    pub(crate) protocol: Protocol,
    pub(crate) flags: u16,
    pub(crate) envelope: Envelope<'a>,
    /// Whether to write the payload's checksum.
    pub(crate) checksum: bool,
}

impl Shell<'_> {
    /// Appends a whole message. `acl` and `pairs`, which gives the entries it has written, matter over TTHeader only.
    ///
    /// Errors if the message is larger than this side would take itself. Then nothing was appended.
    pub(crate) fn write(
        &self,
        out: &mut Output,
        payload: &Segments,
        limits: &Limits,
        acl: Option<&[u8]>,
        pairs: impl FnOnce(&mut HeaderWriter<'_>) -> usize,
    ) -> Result<(), EncodeError> {
        if self.protocol != Protocol::Binary {
            return self.write_other(out, payload, limits);
        }
        let len = self.envelope.len() + payload.len();
        check(len, "Limits::max_frame", limits.max_frame)?;
        let framed = self.form.is_framed();
        out.reserve_message();
        let start = out.tail().len();
        let mut checksum_at = None;
        if self.form.has_header() {
            let behind = len + if framed { 4 } else { 0 };
            let mut header = HeaderWriter::begin(out, self.flags, self.envelope.sequence, 0);
            if let Some(token) = acl {
                header.acl(token);
            }
            if self.checksum {
                checksum_at = Some(header.reserve_string::<8>(string_key::CHECKSUM));
            }
            let entries = pairs(&mut header) + usize::from(acl.is_some()) + usize::from(self.checksum);
            header.finish(behind)?;
            let header = out.tail().len() - start;
            if let Err(error) = check_header(header, entries, behind, limits) {
                out.tail().truncate(start);
                return Err(error);
            }
        }
        let body_at = out.tail().len();
        if framed {
            out.tail().extend_from_slice(&(len as u32).to_be_bytes());
        }
        self.envelope.encode(out);
        if let Some(at) = checksum_at {
            let checksum = checksum(&out.tail()[body_at..], payload);
            out.tail()[at..at + 8].copy_from_slice(&checksum);
        }
        out.append_segments(payload, LINK_PAYLOAD_FROM);
        Ok(())
    }

    /// A message in Compact or JSON, the length of whose envelope shows when it is written.
    #[cold]
    fn write_other(&self, out: &mut Output, payload: &Segments, limits: &Limits) -> Result<(), EncodeError> {
        if self.form.has_header() {
            return Err(behind_header());
        }
        out.reserve_message();
        let start = out.tail().len();
        let at = if self.form.is_framed() { start + 4 } else { start };
        out.tail().resize(at, 0);
        let trailer = self.protocol.trailer();
        let written = self.protocol.encode_envelope(&self.envelope, out);
        let len = out.tail().len() - at + payload.len() + trailer.len();
        if let Err(error) = written.and_then(|()| check(len, "Limits::max_frame", limits.max_frame)) {
            out.tail().truncate(start);
            return Err(error);
        }
        if self.form.is_framed() {
            out.tail()[start..at].copy_from_slice(&(len as u32).to_be_bytes());
        }
        out.append_segments(payload, LINK_PAYLOAD_FROM);
        out.tail().extend_from_slice(trailer);
        Ok(())
    }
}

/// What stands behind a TTHeader is what Kitex reads there.
#[cold]
fn behind_header() -> EncodeError {
    let why = "behind a TTHeader stands Thrift Binary; other protocols go over Buffered and Framed";
    EncodeError::unwritable("a message in this protocol", why)
}

/// What a reader with the same limits checks: the header's entries, its info, and LENGTH, which counts all but itself.
fn check_header(header: usize, entries: usize, behind: usize, limits: &Limits) -> Result<(), EncodeError> {
    check(entries, "Limits::max_header_entries", limits.max_header_entries)?;
    check(header - FIXED, "Limits::max_header", limits.max_header)?;
    check(header - 4 + behind, "Limits::max_frame", limits.max_frame)
}

/// Bytes of a TTHeader before its header info.
const FIXED: usize = 14;

fn check(asked: usize, setting: &'static str, allowed: usize) -> Result<(), EncodeError> {
    if asked > allowed { Err(EncodeError::limit(setting, asked, allowed)) } else { Ok(()) }
}

fn checksum(before: &[u8], payload: &Segments) -> [u8; 8] {
    let mut checksum = Checksum::default();
    checksum.update(before);
    payload.iter().for_each(|piece| checksum.update(piece));
    checksum.text()
}

/// What a client says of itself and of the callee.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    pub(crate) caller: &'a str,
    pub(crate) service: Option<&'a str>,
}

/// What all requests for a method say alike.
#[derive(Debug)]
pub(crate) struct RequestTemplate {
    ints: PreparedSection,
    strings: PreparedSection,
    /// The metadata that stands among the strings.
    shared: Option<Arc<Vec<Entry>>>,
    /// A place in a trace is among it.
    is_placed: bool,
}

impl RequestTemplate {
    /// Errors if a name, or something of the metadata that the client's calls share, is too long for a header.
    pub(crate) fn new(
        names: &Names<'_>,
        form: Form,
        method: &Method,
        shared: Option<&Arc<Vec<Entry>>>,
    ) -> Result<Self, EncodeError> {
        let service = method.service();
        let ints = PreparedSection::ints(&[
            (int_key::TRANSPORT_TYPE, if form.is_framed() { b"framed" } else { b"unframed" }),
            (int_key::FROM_SERVICE, names.caller.as_bytes()),
            (int_key::TO_SERVICE, names.service.unwrap_or(service).as_bytes()),
            (int_key::TO_METHOD, method.name().as_bytes()),
            (int_key::MSG_TYPE, if method.is_oneway() { b"4" } else { b"1" }),
        ])?;
        let strings = PreparedSection::build(|header| {
            if !service.is_empty() {
                header.string(&[string_key::SERVICE.as_bytes()], service.as_bytes());
            }
            entry_pairs(header, shared.into_iter().flat_map(|entries| entries.iter()));
        })?;
        let is_placed = shared.is_some_and(|entries| has_place(entries.iter()));
        Ok(Self { ints, strings, shared: shared.cloned(), is_placed })
    }

    /// True if this is the template of calls with that metadata.
    pub(crate) fn is_for(&self, shared: Option<&Arc<Vec<Entry>>>) -> bool {
        match (&self.shared, shared) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (None, None) => true,
            _ => false,
        }
    }

    /// Writes the pairs of a request (spec: kitex-wire 6.7, 8.2); gives how many.
    pub(crate) fn write(&self, header: &mut HeaderWriter<'_>, context: &Context, now: Instant) -> usize {
        let mut count = self.strings.entries() + self.ints.entries() + 1;
        header.prepared(&self.strings);
        count += received_pairs(header, &context.metadata);
        count += entry_pairs(header, context.metadata.own());
        if !self.is_placed {
            count += trace_pair(header, context);
        }
        header.prepared(&self.ints);
        header.int(int_key::FROM_METHOD, context.caller_method().as_bytes());
        if let Some(deadline) = context.deadline {
            let mut digits = [0; 20];
            header.int(int_key::RPC_TIMEOUT, decimal(deadline.remaining_millis(now), &mut digits));
            count += 1;
        }
        count
    }
}

/// The ACL token to send, which has a section of its own.
pub(crate) fn acl_token(metadata: &Metadata) -> Option<&[u8]> {
    let mut entries = metadata.entries();
    let token = entries.find(|entry| entry.scope == Scope::Transient && entry.key == acl_key())?;
    (!token.value.is_empty()).then(|| token.value.as_bytes())
}

/// The key of the ACL token among the transient ones.
fn acl_key() -> &'static str {
    &string_key::ACL_TOKEN[string_key::TRANSIENT.len()..]
}

/// Passes on the persistent pairs of the call that this one is made for.
fn received_pairs(header: &mut HeaderWriter<'_>, metadata: &Metadata) -> usize {
    let mut count = 0;
    for (key, value) in metadata.wire().iter() {
        let Some((name, value)) = scoped(Scope::Persistent, key, value) else { continue };
        if !metadata.covers(Scope::Persistent, name) {
            header.string(&[key], value);
            count += 1;
        }
    }
    count
}

/// Writes what was set on this side.
fn entry_pairs<'a>(header: &mut HeaderWriter<'_>, entries: impl Iterator<Item = &'a Entry>) -> usize {
    let mut count = 0;
    for entry in entries {
        let acl = entry.scope == Scope::Transient && entry.key == acl_key();
        if acl || entry.scope == Scope::Backward || entry.key.is_empty() || entry.value.is_empty() {
            continue;
        }
        header.string(&[entry.scope.prefix().as_bytes(), entry.key.as_bytes()], entry.value.as_bytes());
        count += 1;
    }
    count
}

/// Whether a place in a trace was set as a pair, which is then sent in place of the one that a layer has noted.
fn has_place<'a>(mut entries: impl Iterator<Item = &'a Entry>) -> bool {
    entries.any(|entry| entry.scope == Scope::Transient && entry.key == trace::PARENT)
}

/// Writes the place in a trace that a layer has noted, straight from its numbers, unless one was set as a pair with this
/// very call.
fn trace_pair(header: &mut HeaderWriter<'_>, context: &Context) -> usize {
    const KEY: &[u8; 27] = b"\0\x17RPC_TRANSIT_traceparent\0\x37";
    const PAIR: [u8; KEY.len() + trace::LEN] = {
        let mut pair = [0; KEY.len() + trace::LEN];
        let (key, value) = pair.split_at_mut(KEY.len());
        key.copy_from_slice(KEY);
        value.copy_from_slice(trace::BLANK);
        pair
    };
    let Some(parent) = context.sent_trace() else { return 0 };
    if has_place(context.metadata.own()) {
        return 0;
    }
    if let Some(text) = header.whole_string(&PAIR).last_chunk_mut() {
        parent.fill_in(text);
    }
    1
}

/// Writes the pairs of a reply or, with `status` absent, of an exception (spec: kitex-wire 6.7, 8.4, 9.1); gives how
/// many.
pub(crate) fn reply_pairs(
    header: &mut HeaderWriter<'_>,
    status: Option<&Status>,
    metadata: &Metadata,
    reset: bool,
) -> usize {
    let mut count = 1;
    if let Some(Status::Business(status)) = status {
        count += write_status(header, status);
    }
    if reset {
        count += control_pairs(header);
    }
    let backward = metadata.entries().filter(|entry| entry.scope == Scope::Backward);
    for entry in backward.filter(|entry| !entry.key.is_empty() && !entry.value.is_empty()) {
        header.string(&[entry.key.as_bytes()], entry.value.as_bytes());
        count += 1;
    }
    header.int(int_key::MSG_TYPE, if status.is_some() { b"2" } else { b"3" });
    count
}

fn write_status(header: &mut HeaderWriter<'_>, status: &BusinessStatus) -> usize {
    header.string(&[string_key::STATUS_CODE.as_bytes()], status.code.to_string().as_bytes());
    header.string(&[string_key::STATUS_MESSAGE.as_bytes()], status.message.as_bytes());
    if status.extra.is_empty() {
        return 2;
    }
    let extra: BTreeMap<&str, &str> = status.extra.iter().map(|(key, value)| (&**key, &**value)).collect();
    // A map of strings has a JSON form whatever the strings are.
    let json = serde_json::to_vec(&extra).unwrap_or_default();
    header.string(&[string_key::STATUS_EXTRA.as_bytes()], &json);
    3
}

/// Writes the pair that says that this connection is not to be used again: on a reply, and alone on the frame that says
/// it to a multiplexed peer (spec: kitex-wire 11.1, 12.4); gives how many.
pub(crate) fn control_pairs(header: &mut HeaderWriter<'_>) -> usize {
    header.string(&[string_key::CONNECTION_RESET.as_bytes()], b"1");
    1
}

fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &digits[at..];
        }
    }
}
