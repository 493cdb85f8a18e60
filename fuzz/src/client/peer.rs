//! What a peer may answer with: a right answer, changed where the script says so.

use kitex_codec::{
    ApplicationException, Bytes, Envelope, Form, HeaderWriter, Limits, MessageType, Output, encode, flags,
    int_key, string_key,
};

use crate::script::Script;

/// A message to the call with `sequence` of the method `name`.
pub(super) fn answer(script: &mut Script<'_>, form: Form, sequence: i32, name: &str) -> Bytes {
    let change = script.byte();
    let form = if change & 1 == 0 { form } else { other_form(script) };
    let envelope = Envelope {
        kind: if change & 2 == 0 { MessageType::REPLY } else { MessageType(u16::from(script.byte() % 8)) },
        name: if change & 4 == 0 { name.as_bytes() } else { script.sized() },
        sequence: if change & 8 == 0 { sequence } else { i32::from(script.byte()) },
    };
    let payload =
        if change & 16 == 0 { right_payload(envelope.kind) } else { Bytes::copy_from_slice(script.sized()) };
    let mut out = Output::new();
    out.reserve_message();
    let len = envelope.len() + payload.len();
    if form.has_header() {
        let header_sequence = if change & 32 == 0 { sequence } else { i32::from(script.byte()) };
        let mut header = HeaderWriter::begin(&mut out, flags::OUT_OF_ORDER, header_sequence, 0);
        if change & 64 != 0 {
            pairs(&mut header, script);
        }
        header.int(int_key::MSG_TYPE, b"2");
        // A header that cannot be written is left away.
        let _ = header.finish(len + if form.is_framed() { 4 } else { 0 });
    }
    if form.is_framed() {
        out.tail().extend_from_slice(&(len as u32).to_be_bytes());
    }
    envelope.encode(&mut out);
    out.append(&payload);
    let whole = out.take_segments().into_bytes();
    if change & 128 == 0 { whole } else { whole.slice(..usize::from(script.short()).min(whole.len())) }
}

fn other_form(script: &mut Script<'_>) -> Form {
    match script.byte() % 4 {
        0 => Form::Buffered,
        1 => Form::Framed,
        2 => Form::TTHeader,
        _ => Form::TTHeaderFramed,
    }
}

fn right_payload(kind: MessageType) -> Bytes {
    if kind != MessageType::EXCEPTION {
        return Bytes::from_static(b"\x0b\0\0\0\0\0\x02hi\0");
    }
    let exception = ApplicationException { code: 6, message: "no".into() };
    encode(&exception, &Limits::default()).expect("an exception has no limit").into_bytes()
}

fn pairs(header: &mut HeaderWriter<'_>, script: &mut Script<'_>) {
    let which = script.byte();
    let keys = [
        string_key::CONNECTION_RESET,
        string_key::STATUS_CODE,
        string_key::STATUS_MESSAGE,
        string_key::STATUS_EXTRA,
        string_key::CHECKSUM,
    ];
    for (bit, key) in keys.into_iter().enumerate() {
        if which >> bit & 1 != 0 {
            header.string(&[key.as_bytes()], script.sized());
        }
    }
}
