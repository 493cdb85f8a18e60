//! What a peer has written, as an error shows it.

use kitex_codec::Str;

/// Bytes that an error shows: more than any name of a service or a method has.
const SHOWN: usize = 256;

/// Readable, and not as long as a peer likes.
pub(crate) fn shown(text: &[u8]) -> Str {
    let (mut front, more) = text.split_at(text.len().min(SHOWN));
    if more.is_empty() {
        return Str::from(String::from_utf8_lossy(front));
    }
    if let Err(error) = std::str::from_utf8(front)
        && error.error_len().is_none()
    {
        // A character that would be shown in half.
        front = &front[..error.valid_up_to()];
    }
    Str::from(format!("{}… ({} bytes)", String::from_utf8_lossy(front), text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_it_is() {
        assert_eq!(shown(b"Echo"), "Echo");
        assert_eq!(shown(&[b'x'; SHOWN]), "x".repeat(SHOWN));
        assert_eq!(shown(b"a\xffb"), "a\u{fffd}b");
    }

    #[test]
    fn what_is_longer_is_cut_between_characters() {
        assert_eq!(shown(&[b'x'; SHOWN + 1]), format!("{}… (257 bytes)", "x".repeat(SHOWN)));
        let wide = "é".repeat(SHOWN);
        assert_eq!(shown(format!("x{wide}").as_bytes()), format!("x{}… (513 bytes)", "é".repeat(127)));
    }
}
