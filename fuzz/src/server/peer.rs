//! What a peer may ask: a right request, changed where the script says so.

use kitex_codec::{
    Bytes, Envelope, Form, HeaderWriter, MessageType, Output, Protocol, checksum_text, flags, int_key,
    string_key,
};

use crate::engine::{PROTOCOLS, bare, methods};
use crate::script::Script;

/// A request. Its header has as much room as its message needs, unless the script says otherwise.
pub(super) fn request(script: &mut Script<'_>) -> Bytes {
    let (change, choice) = (script.byte(), script.byte());
    let method = methods().cycle().nth(usize::from(choice & 31)).expect("a cycle does not end");
    let form = match choice >> 5 & 3 {
        0 => Form::Buffered,
        1 => Form::Framed,
        2 => Form::TTHeader,
        _ => Form::TTHeaderFramed,
    };
    let envelope = Envelope {
        kind: if change & 1 == 0 { MessageType::CALL } else { MessageType(u16::from(script.byte() % 8)) },
        name: if change & 2 == 0 { method.name.as_bytes() } else { script.sized() },
        sequence: i32::from(script.byte()),
    };
    // Beside strict Binary there is another protocol, or a name with its service before it.
    let other = if choice & 128 == 0 { 0 } else { script.byte() };
    let protocol = PROTOCOLS[usize::from(other & 3) % 3];
    let full_name = [b"EchoSvc:", envelope.name].concat();
    let envelope = if other & 4 == 0 { envelope } else { Envelope { name: &full_name, ..envelope } };
    let args = if change & 4 == 0 { echo_args(protocol) } else { script.sized() };
    let message = match other & 3 {
        3 => old(&envelope, form.is_framed(), args),
        _ => bare(protocol, &envelope, form.is_framed(), args),
    };
    let whole = if form.has_header() { with_header(script, change, &envelope, &message) } else { message };
    if change & 128 == 0 { whole } else { whole.slice(..usize::from(script.short()).min(whole.len())) }
}

/// `{1: {1: "hi"}}`
fn echo_args(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::Binary => b"\x0c\0\x01\x0b\0\x01\0\0\0\x02hi\0\0",
        Protocol::Compact => b"\x1c\x18\x02hi\0\0",
        Protocol::Json => br#"{"1":{"rec":{"1":{"str":"hi"}}}}"#,
    }
}

/// A message as it was before Binary had a version word.
fn old(envelope: &Envelope<'_>, framed: bool, args: &[u8]) -> Bytes {
    let name = envelope.name;
    let fixed = [&[envelope.kind.0 as u8][..], &envelope.sequence.to_be_bytes()].concat();
    let message = [&(name.len() as u32).to_be_bytes()[..], name, &fixed, args].concat();
    let frame = (message.len() as u32).to_be_bytes();
    Bytes::from([if framed { &frame[..] } else { &[] }, &message].concat())
}

fn with_header(script: &mut Script<'_>, change: u8, envelope: &Envelope<'_>, message: &[u8]) -> Bytes {
    let mut out = Output::new();
    out.reserve_message();
    // Many requests that may be answered out of order are what is wanted most.
    let flags = if change & 8 == 0 { flags::OUT_OF_ORDER } else { 0 };
    let mut header = HeaderWriter::begin(&mut out, flags, envelope.sequence, 0);
    if change & 16 != 0 {
        strings(&mut header, script, message);
    }
    if change & 32 != 0 {
        header.int(int_key::RPC_TIMEOUT, script.byte().to_string().as_bytes());
    }
    if change & 64 != 0 {
        header.int(script.byte().into(), script.sized());
    }
    // A header that cannot be written is left away.
    let _ = header.finish(message.len());
    out.tail().extend_from_slice(message);
    out.take_segments().into_bytes()
}

fn strings(header: &mut HeaderWriter<'_>, script: &mut Script<'_>, message: &[u8]) {
    match script.byte() % 5 {
        0 => header.string(&[string_key::SERVICE.as_bytes()], b"EchoSvc"),
        1 => header.string(&[string_key::SERVICE.as_bytes()], script.sized()),
        2 => header.string(&[string_key::CHECKSUM.as_bytes()], &checksum_text(message)),
        3 => header.string(&[string_key::CHECKSUM.as_bytes()], script.sized()),
        _ => header.string(&[string_key::PERSISTENT.as_bytes(), script.sized()], script.sized()),
    }
}
