//! Seeds of the targets that read bytes.

use golden::{Case, Side};
use kitex_codec::{BytesMut, Envelope, Frame, Limits, Protocol, Type};

use super::Seed;

/// What one side sent on one connection.
pub(super) fn streams() -> Vec<Seed> {
    let mut seeds: Vec<_> =
        golden::all().flat_map(sides).map(|(name, bytes)| of_stream(name, bytes)).collect();
    seeds.push(Seed::made("mesh", &mesh()));
    seeds.push(Seed::made("apache", &apache()));
    seeds
}

fn of_stream(name: String, bytes: Vec<u8>) -> Seed {
    let kind = frames(&bytes).iter().map(shape).collect::<Vec<_>>().concat();
    // Of what is no message each case is of a kind of its own.
    let kind = if kind.is_empty() { name.clone() } else { kind };
    Seed { name, bytes, kind: Some(kind) }
}

fn sides(case: &Case) -> Vec<(String, Vec<u8>)> {
    let sides = case.connections().into_iter().flat_map(|conn| [(conn, Side::Client), (conn, Side::Server)]);
    let named = |(conn, side)| {
        let who = if side == Side::Client { "client" } else { "server" };
        (format!("{}-{who}-{conn}", case.path().replace('/', "-")), case.stream(conn, side))
    };
    sides.map(named).collect()
}

/// The keys of a header, and the form and type of a message: what its reading depends on most.
fn shape(frame: &Frame) -> String {
    let payload = frame.payload();
    let kind = Envelope::decode(&payload).map(|(envelope, _)| envelope.kind.0);
    let header = frame.header.as_ref().map(|header| {
        let strings: Vec<_> = header.pairs().iter().map(|(key, _)| key).collect();
        let ints: Vec<_> = header.ints().map(|(key, _)| key).collect();
        format!("{:x} {} {strings:?} {ints:?}", header.flags, header.protocol)
    });
    format!("{:?} {kind:?} {header:?};", frame.form)
}

/// The messages at the front of `bytes`.
pub(super) fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut buffer = BytesMut::from(bytes);
    std::iter::from_fn(|| Frame::decode(&mut buffer, &Limits::default()).ok().flatten()).collect()
}

/// Both forms behind a mesh header.
fn mesh() -> Vec<u8> {
    let mesh = b"\xff\xaf\0\x12\0\x01\0\x03rip\0\x091.2.3.4:5";
    let call = b"\x80\x01\0\x01\0\0\0\x04Echo\0\0\0\x01\x0c\0\x01\x0b\0\x01\0\0\0\x02hi\0\0";
    [&mesh[..], call, mesh, b"\0\0\0\x1e", call].concat()
}

/// What Kitex does not speak, without a frame and behind one.
fn apache() -> Vec<u8> {
    let messages: [&[u8]; 4] = [
        b"\0\0\0\x04Echo\x01\0\0\0\x01\x0c\0\x01\x0b\0\x01\0\0\0\x02hi\0\0",
        b"\x82\x21\x01\x04Echo\x1c\x18\x02hi\0\0",
        br#"[1,"EchoSvc:Echo",1,1,{"1":{"rec":{"1":{"str":"\"]"},"2":{"map":["str","i32",1,{"k":-1}]}}}}]"#,
        // A field of each kind, of one more than 15 ids apart, and containers of all lengths.
        b"\x82\x21\x01\x01x\x11\x12\x13\x7f\x14\x02\x15\x03\x16\x80\x01\x1701234567\x05\xc8\x01\x01\x1d0123456789abcdef\
          \x19\x35\x02\x04\x06\x1a\xf3\x10\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x1b\0\x1b\x01\x88\x01k\x01v\x1b\x01\x53\x02\x01\0",
    ];
    let framed = |message: &[u8]| [&(message.len() as u32).to_be_bytes()[..], message].concat();
    messages.iter().flat_map(|message| [message.to_vec(), framed(message)]).flatten().collect()
}

/// The flags, the short sequence id and the info of every recorded header.
pub(super) fn headers() -> Vec<Seed> {
    let messages =
        golden::all().flat_map(|case| case.messages.iter().map(move |message| (case.path(), message)));
    messages.filter_map(|(path, message)| header(&path, &message.bytes)).collect()
}

fn header(path: &str, bytes: &[u8]) -> Option<Seed> {
    let fixed = bytes.first_chunk::<14>().filter(|fixed| fixed[4..6] == [0x10, 0])?;
    let info = bytes.get(14..14 + 4 * usize::from(u16::from_be_bytes([fixed[12], fixed[13]])))?;
    let seed = [&fixed[6..8], &fixed[10..12], info].concat();
    let kind = match frames(bytes).first() {
        Some(frame) => shape(frame),
        None => path.to_owned(),
    };
    Some(Seed { name: path.replace('/', "-"), bytes: seed, kind: Some(kind) })
}

/// Every recorded message from its envelope on, and one of each shape that was not recorded.
pub(super) fn payloads() -> Vec<Seed> {
    let recorded = golden::all().flat_map(sides).flat_map(|(name, bytes)| {
        let payloads = frames(&bytes).into_iter().map(|frame| frame.payload().to_vec());
        payloads.map(|payload| of_payload(&name, payload)).collect::<Vec<_>>()
    });
    recorded.chain(crate::envelope::samples().map(|(name, payload)| Seed::made(name, &payload))).collect()
}

fn of_payload(name: &str, bytes: Vec<u8>) -> Seed {
    let kind = match Envelope::decode(&bytes) {
        // Of one method, structs of other lengths have other fields or other values.
        Ok((envelope, _)) => format!("{} {:?} {}", envelope.kind.0, envelope.name, bytes.len() / 16),
        Err(_) => name.to_owned(),
    };
    Seed { name: name.to_owned(), bytes, kind: Some(kind) }
}

/// The structs of all payloads with their depth at its default, and a value of each other type.
pub(super) fn values() -> Vec<Seed> {
    let structs = payloads().into_iter().filter_map(|Seed { name, bytes, kind }| {
        let (_, at) = Envelope::decode(&bytes).ok()?;
        Some(Seed { name, bytes: [&[0, 63], &bytes[at..]].concat(), kind })
    });
    let others: [(&str, &[u8]); 8] = [
        ("list-of-lists", b"\x01\x02\x0f\0\0\0\x02\x08\0\0\0\x01\0\0\0\x07\x0b\0\0\0\0"),
        ("set-of-strings", b"\x02\x01\x0b\0\0\0\x02\0\0\0\x01a\0\0\0\0"),
        ("map-of-structs", b"\x03\x03\x08\x0c\0\0\0\x01\0\0\0\x01\x02\0\x01\x01\0"),
        ("map-of-numbers", b"\x03\x01\x0a\x06\0\0\0\x01\0\0\0\0\0\0\0\x01\0\x02"),
        ("empty-map", b"\x03\x01\0\0\0\0\0\0"),
        ("string", b"\x04\x01\0\0\0\x02hi"),
        ("uuid", b"\x0b\x010123456789abcdef"),
        ("deeper-than-allowed", b"\x01\x02\x0f\0\0\0\x01\x0f\0\0\0\x01\x0f\0\0\0\x01\x02\0\0\0\0"),
    ];
    let others = others.map(|(name, bytes)| Seed::made(name, bytes));
    structs.chain(others).chain(values_beyond_kitex()).collect()
}

/// Structs of every shape and odd values in Compact and in JSON.
fn values_beyond_kitex() -> Vec<Seed> {
    let structs =
        [(Protocol::Compact, "compact"), (Protocol::Json, "json")].into_iter().flat_map(|(protocol, end)| {
            let first = crate::skip::choice(protocol, Type::Struct);
            let samples = crate::shape::samples(protocol).into_iter();
            samples.map(move |(name, bytes)| {
                Seed::made(&format!("{name}-{end}"), &[&[first, 63], &bytes[1..]].concat())
            })
        });
    let odd: [(&str, Protocol, Type, &[u8]); 8] = [
        ("bools-compact", Protocol::Compact, Type::List, b"\x31\x01\x02\0"),
        ("odd-bools-compact", Protocol::Compact, Type::Set, b"\x21\x01\x05"),
        ("map-compact", Protocol::Compact, Type::Map, b"\x01\x8c\x01k\x15\x02\0"),
        (
            "long-list-compact",
            Protocol::Compact,
            Type::List,
            b"\xf4\x10\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10",
        ),
        ("map-json", Protocol::Json, Type::Map, br#"["i32","lst",2,{"1":["tf",2,1,0],"-2":["str",0]}]"#),
        ("text-json", Protocol::Json, Type::String, br#""\u00e9\"\\""#),
        ("doubles-json", Protocol::Json, Type::List, br#"["dbl",4,1.5,"-Infinity",nan,-1e-7]"#),
        (
            "white-json",
            Protocol::Json,
            Type::Struct,
            b" {\n\"1\" : { \"i64\" : -7 } ,\t\"2\":{\"uid\":\"00112233-4455-6677-8899-aabbccddeeff\"}}",
        ),
    ];
    let odd = odd.map(|(name, protocol, kind, bytes)| {
        Seed::made(name, &[&[crate::skip::choice(protocol, kind), 9], bytes].concat())
    });
    structs.chain(odd).collect()
}

/// A struct of each shape in a protocol.
pub(super) fn structs(protocol: Protocol) -> Vec<Seed> {
    crate::shape::samples(protocol).into_iter().map(|(name, bytes)| Seed::made(name, &bytes)).collect()
}

/// A struct of each shape that Apache's compiler has made, in every protocol.
pub(super) fn generated() -> Vec<Seed> {
    crate::apache::samples().into_iter().map(|(name, bytes)| Seed::made(&name, &bytes)).collect()
}

/// Structs and messages in Binary and in Compact, and what the rivals read otherwise.
pub(super) fn read_by_rivals() -> Vec<Seed> {
    let protocols = [(0, "binary", Protocol::Binary), (1, "compact", Protocol::Compact)];
    let shapes = protocols.into_iter().flat_map(|(choice, protocol_name, protocol)| {
        let samples = crate::shape::samples(protocol).into_iter();
        samples.map(move |(name, bytes)| {
            Seed::made(&format!("{name}-{protocol_name}"), &[&[choice], &bytes[1..]].concat())
        })
    });
    let binary: [(&str, &[u8]); 4] = [
        ("scalars-and-containers", b"\x02\0\x01\x01\x03\0\x02\xff\x06\0\x03\x80\0\x0d\0\x04\x0b\x0f\0\0\0\x01\0\0\0\x01k\x04\0\0\0\0\0"),
        ("bool-of-two", b"\x02\0\x01\x02\0"),
        ("empty-of-unknown", b"\x0d\0\x01\x09\x11\0\0\0\0\0"),
        ("no-text", b"\x0b\0\x01\0\0\0\x02\xff\xfe\0"),
    ];
    let compact: [(&str, &[u8]); 5] = [
        ("numbers", b"\x14\x01\x25\x80\x80\x80\x80\x08\x16\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x11\x12\x04\xd0\x0f\x02\0"),
        ("wide-numbers", b"\x14\x80\x80\x04\x15\x80\x80\x80\x80\x10\x16\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02\0"),
        ("bools", b"\x19\x31\x01\x02\0\x1b\x02\x12\x01\x02\0\x01\0"),
        ("empty-of-fourteen", b"\x19\x0e\0"),
        ("id-overflow", b"\x05\xfe\xff\x03\0\x15\0\0"),
    ];
    let odd = |choice: u8| move |(name, bytes): (&str, &[u8])| Seed::made(name, &[&[choice], bytes].concat());
    let structs = binary.into_iter().map(odd(0)).chain(compact.into_iter().map(odd(1)));
    let [binary, compact] = messages_for_rivals();
    let messages = binary.into_iter().map(odd(2)).chain(compact.into_iter().map(odd(3)));
    shapes.chain(structs).chain(messages).collect()
}

/// In Binary and in Compact, with their envelopes: five that all read, and what not all do.
fn messages_for_rivals() -> [Vec<(&'static str, &'static [u8])>; 2] {
    let binary: [(&str, &[u8]); 7] = [
        ("call", b"\x80\x01\0\x01\0\0\0\x04Echo\0\0\0\x01\x0b\0\x01\0\0\0\x02hi\0"),
        ("reply", b"\x80\x01\0\x02\0\0\0\x04Echo\xff\xff\xff\xff\x08\0\0\0\0\0\x07\0"),
        ("oneway-with-service", b"\x80\x01\0\x04\0\0\0\x09Svc:\xc3\xa9cho\0\0\0\x02\0"),
        ("old-form", b"\0\0\0\x04Echo\x01\0\0\0\x01\0"),
        ("third-byte", b"\x80\x01\x07\x01\0\0\0\x04Echo\0\0\0\x01\0"),
        ("type-of-17", b"\x80\x01\0\x11\0\0\0\x04Echo\0\0\0\x01\0"),
        ("name-no-text", b"\x80\x01\0\x01\0\0\0\x01\xff\0\0\0\x01\0"),
    ];
    let compact: [(&str, &[u8]); 5] = [
        ("compact-call", b"\x82\x21\x01\x04Echo\x18\x02hi\0"),
        ("compact-exception", b"\x82\x61\xff\xff\xff\xff\x0f\x04Echo\x18\x01x\x15\x0c\0"),
        ("compact-type-of-5", b"\x82\xa1\x01\x04Echo\0"),
        ("compact-version-2", b"\x82\x22\x01\x04Echo\0"),
        ("compact-wide-sequence", b"\x82\x21\xff\xff\xff\xff\x1f\x04Echo\0"),
    ];
    [binary.to_vec(), compact.to_vec()]
}

/// One message of each shape, and the heads of what is served nowhere.
pub(super) fn heads() -> Vec<Seed> {
    let recorded = golden::all().flat_map(|case| {
        case.messages.iter().map(|message| of_stream(case.path().replace('/', "-"), message.bytes.clone()))
    });
    let foreign: [(&str, &[u8]); 10] = [
        ("http1", b"GET / HTTP/1.1\r\n\r\n"),
        ("http2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("tls", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"),
        ("ssh", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("compact", b"\x82\x21\x01\x04Echo\x1c\x18\x02hi\0\0"),
        ("compact-of-another-version", b"\x82\x22\x01\x04Echo\x1c\x18\x02hi\0\0"),
        ("json", br#"[1,"Echo",1,1,{"1":{"rec":{}}}]"#),
        ("non-strict", b"\0\0\0\x04Echo\x01\0\0\0\x01\0"),
        ("protobuf", b"\0\0\0\x14\x90\x01\0\x01\0\0\0\x04Echo\0\0\0\x01\x0a\x02hi"),
        ("zeros", b"\0\0\0\0\0\0\0\0\0\0\0\0"),
    ];
    recorded.chain(foreign.map(|(name, bytes)| Seed::made(name, bytes))).collect()
}
