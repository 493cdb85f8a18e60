//! Binaries as text.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of each byte that is a digit.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut at = 0;
    while at < DIGITS.len() {
        values[DIGITS[at] as usize] = at as u8;
        at += 1;
    }
    values
};

const NONE: u8 = 0xff;

/// Four digits for three bytes; fewer bytes are filled up with `=`.
pub(super) fn encode(bytes: &[u8], mut put: impl FnMut([u8; 4])) {
    for group in bytes.chunks(3) {
        let mut word = [0; 3];
        word[..group.len()].copy_from_slice(group);
        let [a, b, c] = word;
        let digit = |value: u8| DIGITS[usize::from(value & 63)];
        let mut digits = [digit(a >> 2), digit(a << 4 | b >> 4), digit(b << 2 | c >> 6), digit(c)];
        digits[group.len() + 1..].fill(b'=');
        put(digits);
    }
}

/// Bytes that a text of `len` stands for, or a few more.
pub(super) fn decoded_len(len: usize) -> usize {
    len / 4 * 3 + 3
}

/// The bytes that a text stands for, with or without `=` at its end; `None` if it stands for none.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let filled = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    if filled > 0 && !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = &text[..text.len() - filled];
    let mut bytes = Vec::with_capacity(decoded_len(digits.len()));
    for group in digits.chunks(4) {
        let mut word = 0_u32;
        for digit in group {
            let value = VALUES[usize::from(*digit)];
            if value == NONE {
                return None;
            }
            word = word << 6 | u32::from(value);
        }
        let [_, a, b, c] = (word << (6 * (4 - group.len()))).to_be_bytes();
        match group.len() {
            4 => bytes.extend_from_slice(&[a, b, c]),
            3 => bytes.extend_from_slice(&[a, b]),
            2 => bytes.push(a),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(bytes: &[u8]) -> String {
        let mut text = Vec::new();
        encode(bytes, |digits| text.extend_from_slice(&digits));
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_4648_come_back_with_and_without_padding() {
        let vectors = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (bytes, text) in vectors {
            assert_eq!(encoded(bytes.as_bytes()), text);
            assert_eq!(decode(text.as_bytes()).unwrap(), bytes.as_bytes());
            assert_eq!(decode(text.trim_end_matches('=').as_bytes()).unwrap(), bytes.as_bytes());
        }
    }

    #[test]
    fn every_byte_comes_back() {
        for len in 0..300 {
            let bytes: Vec<u8> = (0..len).map(|n| (n * 7) as u8).collect();
            assert_eq!(decode(encoded(&bytes).as_bytes()).unwrap(), bytes);
        }
    }

    #[test]
    fn what_stands_for_nothing_is_refused() {
        for text in ["Z", "Zm9vY", "Zg=", "Zm8==", "Z===", "Zm9v=", "Z=g=", "Zm-v", "Zm 9v", "=", "===="] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
