//! Finding the end of a value without building it: how unknown fields are skipped and Buffered messages are cut.
//!
//! The walk keeps its own stack, so that deep input costs no stack of ours, and its place, so that input that comes in
//! pieces is walked once.

use super::Type;
use crate::{DecodeError, DecodeReason};

/// A walk over one struct in Thrift Binary that may stop where the input does and go on later.
#[derive(Debug)]
pub struct Walker {
    at: usize,
    /// What is open, the outermost first.
    levels: Vec<Level>,
    /// The type of the value that comes next, if a header announced one.
    next: Option<Type>,
    max_depth: usize,
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// At the value's end, this many bytes into the input.
    Done(usize),
    /// At the input's end.
    NeedMore,
}

/// Something open whose end has not been reached.
#[derive(Debug, Clone, Copy)]
enum Level {
    Struct,
    Elements { element: Type, left: usize },
    Entries { key: Type, value: Type, left: usize, at_value: bool },
}

impl Walker {
    /// A walk over the struct that begins `at` bytes into the input.
    pub fn new(at: usize, max_depth: usize) -> Self {
        Self { at, levels: vec![Level::Struct], next: None, max_depth }
    }

    /// A walk over a value of any type at the input's front.
    pub(crate) fn value(kind: Type, max_depth: usize) -> Self {
        Self { at: 0, levels: Vec::new(), next: Some(kind), max_depth }
    }

    /// A walk over elements of a list or set that has been opened.
    pub(crate) fn elements_of(element: Type, left: usize, max_depth: usize) -> Self {
        Self { at: 0, levels: vec![Level::Elements { element, left }], next: None, max_depth }
    }

    /// A walk over entries of a map that has been opened.
    pub(crate) fn entries_of(key: Type, value: Type, left: usize, max_depth: usize) -> Self {
        let entries = Level::Entries { key, value, left, at_value: false };
        Self { at: 0, levels: vec![entries], next: None, max_depth }
    }

    /// Walks on. `input` must begin with the bytes that were there before.
    pub fn walk(&mut self, input: &[u8]) -> Result<Walk, DecodeError> {
        loop {
            if let Some(kind) = self.next {
                if !self.step_value(kind, input)? {
                    return Ok(Walk::NeedMore);
                }
                continue;
            }
            let Some(level) = self.levels.last_mut() else { return Ok(Walk::Done(self.at)) };
            match level {
                Level::Struct => {
                    if !self.step_field(input)? {
                        return Ok(Walk::NeedMore);
                    }
                }
                Level::Elements { left: 0, .. } | Level::Entries { left: 0, .. } => {
                    self.levels.pop();
                }
                Level::Elements { element, left } => {
                    self.next = Some(*element);
                    *left -= 1;
                }
                Level::Entries { key, value, left, at_value } => {
                    self.next = Some(if *at_value { *value } else { *key });
                    *left -= usize::from(*at_value);
                    *at_value = !*at_value;
                }
            }
        }
    }

    /// Reads a field's header or a STOP; false if it is not there.
    fn step_field(&mut self, input: &[u8]) -> Result<bool, DecodeError> {
        let Some(&byte) = input.get(self.at) else { return Ok(false) };
        let kind = Type::from_byte(byte)?;
        if kind == Type::Stop {
            self.at += 1;
            self.levels.pop();
        } else if input.len() < self.at + 3 {
            return Ok(false);
        } else {
            self.at += 3;
            self.next = Some(kind);
        }
        Ok(true)
    }

    /// Passes a value, or opens it; false if its bytes are not there.
    fn step_value(&mut self, kind: Type, input: &[u8]) -> Result<bool, DecodeError> {
        let rest = input.get(self.at..).unwrap_or_default();
        let passed = match kind {
            Type::Struct => self.open(Level::Struct, 0)?,
            Type::String => match length(rest, 0)? {
                Some(len) => len.saturating_add(4),
                None => return Ok(false),
            },
            Type::List | Type::Set => match (rest.first(), length(rest, 1)?) {
                (Some(&element), Some(left)) => self.elements(element, left, rest.len())?,
                _ => return Ok(false),
            },
            Type::Map => match (rest.first_chunk(), length(rest, 2)?) {
                (Some(&[key, value]), Some(left)) => self.entries(key, value, left)?,
                _ => return Ok(false),
            },
            Type::Stop | Type::Void => return Err(DecodeError::new(DecodeReason::UnknownType(kind as u8))),
            fixed => fixed.fixed_len().unwrap_or(0),
        };
        if rest.len() < passed {
            return Ok(false);
        }
        self.at += passed;
        self.next = None;
        Ok(true)
    }

    /// Passes the header of a list, and its elements with it if their size is fixed.
    fn elements(&mut self, element: u8, left: usize, available: usize) -> Result<usize, DecodeError> {
        if left == 0 {
            // Nothing is read by the element type, so nobody minds which it is.
            return self.check_depth().map(|()| 5);
        }
        let element = Type::from_byte(element)?;
        match element.fixed_len() {
            Some(len) => self.check_depth().map(|()| left.saturating_mul(len).saturating_add(5)),
            None if available < 5 => Ok(5),
            None => self.open(Level::Elements { element, left }, 5),
        }
    }

    fn entries(&mut self, key: u8, value: u8, left: usize) -> Result<usize, DecodeError> {
        if left == 0 {
            return self.check_depth().map(|()| 6);
        }
        let (key, value) = (Type::from_byte(key)?, Type::from_byte(value)?);
        if let (Some(key), Some(value)) = (key.fixed_len(), value.fixed_len()) {
            return self.check_depth().map(|()| left.saturating_mul(key + value).saturating_add(6));
        }
        self.open(Level::Entries { key, value, left, at_value: false }, 6)
    }

    fn open(&mut self, level: Level, passed: usize) -> Result<usize, DecodeError> {
        self.check_depth()?;
        self.levels.push(level);
        Ok(passed)
    }

    fn check_depth(&self) -> Result<(), DecodeError> {
        if self.levels.len() >= self.max_depth {
            return Err(DecodeError::limit("Limits::max_depth", self.levels.len() + 1, self.max_depth));
        }
        Ok(())
    }
}

/// The length or count `at` bytes into `rest`, if it is there.
fn length(rest: &[u8], at: usize) -> Result<Option<usize>, DecodeError> {
    let Some(len) = rest.get(at..).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
    let len = i32::from_be_bytes(*len);
    usize::try_from(len).map(Some).map_err(|_| DecodeError::new(DecodeReason::NegativeLength(len)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{1: {1: [{1: {"k": "v"}}]}, 2: [1, 2], 3: true}` and a byte that belongs to nobody.
    const NESTED: &[u8] =
        b"\x0c\0\x01\x0f\0\x01\x0c\0\0\0\x01\x0d\0\x01\x0b\x0b\0\0\0\x01\0\0\0\x01k\0\0\0\x01v\0\0\
        \x0f\0\x02\x08\0\0\0\x02\0\0\0\x01\0\0\0\x02\x02\0\x03\x01\0\xff";

    #[test]
    fn the_end_is_found_in_one_go_and_in_pieces() {
        let end = NESTED.len() - 1;
        assert_eq!(Walker::new(0, 64).walk(NESTED).unwrap(), Walk::Done(end));
        let mut walker = Walker::new(0, 64);
        for len in 0..end {
            assert_eq!(walker.walk(&NESTED[..len]).unwrap(), Walk::NeedMore);
        }
        assert_eq!(walker.walk(NESTED).unwrap(), Walk::Done(end));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| [b"\x0c\0\x01".repeat(depth - 1), vec![0; depth]].concat();
        assert!(matches!(Walker::new(0, 64).walk(&nested(64)).unwrap(), Walk::Done(_)));
        let error = Walker::new(0, 64).walk(&nested(65)).unwrap_err().to_string();
        assert!(error.contains("65 is over the limit of 64 (Limits::max_depth)"), "{error}");
        let lists = b"\x0f\0\0\0\x01".repeat(100_000);
        assert!(Walker::value(Type::List, 64).walk(&lists).is_err());
    }

    #[test]
    fn elements_without_bytes_are_refused() {
        for kind in [0, 1] {
            assert!(Walker::value(Type::List, 64).walk(&[kind, 0x7f, 0xff, 0xff, 0xff]).is_err());
            assert_eq!(Walker::value(Type::List, 64).walk(&[kind, 0, 0, 0, 0]).unwrap(), Walk::Done(5));
        }
    }

    #[test]
    fn lengths_that_lie_wait_or_are_refused() {
        let walk = |kind, input: &[u8]| Walker::value(kind, 64).walk(input);
        assert_eq!(walk(Type::String, b"\x7f\xff\xff\xffabc").unwrap(), Walk::NeedMore);
        assert_eq!(walk(Type::List, b"\x0a\x7f\xff\xff\xffabc").unwrap(), Walk::NeedMore);
        assert_eq!(walk(Type::Map, b"\x0a\x0b\x7f\xff\xff\xff").unwrap(), Walk::NeedMore);
        assert!(walk(Type::String, b"\xff\xff\xff\xff").is_err());
        assert!(walk(Type::Set, b"\x0b\x80\0\0\0").is_err());
    }
}
