//! The methods that return their argument, with the values of the file.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use serde_json::Value;
use thrift::OrderedFloat;
use thrifttest_peer::thrift_test::{Numberz, TThriftTestSyncClient, Xtruct, Xtruct2};

use crate::{Checked, Clients};

/// Calls a row's method, the row's first word, with each value.
pub(crate) fn run(clients: &mut Clients, row: &str, values: &Value) -> Checked {
    for value in values.as_array().ok_or("the row has no list of values")? {
        echo(clients, row.split(' ').next().unwrap_or(row), value).map_err(|error| {
            let value: String = value.to_string().chars().take(100).collect();
            format!("{value}: {}", error.to_string().chars().take(800).collect::<String>())
        })?;
    }
    Ok(())
}

fn echo(clients: &mut Clients, method: &str, value: &Value) -> Checked {
    let client = &mut clients.first;
    match method {
        "testString" => same(client.test_string(text(value)?), text(value)?),
        "testBool" => {
            let truth = value.as_bool().ok_or_else(|| odd(value, "bool"))?;
            same(client.test_bool(truth), truth)
        }
        "testByte" => same(client.test_byte(number(value)?), number(value)?),
        "testI32" => same(client.test_i32(number(value)?), number(value)?),
        "testI64" => same(client.test_i64(number(value)?), number(value)?),
        "testDouble" => {
            let sent: f64 =
                value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| odd(value, "double"))?;
            same(client.test_double(OrderedFloat(sent)).map(|got| got.to_bits()), sent.to_bits())
        }
        "testBinary" => {
            // Each byte tells its place.
            let sent: Vec<u8> = (0..number(value)?).map(|at: usize| ((at + at / 256) % 256) as u8).collect();
            same(client.test_binary(sent.clone()), sent)
        }
        "testStruct" => same(client.test_struct(xtruct(value)?), xtruct(value)?),
        "testNest" => {
            let inner = xtruct(&value["struct_thing"])?;
            let nest =
                Xtruct2::new(number::<i8>(&value["byte_thing"])?, inner, number::<i32>(&value["i32_thing"])?);
            same(client.test_nest(nest.clone()), nest)
        }
        "testMap" => same(client.test_map(pairs(value, number)?), pairs(value, number)?),
        "testStringMap" => same(client.test_string_map(pairs(value, text)?), pairs(value, text)?),
        "testSet" => {
            let set = list(value)?.into_iter().collect();
            same(client.test_set(Clone::clone(&set)), set)
        }
        "testList" => same(client.test_list(list(value)?), list(value)?),
        "testEnum" => same(client.test_enum(Numberz(number(value)?)), Numberz(number(value)?)),
        "testTypedef" => same(client.test_typedef(number(value)?), number(value)?),
        _ => Err(format!("no method {method}").into()),
    }
}

pub(crate) fn same<T: PartialEq + Debug>(got: thrift::Result<T>, want: T) -> Checked {
    match got {
        Ok(got) if got == want => Ok(()),
        got => Err(format!("want {want:?}, got {got:?}").into()),
    }
}

fn odd(value: &Value, what: impl Display) -> String {
    format!("{value} in the file is no {what}")
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| odd(value, "text"))
}

fn number<T: TryFrom<i64>>(value: &Value) -> Result<T, String> {
    let number = value.as_i64().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| odd(value, std::any::type_name::<T>()))
}

fn xtruct(value: &Value) -> Result<Xtruct, String> {
    let text = text(&value["string_thing"])?;
    let (byte, i32_thing): (i8, i32) = (number(&value["byte_thing"])?, number(&value["i32_thing"])?);
    Ok(Xtruct::new(text, byte, i32_thing, number::<i64>(&value["i64_thing"])?))
}

fn pairs<T: Ord>(
    value: &Value,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<BTreeMap<T, T>, String> {
    let pairs = value.as_array().ok_or_else(|| odd(value, "list of pairs"))?;
    pairs.iter().map(|pair| Ok((read(&pair[0])?, read(&pair[1])?))).collect()
}

fn list(value: &Value) -> Result<Vec<i32>, String> {
    value.as_array().ok_or_else(|| odd(value, "list"))?.iter().map(number).collect()
}
