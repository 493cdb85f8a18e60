//! Where a JSON text ends, told by its brackets and strings alone.

use super::token::malformed;
use crate::DecodeError;
use crate::thrift::Walk;

/// A walk over an array or object that may stop where the input does and go on later, within a string too.
///
/// What is no JSON between the brackets is left to the reader.
#[derive(Debug)]
pub(in crate::thrift) struct Scan {
    at: usize,
    in_string: bool,
    /// What closes the arrays and objects that are open, the outermost first.
    open: Vec<u8>,
    max_depth: usize,
}

/// Brackets for each level of Thrift: a struct's own and its field's, or a map's and its entries'.
const BRACKETS: usize = 2;

impl Scan {
    /// A walk over what begins `at` bytes into the input.
    pub(in crate::thrift) fn new(at: usize, max_depth: usize) -> Self {
        Self { at, in_string: false, open: Vec::new(), max_depth }
    }

    /// Walks on. `input` must begin with the bytes that were there before.
    pub(in crate::thrift) fn walk(&mut self, input: &[u8]) -> Result<Walk, DecodeError> {
        loop {
            if self.in_string && !self.pass_string(input) {
                return Ok(Walk::NeedMore);
            }
            let Some(&byte) = input.get(self.at) else { return Ok(Walk::NeedMore) };
            self.at += 1;
            match byte {
                b'[' => self.enter(b']')?,
                b'{' => self.enter(b'}')?,
                b']' | b'}' if self.open.pop() != Some(byte) => {
                    return Err(malformed("a bracket closes what it did not open"));
                }
                b']' | b'}' if self.open.is_empty() => return Ok(Walk::Done(self.at)),
                b']' | b'}' => {}
                _ if byte.is_ascii_whitespace() => {}
                _ if self.open.is_empty() => return Err(malformed("a message or struct is missing")),
                b'"' => self.in_string = true,
                _ => {}
            }
        }
    }

    /// Passes the rest of a string; false if it does not end here.
    fn pass_string(&mut self, input: &[u8]) -> bool {
        loop {
            let rest = input.get(self.at..).unwrap_or_default();
            let Some(len) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else {
                self.at = input.len().max(self.at);
                return false;
            };
            self.at += len + 1;
            if rest.get(len) == Some(&b'"') {
                self.in_string = false;
                return true;
            }
            // What is escaped ends no string, whether it is there yet or not.
            self.at += 1;
        }
    }

    fn enter(&mut self, end: u8) -> Result<(), DecodeError> {
        let open = self.open.len() + 1;
        // One more is the message's.
        if open > self.max_depth.saturating_mul(BRACKETS).saturating_add(1) {
            return Err(DecodeError::limit("Limits::max_depth", open / BRACKETS, self.max_depth));
        }
        self.open.push(end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = br#"[1,"a\"]\\",1,-1,{"1":{"lst":["str",2,"[{\u0022","}"]},"2":{"tf":1}}]"#;

    #[test]
    fn the_end_is_found_in_one_go_and_in_pieces() {
        let behind = [MESSAGE, b"]"].concat();
        assert_eq!(Scan::new(0, 64).walk(&behind).unwrap(), Walk::Done(MESSAGE.len()));
        let mut scan = Scan::new(0, 64);
        for len in 0..MESSAGE.len() {
            assert_eq!(scan.walk(&MESSAGE[..len]).unwrap(), Walk::NeedMore, "{len}");
        }
        assert_eq!(scan.walk(MESSAGE).unwrap(), Walk::Done(MESSAGE.len()));
        assert_eq!(Scan::new(2, 64).walk(b"xx {} ").unwrap(), Walk::Done(5));
        // White space is what the reader has for it.
        assert_eq!(Scan::new(0, 64).walk(b"\x0c\t\r\n {\x0c}").unwrap(), Walk::Done(8));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
        assert_eq!(Scan::new(0, 4).walk(&nested(9)).unwrap(), Walk::Done(18));
        let error = Scan::new(0, 4).walk(&nested(10)).unwrap_err().to_string();
        assert!(error.contains("5 is over the limit of 4 (Limits::max_depth)"), "{error}");
    }

    #[test]
    fn what_is_no_message_is_refused_at_once() {
        for text in [&b"1"[..], b"\"[]\"", b"]", b"[}", b"[1,{]", b"[[}}"] {
            assert!(Scan::new(0, 64).walk(text).is_err(), "{text:?}");
        }
    }
}
