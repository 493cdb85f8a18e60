//! What a peer may answer with: a right answer, changed where the script says so.

use kitex_codec::{
    ApplicationException, Bytes, Envelope, Form, HeaderWriter, Limits, MessageType, Output, Protocol, flags,
    int_key, string_key,
};
use kitex_core::ClientConfig;

use crate::engine::{PROTOCOLS, bare};
use crate::script::Script;

/// A message to the call with `sequence` of the method `name`.
pub(super) fn answer(script: &mut Script<'_>, config: &ClientConfig, sequence: i32, name: &str) -> Bytes {
    let change = script.byte();
    let mine = (config.form, config.protocol);
    let (form, protocol) = if change & 1 == 0 { mine } else { other_form(script, mine.1) };
    let envelope = Envelope {
        kind: if change & 2 == 0 { MessageType::REPLY } else { MessageType(u16::from(script.byte() % 8)) },
        name: if change & 4 == 0 { name.as_bytes() } else { script.sized() },
        sequence: if change & 8 == 0 { sequence } else { i32::from(script.byte()) },
    };
    let payload = if change & 16 == 0 {
        right_payload(envelope.kind, protocol)
    } else {
        Bytes::copy_from_slice(script.sized())
    };
    let mut out = Output::new();
    out.reserve_message();
    let message = bare(protocol, &envelope, form.is_framed(), &payload);
    if form.has_header() {
        let header_sequence = if change & 32 == 0 { sequence } else { i32::from(script.byte()) };
        let mut header = HeaderWriter::begin(&mut out, flags::OUT_OF_ORDER, header_sequence, 0);
        if change & 64 != 0 {
            pairs(&mut header, script);
        }
        header.int(int_key::MSG_TYPE, b"2");
        // A header that cannot be written is left away.
        let _ = header.finish(message.len());
    }
    out.append(&message);
    let whole = out.take_segments().into_bytes();
    if change & 128 == 0 { whole } else { whole.slice(..usize::from(script.short()).min(whole.len())) }
}

/// A form, and with it a protocol that is another now and then.
fn other_form(script: &mut Script<'_>, protocol: Protocol) -> (Form, Protocol) {
    let choice = script.byte();
    let form = match choice % 4 {
        0 => Form::Buffered,
        1 => Form::Framed,
        2 => Form::TTHeader,
        _ => Form::TTHeaderFramed,
    };
    (
        form,
        PROTOCOLS.get(usize::from(choice >> 2 & 3)).copied().filter(|_| choice & 64 != 0).unwrap_or(protocol),
    )
}

fn right_payload(kind: MessageType, protocol: Protocol) -> Bytes {
    if kind != MessageType::EXCEPTION {
        return Bytes::from_static(match protocol {
            Protocol::Binary => b"\x0b\0\0\0\0\0\x02hi\0",
            Protocol::Compact => b"\x08\0\x02hi\0",
            Protocol::Json => br#"{"0":{"str":"hi"}}"#,
        });
    }
    let exception = ApplicationException { code: 6, message: "no".into() };
    protocol.encode(&exception, &Limits::default()).expect("an exception has no limit").into_bytes()
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
