//! What generated code writes to, over a writer.

use thrift::protocol::{
    TFieldIdentifier, TListIdentifier, TMapIdentifier, TMessageIdentifier, TOutputProtocol, TSetIdentifier,
    TStructIdentifier, TType,
};
use thrift::{ProtocolError, ProtocolErrorKind};

use super::shape::from_apache;
use super::told;
use crate::{Bytes, EncodeError, Str, ThriftWriter, Type, Uuid};

/// A writer that holds its errors, since crate thrift's are text.
pub(super) struct Output<'a, W> {
    out: &'a mut W,
    /// Structs that are open. A message is one, and enums are serialisable too.
    structs: usize,
    failed: Option<EncodeError>,
}

impl<'a, W: ThriftWriter> Output<'a, W> {
    pub(super) fn new(out: &'a mut W) -> Self {
        Self { out, structs: 0, failed: None }
    }

    /// Errors if something was wrong.
    pub(super) fn end(self, written: thrift::Result<()>) -> Result<(), EncodeError> {
        match (self.failed, written) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => Ok(()),
            (None, Err(error)) => Err(EncodeError::apache(told(error))),
        }
    }

    fn held<T>(&mut self, written: Result<T, EncodeError>) -> thrift::Result<T> {
        written.map_err(|error| {
            let text = error.to_string();
            self.failed.get_or_insert(error);
            ProtocolError::new(ProtocolErrorKind::InvalidData, text).into()
        })
    }

    /// A value inside of a struct.
    fn value(&mut self, write: impl FnOnce(&mut W) -> Result<(), EncodeError>) -> thrift::Result<()> {
        let written = match self.structs {
            0 => Err(EncodeError::unwritable("a value", "it is no struct, as a message is")),
            _ => write(self.out),
        };
        self.held(written)
    }

    fn plain(&mut self, write: impl FnOnce(&mut W)) -> thrift::Result<()> {
        self.value(|out| {
            write(out);
            Ok(())
        })
    }
}

fn kind(of: TType) -> Result<Type, EncodeError> {
    from_apache(of).ok_or_else(|| EncodeError::unwritable("a value", "it is of a type that no value has"))
}

fn key_kind(of: Option<TType>) -> Result<Type, EncodeError> {
    kind(of.ok_or_else(|| EncodeError::unwritable("a map", "it does not tell its types"))?)
}

/// A count, which crate thrift has wrapped round if there are too many.
fn count(size: i32) -> Result<usize, EncodeError> {
    let most = i32::MAX as usize;
    usize::try_from(size)
        .map_err(|_| EncodeError::limit("elements of crate thrift's containers", most + 1, most))
}

fn no_message() -> thrift::Result<()> {
    Err(ProtocolError::new(ProtocolErrorKind::NotImplemented, "a struct is written here, not a message")
        .into())
}

impl<W: ThriftWriter> TOutputProtocol for Output<'_, W> {
    fn write_message_begin(&mut self, _: &TMessageIdentifier) -> thrift::Result<()> {
        no_message()
    }

    fn write_message_end(&mut self) -> thrift::Result<()> {
        no_message()
    }

    fn write_struct_begin(&mut self, _: &TStructIdentifier) -> thrift::Result<()> {
        self.structs += 1;
        self.value(W::begin_struct)
    }

    fn write_struct_end(&mut self) -> thrift::Result<()> {
        self.plain(W::end_struct)?;
        self.structs -= 1;
        Ok(())
    }

    fn write_field_begin(&mut self, field: &TFieldIdentifier) -> thrift::Result<()> {
        self.value(|out| {
            let id = field.id.ok_or_else(|| EncodeError::unwritable("a field", "it has no id"))?;
            out.write_field(kind(field.field_type)?, id);
            Ok(())
        })
    }

    fn write_field_end(&mut self) -> thrift::Result<()> {
        Ok(())
    }

    /// The struct's end writes it.
    fn write_field_stop(&mut self) -> thrift::Result<()> {
        Ok(())
    }

    fn write_bool(&mut self, value: bool) -> thrift::Result<()> {
        self.plain(|out| out.write_bool(value))
    }

    fn write_bytes(&mut self, value: &[u8]) -> thrift::Result<()> {
        self.value(|out| out.write_bytes(&Bytes::copy_from_slice(value)))
    }

    fn write_i8(&mut self, value: i8) -> thrift::Result<()> {
        self.plain(|out| out.write_i8(value))
    }

    fn write_i16(&mut self, value: i16) -> thrift::Result<()> {
        self.plain(|out| out.write_i16(value))
    }

    fn write_i32(&mut self, value: i32) -> thrift::Result<()> {
        self.plain(|out| out.write_i32(value))
    }

    fn write_i64(&mut self, value: i64) -> thrift::Result<()> {
        self.plain(|out| out.write_i64(value))
    }

    fn write_double(&mut self, value: f64) -> thrift::Result<()> {
        self.plain(|out| out.write_double(value))
    }

    fn write_uuid(&mut self, value: &uuid::Uuid) -> thrift::Result<()> {
        self.plain(|out| out.write_uuid(&Uuid(value.into_bytes())))
    }

    fn write_string(&mut self, value: &str) -> thrift::Result<()> {
        self.value(|out| out.write_str(&Str::from(value)))
    }

    fn write_list_begin(&mut self, list: &TListIdentifier) -> thrift::Result<()> {
        self.value(|out| out.begin_list(kind(list.element_type)?, count(list.size)?))
    }

    fn write_list_end(&mut self) -> thrift::Result<()> {
        self.plain(W::end_list)
    }

    fn write_set_begin(&mut self, set: &TSetIdentifier) -> thrift::Result<()> {
        self.value(|out| out.begin_set(kind(set.element_type)?, count(set.size)?))
    }

    fn write_set_end(&mut self) -> thrift::Result<()> {
        self.plain(W::end_set)
    }

    fn write_map_begin(&mut self, map: &TMapIdentifier) -> thrift::Result<()> {
        self.value(|out| out.begin_map(key_kind(map.key_type)?, key_kind(map.value_type)?, count(map.size)?))
    }

    fn write_map_end(&mut self) -> thrift::Result<()> {
        self.plain(W::end_map)
    }

    fn flush(&mut self) -> thrift::Result<()> {
        Ok(())
    }

    fn write_byte(&mut self, value: u8) -> thrift::Result<()> {
        self.write_i8(value.cast_signed())
    }
}
