//! Messages put together by hand, wrong ones too.

/// A bare message.
pub(crate) fn message(kind: u8, name: &str, sequence: i32, body: &[u8]) -> Vec<u8> {
    let name_len = (name.len() as u32).to_be_bytes();
    [&[0x80, 1, 0, kind], &name_len[..], name.as_bytes(), &sequence.to_be_bytes(), body].concat()
}

/// A frame length before a message.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes(), message].concat()
}

/// A TTHeader before a payload; its info is padded.
pub(crate) fn headed(flags: u16, sequence: i32, info: &[u8], payload: &[u8]) -> Vec<u8> {
    let info = [info, &[0; 3][..(4 - info.len() % 4) % 4]].concat();
    let length = (10 + info.len() + payload.len()) as u32;
    let size = (info.len() / 4) as u16;
    let head =
        [&length.to_be_bytes()[..], &[0x10, 0], &flags.to_be_bytes(), &sequence.to_be_bytes()].concat();
    [&head[..], &size.to_be_bytes(), &info, payload].concat()
}

/// Header info of string pairs.
pub(crate) fn strings(pairs: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat();
    let pairs_bytes = pairs.iter().flat_map(|(key, value)| [text(key), text(value)].concat());
    [&[0, 0, 1][..], &(pairs.len() as u16).to_be_bytes()].concat().into_iter().chain(pairs_bytes).collect()
}

/// The head of a field.
pub(crate) fn field(kind: u8, id: u8) -> [u8; 3] {
    [kind, 0, id]
}

/// A field of text, and the end of its struct.
pub(crate) fn text(id: u8, text: &[u8]) -> Vec<u8> {
    [&field(11, id)[..], &(text.len() as u32).to_be_bytes(), text, &[0]].concat()
}

/// An application exception.
pub(crate) fn exception(code: u8, said: &str) -> Vec<u8> {
    let message = text(1, said.as_bytes());
    [&message[..message.len() - 1], &field(8, 2), &[0, 0, 0, code], &[0]].concat()
}

/// An answer in the form in which clients ask.
pub(crate) fn answer(kind: u8, name: &str, sequence: i32, body: &[u8]) -> Vec<u8> {
    headed(0, sequence, &[0, 0], &framed(&message(kind, name, sequence, body)))
}
