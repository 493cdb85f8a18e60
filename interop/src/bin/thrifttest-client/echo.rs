//! The methods that return their argument, with the values of the file.

use std::collections::{HashMap, HashSet};
use std::fmt::{Debug, Display};
use std::hash::Hash;

use interop::thrifttest::{Numberz, Xtruct, Xtruct2};
use kitex::{Bytes, Str};
use serde_json::Value;

use crate::{Checked, Session};

/// Calls a row's method, the row's first word, with each value.
pub(crate) async fn run(session: &Session, row: &str, values: &Value) -> Checked {
    let values = values.as_array().ok_or("the row has no list of values")?;
    for value in values {
        echo(session, row.split(' ').next().unwrap_or(row), value).await.map_err(|error| {
            let value: String = value.to_string().chars().take(100).collect();
            format!("{value}: {}", error.chars().take(800).collect::<String>())
        })?;
    }
    Ok(())
}

async fn echo(session: &Session, method: &str, value: &Value) -> Checked {
    let client = &session.first;
    match method {
        "testString" => same(client.test_string(text(value)?).await, text(value)?),
        "testBool" => same(client.test_bool(truth(value)?).await, truth(value)?),
        "testByte" => same(client.test_byte(number(value)?).await, number(value)?),
        "testI32" => same(client.test_i32(number(value)?).await, number(value)?),
        "testI64" => same(client.test_i64(number(value)?).await, number(value)?),
        "testDouble" => {
            let sent = double(value)?;
            same(client.test_double(sent).await.map(Double), Double(sent))
        }
        "testBinary" => same(client.test_binary(binary(value)?).await, binary(value)?),
        "testStruct" => same(client.test_struct(xtruct(value)?).await, xtruct(value)?),
        "testNest" => {
            let nest = Xtruct2 {
                byte_thing: number(&value["byte_thing"])?,
                struct_thing: xtruct(&value["struct_thing"])?,
                i32_thing: number(&value["i32_thing"])?,
            };
            same(client.test_nest(nest.clone()).await, nest)
        }
        "testMap" => same(client.test_map(pairs(value, number)?).await, pairs(value, number)?),
        "testStringMap" => same(client.test_string_map(pairs(value, text)?).await, pairs(value, text)?),
        "testSet" => {
            let set: HashSet<i32> = list(value)?.into_iter().collect();
            same(client.test_set(set.clone()).await, set)
        }
        "testList" => same(client.test_list(list(value)?).await, list(value)?),
        "testEnum" => same(client.test_enum(Numberz(number(value)?)).await, Numberz(number(value)?)),
        "testTypedef" => same(client.test_typedef(number(value)?).await, number(value)?),
        _ => Err(format!("no method {method}")),
    }
}

pub(crate) fn same<T: PartialEq + Debug, E: Debug>(got: Result<T, E>, want: T) -> Checked {
    match got {
        Ok(got) if got == want => Ok(()),
        got => Err(format!("want {want:?}, got {got:?}")),
    }
}

/// Equal by its bits, but that one NaN is as good as another: in JSON it has no bits.
#[derive(Debug)]
struct Double(f64);

impl PartialEq for Double {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits() || self.0.is_nan() && other.0.is_nan()
    }
}

fn odd(value: &Value, what: impl Display) -> String {
    format!("{value} in the file is no {what}")
}

fn text(value: &Value) -> Result<Str, String> {
    value.as_str().map(Str::from).ok_or_else(|| odd(value, "text"))
}

fn truth(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| odd(value, "bool"))
}

fn number<T: TryFrom<i64>>(value: &Value) -> Result<T, String> {
    let number = value.as_i64().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| odd(value, std::any::type_name::<T>()))
}

fn double(value: &Value) -> Result<f64, String> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| odd(value, "double"))
}

/// As many bytes, each of which tells its place.
fn binary(value: &Value) -> Result<Bytes, String> {
    let len: usize = number(value)?;
    Ok((0..len).map(|at| ((at + at / 256) % 256) as u8).collect())
}

fn xtruct(value: &Value) -> Result<Xtruct, String> {
    Ok(Xtruct {
        string_thing: text(&value["string_thing"])?,
        byte_thing: number(&value["byte_thing"])?,
        i32_thing: number(&value["i32_thing"])?,
        i64_thing: number(&value["i64_thing"])?,
    })
}

fn pairs<T: Eq + Hash>(
    value: &Value,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<HashMap<T, T>, String> {
    let pairs = value.as_array().ok_or_else(|| odd(value, "list of pairs"))?;
    pairs.iter().map(|pair| Ok((read(&pair[0])?, read(&pair[1])?))).collect()
}

fn list(value: &Value) -> Result<Vec<i32>, String> {
    value.as_array().ok_or_else(|| odd(value, "list"))?.iter().map(number).collect()
}
