//! Finding the end of a value without building it: how unknown fields are skipped and Buffered messages are cut.
//!
//! The walk keeps its own stack, so that deep input costs no stack of ours, and its place, so that input that comes in
//! pieces is walked once.

use std::fmt;
use std::marker::PhantomData;

use super::Type;
use crate::DecodeError;

/// How values lie on the wire, as far as their ends are concerned.
pub(super) trait Layout: fmt::Debug {
    /// The header of a field, or a STOP, at the front of `rest`; `None` if it is not there.
    fn field(rest: &[u8]) -> Result<Option<Header>, DecodeError>;

    /// A value at the front of `rest`; `None` if what tells its length is not there.
    fn value(kind: Type, rest: &[u8]) -> Result<Option<Extent>, DecodeError>;
}

/// What stands where a field may begin.
#[derive(Debug, Clone, Copy)]
pub(super) enum Header {
    /// The end of the struct.
    Stop,
    /// A header of so many bytes, and then a value.
    Field(Type, usize),
    /// So many bytes that are all of a field.
    Whole(usize),
}

/// How far a value goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extent {
    /// So many bytes.
    Bytes(usize),
    /// A container whose elements need no walk, of so many bytes.
    Container(usize),
    /// So many bytes, and then what was opened.
    Opens(usize, Level),
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
pub(super) enum Level {
    Struct,
    Elements { element: Type, left: usize },
    Entries { key: Type, value: Type, left: usize, at_value: bool },
}

impl Level {
    pub(super) fn entries(key: Type, value: Type, left: usize) -> Self {
        Self::Entries { key, value, left, at_value: false }
    }
}

/// A walk that may stop where the input does and go on later.
#[derive(Debug)]
pub(super) struct Steps<L> {
    at: usize,
    /// What is open, the outermost first.
    levels: Vec<Level>,
    /// The type of the value that comes next, if a header announced one.
    next: Option<Type>,
    max_depth: usize,
    layout: PhantomData<L>,
}

impl<L: Layout> Steps<L> {
    /// A walk over what is open `at` bytes into the input.
    pub(super) fn of(level: Level, at: usize, max_depth: usize) -> Self {
        Self { at, levels: vec![level], next: None, max_depth, layout: PhantomData }
    }

    /// A walk over a value of any type at the input's front.
    pub(super) fn value(kind: Type, max_depth: usize) -> Self {
        Self { at: 0, levels: Vec::new(), next: Some(kind), max_depth, layout: PhantomData }
    }

    /// Walks on. `input` must begin with the bytes that were there before.
    pub(super) fn walk(&mut self, input: &[u8]) -> Result<Walk, DecodeError> {
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
        let rest = input.get(self.at..).unwrap_or_default();
        let Some(header) = L::field(rest)? else { return Ok(false) };
        match header {
            Header::Stop => {
                self.at += 1;
                self.levels.pop();
            }
            Header::Field(kind, len) => {
                self.at += len;
                self.next = Some(kind);
            }
            Header::Whole(len) => self.at += len,
        }
        Ok(true)
    }

    /// Passes a value, or opens it; false if its bytes are not there.
    fn step_value(&mut self, kind: Type, input: &[u8]) -> Result<bool, DecodeError> {
        let rest = input.get(self.at..).unwrap_or_default();
        let passed = match L::value(kind, rest)? {
            None => return Ok(false),
            Some(Extent::Bytes(len)) => len,
            Some(Extent::Container(len)) => self.check_depth().map(|()| len)?,
            Some(Extent::Opens(len, level)) => {
                self.check_depth()?;
                self.levels.push(level);
                len
            }
        };
        if rest.len() < passed {
            return Ok(false);
        }
        self.at += passed;
        self.next = None;
        Ok(true)
    }

    fn check_depth(&self) -> Result<(), DecodeError> {
        if self.levels.len() >= self.max_depth {
            return Err(DecodeError::limit("Limits::max_depth", self.levels.len() + 1, self.max_depth));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thrift::binary::Lengths;

    type Walker = Steps<Lengths>;

    /// `{1: {1: [{1: {"k": "v"}}]}, 2: [1, 2], 3: true}` and a byte that belongs to nobody.
    const NESTED: &[u8] =
        b"\x0c\0\x01\x0f\0\x01\x0c\0\0\0\x01\x0d\0\x01\x0b\x0b\0\0\0\x01\0\0\0\x01k\0\0\0\x01v\0\0\
        \x0f\0\x02\x08\0\0\0\x02\0\0\0\x01\0\0\0\x02\x02\0\x03\x01\0\xff";

    fn structure() -> Walker {
        Walker::of(Level::Struct, 0, 64)
    }

    #[test]
    fn the_end_is_found_in_one_go_and_in_pieces() {
        let end = NESTED.len() - 1;
        assert_eq!(structure().walk(NESTED).unwrap(), Walk::Done(end));
        let mut walker = structure();
        for len in 0..end {
            assert_eq!(walker.walk(&NESTED[..len]).unwrap(), Walk::NeedMore);
        }
        assert_eq!(walker.walk(NESTED).unwrap(), Walk::Done(end));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| [b"\x0c\0\x01".repeat(depth - 1), vec![0; depth]].concat();
        assert!(matches!(structure().walk(&nested(64)).unwrap(), Walk::Done(_)));
        let error = structure().walk(&nested(65)).unwrap_err().to_string();
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
