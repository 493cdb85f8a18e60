//! Values of base types.

use super::super::super::model::{Base, Value};
use super::super::super::syntax::ValueKind;
use crate::lint::Lint;

/// How a written value fits a base type.
pub(super) enum Fit {
    Value(Value),
    /// It fits, but compilers differ or it looks like a slip.
    Odd(Value, Lint, String),
    Bad(String),
    Mismatch,
}

pub(super) fn fit(base: Base, written: &ValueKind) -> Fit {
    match (base, written) {
        (Base::Bool, ValueKind::Bool(value)) => Fit::Value(Value::Bool(*value)),
        (Base::Bool, ValueKind::Integer(number @ (0 | 1))) => Fit::Value(Value::Bool(*number == 1)),
        (Base::Bool, ValueKind::Integer(number)) => {
            let reading = if *number < 0 { ", and as false by thriftgo" } else { "" };
            let why = format!("{number} is taken as true{reading}: write `true` or `false`");
            Fit::Odd(Value::Bool(true), Lint::BoolNumber, why)
        }
        (Base::I8 | Base::I16 | Base::I32 | Base::I64, _) => integer(base, written),
        (Base::Double, ValueKind::Double(number)) => Fit::Value(Value::Double(*number)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "what an integer means as a double is its nearest double"
        )]
        (Base::Double, ValueKind::Integer(number)) => Fit::Value(Value::Double(*number as f64)),
        (Base::String, ValueKind::Literal { bytes, raw }) => match String::from_utf8(bytes.clone()) {
            Ok(text) if !raw => Fit::Value(Value::Text(text)),
            _ => Fit::Bad("a string is UTF-8; `\\x80` to `\\xff` fit a `binary` only".to_owned()),
        },
        (Base::Binary, ValueKind::Literal { bytes, .. }) => Fit::Value(Value::Bytes(bytes.clone())),
        (Base::Uuid, ValueKind::Literal { bytes, .. }) => match uuid(bytes) {
            Some(uuid) => Fit::Value(Value::Uuid(uuid)),
            None => Fit::Bad("this is not a UUID, such as 00112233-4455-6677-8899-aabbccddeeff".to_owned()),
        },
        _ => Fit::Mismatch,
    }
}

fn integer(base: Base, written: &ValueKind) -> Fit {
    let range = match base {
        Base::I8 => i8::MIN.into()..=i8::MAX.into(),
        Base::I16 => i16::MIN.into()..=i16::MAX.into(),
        Base::I32 => i32::MIN.into()..=i32::MAX.into(),
        _ => i64::MIN..=i64::MAX,
    };
    match written {
        ValueKind::Integer(number) if range.contains(number) => Fit::Value(Value::Integer(*number)),
        ValueKind::Integer(number) => {
            let (from, to) = range.into_inner();
            Fit::Bad(format!("{number} does not fit into {}, which holds {from} to {to}", base.keyword()))
        }
        ValueKind::Bool(value) => {
            let number = i64::from(*value);
            Fit::Odd(
                Value::Integer(number),
                Lint::NumberBool,
                format!("`{value}` is taken as the number {number}"),
            )
        }
        _ => Fit::Mismatch,
    }
}

/// The canonical form, in braces or not, in any case.
fn uuid(bytes: &[u8]) -> Option<[u8; 16]> {
    let inside = bytes.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or(bytes);
    let dashes = [8, 13, 18, 23];
    let dashed = inside.len() == 36 && dashes.iter().all(|&at| inside[at] == b'-');
    let digits: Vec<u8> = inside.iter().copied().filter(|&byte| byte != b'-').collect();
    if !dashed || digits.len() != 32 {
        return None;
    }
    let mut uuid = [0; 16];
    for (byte, pair) in uuid.iter_mut().zip(digits.chunks(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(uuid)
}
