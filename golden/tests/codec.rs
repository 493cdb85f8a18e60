//! The codec reads the recorded bytes to the recorded values.

use std::collections::BTreeMap;

use golden::{
    Case, Codec, Decoded, Deviations, Difference, Exception, Facts, Form, Header, Side, differences, oracle,
};
use kitex_codec::{
    ApplicationException, Bytes, BytesMut, DecodeError, Envelope, Frame, FrameDecoder, Limits,
    MAX_HEADER_INFO, MessageType, Protocol, Walk, Walker, decode, string_key,
};

const TABLE: &str = include_str!("codec_deviations.txt");

#[test]
fn every_recorded_message_is_read_to_its_recorded_facts() {
    compare(&Limits::default(), Deviations::new(TABLE), |_| true);
}

/// What was recorded as too deep is then read as well, so only what is read is compared.
#[test]
fn with_raised_limits_no_row_about_them_is_needed() {
    let mut limits = Limits::default();
    (limits.max_header, limits.max_depth) = (MAX_HEADER_INFO, 1_100);
    compare(&limits, Deviations::without(TABLE, "our limit"), |found| found.fact != "refused");
}

fn compare(limits: &Limits, mut deviations: Deviations, counts: fn(&Difference) -> bool) {
    for case in golden::all() {
        let found = tails(case).flat_map(|tail| tail.differences(limits));
        deviations.settle(&case.path(), &found.filter(counts).collect::<Vec<_>>());
    }
    let failures = deviations.finish().err().unwrap_or_default();
    assert!(failures.is_empty(), "{failures}");
}

/// A recorded message and all that its sender sent after it on that connection.
struct Tail {
    recorded: Decoded,
    bytes: Vec<u8>,
    /// Whether the recorded server took it for a message and called a handler.
    served: bool,
}

fn tails(case: &Case) -> impl Iterator<Item = Tail> + '_ {
    case.messages.iter().enumerate().filter_map(|(index, message)| {
        let recorded = message.decoded.clone()?;
        let later = case.messages[index..].iter();
        let rest = later.clone().filter(|later| (later.conn, later.from) == (message.conn, message.from));
        let served = message.from == Side::Client
            && later.clone().any(|later| {
                let reply = later.decoded.as_ref().filter(|_| later.from == Side::Server);
                reply.is_some_and(|reply| reply.message_type == 2 && reply.seq == recorded.seq)
            });
        let bytes = rest.flat_map(|later| later.bytes.clone()).collect();
        Some(Tail { recorded, bytes, served })
    })
}

impl Tail {
    fn differences(&self, limits: &Limits) -> Vec<Difference> {
        let ours = ours(&self.bytes, limits);
        let read = oracle::read(&self.bytes);
        let mut expected = self.recorded.clone();
        match &read {
            Some(read) => expected.exception = expected.exception.or_else(|| read.decoded.exception.clone()),
            // Neither the oracle nor the recorded server took it for a message.
            None if !self.served => return refused(ours),
            None => {}
        }
        match ours {
            Ok(Some((ours, length))) => {
                let read = read.map(|read| read.length);
                let mut found = differences(&expected, &ours, Facts::OfOneMessage);
                found.extend(Difference::of("length", read, Some(length)).filter(|_| read.is_some()));
                found
            }
            Ok(None) => Difference::of("decoded", &expected.method, "waits for more").into_iter().collect(),
            Err(error) => {
                Difference::of("decoded", &expected.method, error.to_string()).into_iter().collect()
            }
        }
    }
}

fn refused(ours: Result<Option<(Decoded, usize)>, DecodeError>) -> Vec<Difference> {
    let whole = ours.ok().flatten().map(|(decoded, _)| decoded.method);
    Difference::of("refused", None::<String>, whole).into_iter().collect()
}

/// What the codec reads at the head of `bytes`, and how many of them.
fn ours(bytes: &[u8], limits: &Limits) -> Result<Option<(Decoded, usize)>, DecodeError> {
    let mut buffer = BytesMut::from(bytes);
    let Some(mut frame) = Frame::decode(&mut buffer, limits)? else { return Ok(None) };
    let length = bytes.len() - buffer.len();
    let (envelope, body_at) = Envelope::decode(frame.payload_bytes())?;
    let (kind, seq) = (envelope.kind, envelope.sequence);
    let method = String::from_utf8_lossy(envelope.name).into_owned();
    let body = frame.payload().slice(body_at..);
    let exception = if kind == MessageType::EXCEPTION { Some(exception(&body)?) } else { None };
    let payload_at = length - frame.payload_bytes().len() - if frame.form.is_framed() { 4 } else { 0 };
    let header = frame.header.take().map(|header| self::header(&header, payload_at));
    let (form, codec) = (form(frame.form), Codec::Thrift);
    Ok(Some((Decoded { form, header, codec, message_type: kind.0, seq, method, exception }, length)))
}

fn form(form: kitex_codec::Form) -> Form {
    match form {
        kitex_codec::Form::Buffered => Form::Buffered,
        kitex_codec::Form::Framed => Form::Framed,
        kitex_codec::Form::TTHeader => Form::TtHeader,
        kitex_codec::Form::TTHeaderFramed => Form::TtHeaderFramed,
    }
}

fn exception(body: &Bytes) -> Result<Exception, DecodeError> {
    let ApplicationException { code, message } = decode(body, &Limits::default())?;
    Ok(Exception { code, message: message.to_string() })
}

fn header(header: &kitex_codec::Header, payload_at: usize) -> Header {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pairs = header.pairs().iter().map(|(key, value)| (text(key), text(value)));
    let mut str: BTreeMap<String, String> = pairs.collect();
    let acl_token = str.remove(string_key::ACL_TOKEN);
    Header {
        flags: header.flags,
        seq: header.sequence,
        protocol_id: header.protocol,
        int: header.ints().map(|(key, value)| (key, text(value))).collect(),
        str,
        acl_token,
        payload_at: Some(payload_at),
    }
}

#[test]
fn a_stream_that_comes_byte_by_byte_is_cut_as_one_that_comes_at_once() {
    let mut compared = 0;
    for case in golden::all() {
        for (conn, side) in
            case.connections().into_iter().flat_map(|conn| [(conn, Side::Client), (conn, Side::Server)])
        {
            let stream = case.stream(conn, side);
            let (whole, pieces) = (lengths([&stream[..]]), lengths(stream.chunks(1)));
            assert_eq!(whole, pieces, "{} {conn} {side:?}", case.path());
            compared += whole.0.len();
        }
    }
    assert!(compared > 1_000, "only {compared} messages");
}

/// The payloads' lengths of the messages that the pieces hold, and whether reading ended with an error.
fn lengths<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<usize>, bool) {
    let (mut decoder, mut buffer, mut lengths) = (FrameDecoder::default(), BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer, &Limits::default()) {
                Ok(Some(frame)) => lengths.push(frame.payload_bytes().len()),
                Ok(None) => break,
                Err(_) => return (lengths, true),
            }
        }
    }
    (lengths, false)
}

#[test]
fn the_walker_finds_the_end_of_every_recorded_struct() {
    let mut compared = 0;
    for exchange in golden::all().flat_map(Case::exchanges) {
        for sent in [Some(exchange.request), exchange.reply].into_iter().flatten() {
            let Some(tree_length) = oracle::struct_length(&sent.body) else { continue };
            let ours = Walker::new(Protocol::Binary, 0, 2_000).walk(&sent.body).unwrap();
            assert_eq!(ours, Walk::Done(tree_length), "{:?}", sent.decoded);
            compared += 1;
        }
    }
    assert!(compared > 900, "only {compared} structs");
}
