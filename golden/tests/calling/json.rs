//! Values as the recorded client program printed them.

use std::collections::{HashMap, HashSet};

use kitex_codec::{Bytes, Str};
use serde_json::{Map, Value, json};

use crate::idl::{common, echo, rich};

/// A value that a client program prints.
pub(crate) trait Printed {
    fn json(&self) -> Value;
}

macro_rules! printed {
    ($($of:ty: |$value:ident| $json:expr;)*) => {
        $(impl Printed for $of {
            fn json(&self) -> Value {
                let $value = self;
                $json
            }
        })*
    };
}

printed! {
    (): |_value| Value::Null;
    bool: |value| json!(value);
    i8: |value| json!(value);
    i16: |value| json!(value);
    i32: |value| json!(value);
    i64: |value| json!(value);
    f64: |value| number(*value);
    Str: |value| json!(&**value);
    Bytes: |value| json!(base64(value));
    rich::Color: |value| json!(value.0);
    echo::Resp: |value| json!({"msg": &*value.msg});
    common::Ping: |value| json!({"id": &*value.id});
    rich::Inner: |value| json!({"name": &*value.name, "n": value.n});
}

/// Go prints a whole double without a point, unless it is a large one.
fn number(value: f64) -> Value {
    let is_whole = value.fract() == 0.0 && value.abs() < 1e15;
    if is_whole { json!(value as i64) } else { json!(value) }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (24 - 8 * group.len());
        let digits = group.len() + 1;
        let digit = |at: usize| char::from(DIGITS[bits as usize >> (18 - 6 * at) & 63]);
        (0..4).map(|at| if at < digits { digit(at) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

impl<T: Printed> Printed for Vec<T> {
    fn json(&self) -> Value {
        self.iter().map(Printed::json).collect()
    }
}

impl<T: Printed> Printed for HashSet<T> {
    fn json(&self) -> Value {
        self.iter().map(Printed::json).collect()
    }
}

impl<K: Printed, V: Printed> Printed for HashMap<K, V> {
    fn json(&self) -> Value {
        let name = |key: &K| match key.json() {
            Value::String(text) => text,
            other => other.to_string(),
        };
        self.iter().map(|(key, value)| (name(key), value.json())).collect()
    }
}

/// The members of a struct; those of optional fields that are not set are left out.
struct Members(Map<String, Value>);

impl Members {
    fn with(mut self, name: &str, value: &impl Printed) -> Self {
        self.0.insert(name.to_owned(), value.json());
        self
    }

    fn with_some(self, name: &str, value: Option<&impl Printed>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl Printed for rich::Tree {
    fn json(&self) -> Value {
        let members = Members(Map::new()).with("label", &self.label).with("kids", &self.kids);
        Value::Object(members.with_some("left", self.left.as_deref()).0)
    }
}

impl Printed for rich::Choice {
    fn json(&self) -> Value {
        let members = Members(Map::new());
        let members = match self {
            Self::Num(num) => members.with("num", num),
            Self::Text(text) => members.with("text", text),
            Self::Inner(inner) => members.with("inner", inner),
            Self::Unknown(_) => members,
        };
        Value::Object(members.0)
    }
}

macro_rules! members {
    ($of:ty: $($field:ident)*; $($optional:ident)*) => {
        impl Printed for $of {
            fn json(&self) -> Value {
                let members = Members(Map::new())$(.with(stringify!($field), &self.$field))*;
                Value::Object(members$(.with_some(stringify!($optional), self.$optional.as_ref()))*.0)
            }
        }
    };
}

members!(rich::AllTypes:
    b y s i l d str bin li ls ss msl mili lli mmb inner tree color choice uid idx linner lcolor lb ld sl mcs
    lbin ping ly lsi;);
members!(rich::Opts:
    req_s req_i def_s def_i req_def greet names inner nil_l nil_m big_id last_id;
    opt_s opt_i opt_def opt_l opt_inner opt_b opt_color);

/// Whether two printed values are the same. A container that Go has not made is `null`, ours is empty; and of optional
/// fields Go leaves out the empty ones.
pub(crate) fn same(recorded: &Value, ours: &Value) -> bool {
    match (recorded, ours) {
        (Value::Null, Value::Array(_) | Value::Object(_)) => is_empty(ours),
        (Value::Array(recorded), Value::Array(ours)) => {
            recorded.len() == ours.len() && recorded.iter().zip(ours).all(|(a, b)| same(a, b))
        }
        (Value::Object(recorded), Value::Object(ours)) => {
            let is_known = |key: &String| ours.contains_key(key);
            let is_same = |(key, ours)| recorded.get(key).map_or(is_empty(ours), |value| same(value, ours));
            recorded.keys().all(is_known) && ours.iter().all(is_same)
        }
        _ => recorded == ours,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        other => *other == json!(0) || *other == json!(false),
    }
}

#[test]
fn bytes_are_printed_in_base64() {
    let printed = [&b""[..], b"f", b"fo", b"foo", b"\0\xff\x80\xc3\x28"].map(base64);
    assert_eq!(printed, ["", "Zg==", "Zm8=", "Zm9v", "AP+Awyg="]);
}
