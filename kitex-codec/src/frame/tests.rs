use super::*;

/// The Call of kitex-wire 2.2.
const CALL: &[u8] = b"\x80\x01\0\x01\0\0\0\x04Echo\0\0\0\x01\x0c\0\x01\x0b\0\x01\0\0\0\x02hi\0\0";

fn framed() -> Vec<u8> {
    [b"\0\0\0\x1e", CALL].concat()
}

fn with_header(body: &[u8]) -> Vec<u8> {
    let length = (14 + body.len()) as u32;
    [&length.to_be_bytes()[..], b"\x10\0\0\0\0\0\0\x01\0\x01\0\0\0\0", body].concat()
}

fn mesh(body: &[u8]) -> Vec<u8> {
    [b"\xff\xaf\0\x12\0\x01\0\x03rip\0\x091.2.3.4:5", body].concat()
}

fn decode(bytes: &[u8]) -> Result<Option<Frame>, DecodeError> {
    Frame::decode(&mut BytesMut::from(bytes), &Limits::default())
}

/// The same call without a version word, in Compact and in JSON.
const OLD: &[u8] = b"\0\0\0\x04Echo\x01\0\0\0\x01\x0c\0\x01\x0b\0\x01\0\0\0\x02hi\0\0";
const COMPACT: &[u8] = b"\x82\x21\x01\x04Echo\x1c\x18\x02hi\0\0";
const JSON: &[u8] = br#"[1,"Echo",1,1,{"1":{"rec":{"1":{"str":"hi"}}}}]"#;

fn in_frame(payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32).to_be_bytes()[..], payload].concat()
}

struct Case {
    bytes: Vec<u8>,
    form: Form,
    protocol: Protocol,
    payload: &'static [u8],
}

fn forms() -> Vec<Case> {
    let case = |bytes, form, protocol, payload| Case { bytes, form, protocol, payload };
    let mut cases = vec![
        case(with_header(CALL), Form::TTHeader, Protocol::Binary, CALL),
        case(with_header(&framed()), Form::TTHeaderFramed, Protocol::Binary, CALL),
    ];
    let payloads = [
        (Protocol::Binary, CALL),
        (Protocol::Binary, OLD),
        (Protocol::Compact, COMPACT),
        (Protocol::Json, JSON),
        // The shortest of all: less than the eight bytes that tell everything else.
        (Protocol::Compact, b"\x82\x21\x01\x01x\0"),
        (Protocol::Compact, b"\x82\x21\x01\0\0"),
    ];
    for (protocol, payload) in payloads {
        cases.extend([
            case(payload.to_vec(), Form::Buffered, protocol, payload),
            case(in_frame(payload), Form::Framed, protocol, payload),
            case(mesh(payload), Form::Buffered, protocol, payload),
            case(mesh(&in_frame(payload)), Form::Framed, protocol, payload),
        ]);
    }
    cases
}

#[test]
fn every_form_gives_the_same_message() {
    for Case { bytes, form, protocol, payload } in forms() {
        let frame = decode(&bytes).unwrap().unwrap();
        assert_eq!(
            (frame.form, frame.protocol, frame.payload()),
            (form, protocol, Bytes::from_static(payload))
        );
        assert_eq!(frame.header.is_some(), form.has_header());
    }
}

#[test]
fn a_message_is_found_however_it_is_cut() {
    let all: Vec<u8> = forms().into_iter().flat_map(|case| case.bytes).collect();
    for step in 1..all.len() {
        let mut decoder = FrameDecoder::default();
        let (mut buf, mut found) = (BytesMut::new(), Vec::new());
        for piece in all.chunks(step) {
            buf.extend_from_slice(piece);
            while let Some(frame) = decoder.decode(&mut buf, &Limits::default()).unwrap() {
                found.push((frame.form, frame.protocol, frame.payload()));
            }
        }
        let expected = forms().into_iter().map(|case| (case.form, case.protocol, case.payload.into()));
        assert!(found.into_iter().eq(expected), "{step}");
    }
}

#[test]
fn what_is_there_of_a_message_can_be_taken_once_its_length_is_known() {
    for Case { bytes, form, payload, .. } in forms() {
        let payload_at = bytes.len() - payload.len();
        // What tells a form takes eight bytes from where its frame begins.
        let known = payload_at.max(payload_at + 8 - if form.is_framed() { 4 } else { 0 });
        for end in 0..=bytes.len() {
            let (mut decoder, mut buf) = (FrameDecoder::default(), BytesMut::from(&bytes[..end]));
            let partial = decoder.take_partial(&mut buf, &Limits::default());
            let whole = end == bytes.len();
            assert_eq!(partial.is_some(), whole || end >= known && form != Form::Buffered, "{form:?} {end}");
            let Some(frame) = partial else { continue };
            assert_eq!((frame.form, &frame.payload()[..]), (form, &payload[..end - payload_at]));
            assert!(buf.is_empty() && decoder.expected().is_none());
        }
    }
}

#[test]
fn mesh_pairs_are_read() {
    let frame = decode(&mesh(CALL)).unwrap().unwrap();
    assert_eq!(frame.mesh.unwrap().get("rip"), Some(&b"1.2.3.4:5"[..]));
}

#[test]
fn a_frame_inside_a_header_counts_by_its_own_length() {
    let mut bytes = with_header(&[&framed()[..], b"abc"].concat());
    bytes.extend_from_slice(CALL);
    let mut buf = BytesMut::from(&bytes[..]);
    let frame = Frame::decode(&mut buf, &Limits::default()).unwrap().unwrap();
    assert_eq!(frame.payload(), CALL);
    assert!(buf.starts_with(b"abc"));
}

#[test]
fn what_can_never_be_a_message_is_refused_by_name() {
    let cases: [(Vec<u8>, &str); 15] = [
        (b"GET / HTTP/1.1\r\n".to_vec(), "HTTP/1"),
        (b"PRI * HTTP/2.0\r\n".to_vec(), "HTTP/2"),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03".to_vec(), "TLS"),
        (b"\0\0\0\x05\x80\x01\0\x01\0\0\0\0\0".to_vec(), "a frame of 5 bytes"),
        (b"\x7f\xff\xff\xff\x80\x01\0\x01".to_vec(), "Limits::max_frame"),
        (b"\x7f\xff\xff\xff\x10\0\0\0\0\0\0\x01\0\x01".to_vec(), "Limits::max_frame"),
        (b"\0\0\0\x2c\x10\0\0\0\0\0\0\x01\0\0".to_vec(), "header info of 0 bytes"),
        (b"\0\0\0\x2c\x10\0\0\0\0\0\0\x01\xff\xff".to_vec(), "Limits::max_header"),
        (with_header(b"")[..].to_vec(), "no room for a message"),
        (b"\0\0\0\x04\x82\x21\x01\0".to_vec(), "a frame of 4 bytes"),
        (b"\0\0\0\x0c[1,\"\",1,1,1]".to_vec(), "a frame of 12 bytes"),
        (with_header(&[COMPACT, CALL].concat()), "Thrift Compact"),
        (with_header(JSON), "Thrift JSON"),
        (with_header(OLD), "non-strict Thrift Binary"),
        (b"\x82\x21\x01\xff\xff\xff\xff\x0f".to_vec(), "negative length"),
    ];
    for (bytes, expected) in cases {
        let error = decode(&bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_endless_buffered_message_ends_at_the_limit_and_is_walked_once() {
    let limits = Limits { max_frame: 100_000, ..Limits::default() };
    let endless: [(&[u8], &[u8]); 7] = [
        (b"\x80\x01\0\x01\0\0\0\x04Echo\0\0\0\x01", b"\x0b\0\x07\0\0\0\x09unbounded"),
        (b"\0\0\0\x04Echo\x01\0\0\0\x01", b"\x0b\0\x07\0\0\0\x09unbounded"),
        (b"\x82\x21\x01\x04Echo", b"\x18\x09unbounded"),
        (b"\x82\x21\x01\x04Echo\x18\xff\xff\xff\x7f", b"a string without an end"),
        (b"\x82\x21\x01\xff\xff\xff\x7f", b"a name without an end"),
        (br#"[1,"Echo",1,1,{"0":{"tf":1}"#, br#","7":{"str":"unbounded"}"#),
        (br#"[1,""#, br#"a name without \"an end"#),
    ];
    for (begin, more) in endless {
        let mut decoder = FrameDecoder::default();
        let mut buf = BytesMut::from(begin);
        let error = loop {
            buf.extend_from_slice(more);
            match decoder.decode(&mut buf, &limits) {
                Ok(frame) => assert!(frame.is_none()),
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("Limits::max_frame"), "{error}");
    }
}

/// A megabyte that comes in pieces of sixteen bytes: walked anew each time, it would not end for minutes.
#[test]
fn a_buffered_message_in_small_pieces_is_walked_once() {
    let text = "x".repeat(1 << 20);
    let compact =
        [b"\x82\x21\x01\x04Echo\x19\xf8\x80\x80\x10".as_slice(), &b"\x04text".repeat(1 << 18)].concat();
    let json = format!(r#"[1,"Echo",1,1,{{"1":{{"str":"{text}"#);
    for message in [compact, json.into_bytes()] {
        let (mut decoder, mut buf) = (FrameDecoder::default(), BytesMut::new());
        for piece in message.chunks(16) {
            buf.extend_from_slice(piece);
            assert!(decoder.decode(&mut buf, &Limits::default()).unwrap().is_none());
        }
    }
}

#[test]
fn a_checksum_covers_all_behind_the_header() {
    for (body, checksum) in [(framed(), "702b4a35"), (CALL.to_vec(), "0fdeaddc")] {
        for (text, good) in [(checksum, true), ("00000000", false), ("", true)] {
            let info = [b"\0\0\x01\0\x01\0\x06crc32c\0", &[text.len() as u8][..], text.as_bytes()].concat();
            let padded = info.len().next_multiple_of(4);
            let length = (10 + padded + body.len()) as u32;
            let bytes = [
                &length.to_be_bytes()[..],
                b"\x10\0\0\0\0\0\0\x01\0",
                &[(padded / 4) as u8],
                &info,
                &vec![0; padded - info.len()],
                &body,
            ]
            .concat();
            assert_eq!(decode(&bytes).unwrap().unwrap().verify_checksum().is_ok(), good, "{text}");
        }
    }
}
