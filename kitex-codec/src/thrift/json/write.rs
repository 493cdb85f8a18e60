//! Writing Thrift JSON.

use std::fmt::{Arguments, Write};

use bytes::Bytes;

use super::{base64, string, tag};
use crate::thrift::copy::{self, UntypedWriter};
use crate::thrift::sink::Sink;
use crate::thrift::{ThriftWriter, Type, UnknownField, Uuid};
use crate::{EncodeError, Limits, Output, Str};

/// Writes Apache Thrift's JSON to the tail of an [`Output`].
#[derive(Debug)]
pub struct JsonWriter<'a> {
    sink: Sink<'a>,
    /// What is open around the next value, the outermost first.
    around: Vec<Around>,
    failed: Option<EncodeError>,
}

/// What stands around a value, and so before and behind it.
#[derive(Debug, Clone, Copy)]
enum Around {
    Struct { fresh: bool },
    Field,
    Elements,
    Key { fresh: bool },
    Value,
}

impl<'a> JsonWriter<'a> {
    /// A writer behind what `out` holds.
    pub fn new(out: &'a mut Output, limits: &'a Limits) -> Self {
        Self { sink: Sink::new(out, limits), around: Vec::new(), failed: None }
    }

    /// Ends the writing. Errors if a kept field could not be written.
    pub fn finish(self) -> Result<(), EncodeError> {
        self.failed.map_or(Ok(()), Err)
    }

    fn put(&mut self, text: &str) {
        self.sink.out.tail().extend_from_slice(text.as_bytes());
    }

    fn print(&mut self, text: Arguments<'_>) {
        // Memory that grows takes all text.
        let _ = self.sink.out.tail().write_fmt(text);
    }

    /// Writes what stands before a value; true if the value is a map's key.
    fn before(&mut self) -> bool {
        match self.around.last() {
            Some(Around::Elements | Around::Key { fresh: false }) => self.put(","),
            Some(Around::Value) => self.put(":"),
            _ => {}
        }
        matches!(self.around.last(), Some(Around::Key { .. }))
    }

    /// Writes what stands behind a value.
    fn after(&mut self) {
        match self.around.last_mut() {
            Some(Around::Field) => {
                self.around.pop();
                self.put("}");
            }
            Some(key @ Around::Key { .. }) => *key = Around::Value,
            Some(value @ Around::Value) => *value = Around::Key { fresh: false },
            _ => {}
        }
    }

    /// Writes a number, between quotes if it is a map's key.
    fn number(&mut self, text: Arguments<'_>) {
        if self.before() {
            self.print(format_args!("\"{text}\""));
        } else {
            self.print(text);
        }
        self.after();
    }

    fn begin_elements(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        let count = self.sink.check_count(len)?;
        self.sink.enter()?;
        self.before();
        self.print(format_args!("[\"{}\",{count}", tag::of(element)));
        self.around.push(Around::Elements);
        Ok(())
    }

    fn end(&mut self, end: &str) {
        self.put(end);
        self.around.pop();
        self.sink.leave();
        self.after();
    }
}

impl ThriftWriter for JsonWriter<'_> {
    fn begin_struct(&mut self) -> Result<(), EncodeError> {
        self.sink.enter()?;
        self.before();
        self.put("{");
        self.around.push(Around::Struct { fresh: true });
        Ok(())
    }

    fn end_struct(&mut self) {
        self.end("}");
    }

    fn write_field(&mut self, kind: Type, id: i16) {
        if let Some(Around::Struct { fresh }) = self.around.last_mut()
            && !std::mem::take(fresh)
        {
            self.put(",");
        }
        self.print(format_args!("\"{id}\":{{\"{}\":", tag::of(kind)));
        self.around.push(Around::Field);
    }

    fn write_bool(&mut self, value: bool) {
        self.number(format_args!("{}", u8::from(value)));
    }

    fn write_i8(&mut self, value: i8) {
        self.number(format_args!("{value}"));
    }

    fn write_i16(&mut self, value: i16) {
        self.number(format_args!("{value}"));
    }

    fn write_i32(&mut self, value: i32) {
        self.number(format_args!("{value}"));
    }

    fn write_i64(&mut self, value: i64) {
        self.number(format_args!("{value}"));
    }

    /// The shortest digits that are read as the same number; what no digits say is a string.
    fn write_double(&mut self, value: f64) {
        if value.is_finite() {
            return self.number(format_args!("{value:?}"));
        }
        self.before();
        self.put(match value {
            f64::INFINITY => "\"Infinity\"",
            f64::NEG_INFINITY => "\"-Infinity\"",
            _ => "\"NaN\"",
        });
        self.after();
    }

    fn write_uuid(&mut self, value: &Uuid) {
        self.before();
        self.print(format_args!("\"{value}\""));
        self.after();
    }

    fn write_str(&mut self, value: &Str) -> Result<(), EncodeError> {
        self.write_text(value)
    }

    fn write_text(&mut self, value: &str) -> Result<(), EncodeError> {
        self.sink.check_string(value.len())?;
        self.before();
        string::escape(value, self.sink.out.tail());
        self.after();
        Ok(())
    }

    fn write_bytes(&mut self, value: &Bytes) -> Result<(), EncodeError> {
        self.write_slice(value)
    }

    fn write_slice(&mut self, value: &[u8]) -> Result<(), EncodeError> {
        self.sink.check_string(value.len())?;
        self.before();
        let tail = self.sink.out.tail();
        tail.reserve(value.len().div_ceil(3) * 4 + 2);
        tail.extend_from_slice(b"\"");
        base64::encode(value, |digits| tail.extend_from_slice(&digits));
        tail.extend_from_slice(b"\"");
        self.after();
        Ok(())
    }

    fn begin_list(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        self.begin_elements(element, len)
    }

    fn end_list(&mut self) {
        self.end("]");
    }

    fn begin_set(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        self.begin_elements(element, len)
    }

    fn end_set(&mut self) {
        self.end("]");
    }

    /// A key is a string in JSON, which structs and containers have no form as. Errors if they are keys here.
    fn begin_map(&mut self, key: Type, value: Type, len: usize) -> Result<(), EncodeError> {
        if len > 0 && matches!(key, Type::Struct | Type::Map | Type::Set | Type::List) {
            return Err(EncodeError::unwritable(
                "a map in Thrift JSON",
                "its keys are structs or containers, which have no form as text",
            ));
        }
        let count = self.sink.check_count(len)?;
        self.sink.enter()?;
        self.before();
        self.print(format_args!("[\"{}\",\"{}\",{count},{{", tag::of(key), tag::of(value)));
        self.around.push(Around::Key { fresh: true });
        Ok(())
    }

    fn end_map(&mut self) {
        self.end("}]");
    }

    fn write_unknown(&mut self, field: &UnknownField) {
        let limits = self.sink.limits();
        if let Err(error) = copy::write(self, field, limits) {
            self.failed.get_or_insert(error);
        }
    }
}

impl UntypedWriter for JsonWriter<'_> {
    /// What is UTF-8 is written as text, and other bytes as base64.
    fn write_string(&mut self, bytes: &Bytes) -> Result<(), EncodeError> {
        match Str::from_utf8(bytes.clone()) {
            Ok(text) => self.write_str(&text),
            Err(_) => self.write_bytes(bytes),
        }
    }

    fn reserve_message(&mut self) {
        self.sink.out.reserve_message();
    }
}
