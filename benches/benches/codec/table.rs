//! What is raced, what must come of it, and where it is written.

use std::collections::BTreeMap;
use std::path::Path;

use benches::values;
use kitex_codec::{Limits, Message, binary, compact};
use serde_json::{Value, json};
use thrift::protocol::TSerializable;

use crate::pilota::Protocol as _;
use crate::race::{Contender, race};
use crate::{apache, pilota};

/// Nanoseconds by protocol, shape, direction and stack.
type Times = BTreeMap<(&'static str, &'static str, &'static str, &'static str), f64>;

/// A ratio that must hold, as (protocol, shape, direction, rival, how many times faster than it).
const TARGETS: [(&str, &str, &str, &str, f64); 11] = [
    ("binary", "mixed", "encode", "pilota", 4.0),
    ("binary", "mixed", "decode", "pilota", 4.0),
    ("binary", "nested", "encode", "pilota", 2.5),
    ("binary", "nested", "decode", "pilota", 2.5),
    ("binary", "longs", "encode", "memcpy", 0.5),
    ("binary", "longs", "decode", "memcpy", 0.5),
    ("binary", "strings", "decode", "pilota", 8.0),
    ("compact", "mixed", "encode", "pilota", 2.5),
    ("compact", "mixed", "decode", "pilota", 2.5),
    ("compact", "nested", "encode", "pilota", 2.0),
    ("compact", "nested", "decode", "pilota", 2.0),
];

/// Bytes of the lists of numbers and of texts.
const LONG: usize = 1 << 20;

/// Races every stack over every shape, and prints and writes what came of it.
#[expect(clippy::print_stdout, reason = "the table is what the run is for")]
pub(super) fn run() {
    let mut times = Times::new();
    let mixed = values::mixed();
    shape(&mut times, "mixed", &mixed, &apache::mixed(&mixed), &pilota::mixed(&mixed));
    let nested = values::nested();
    shape(&mut times, "nested", &nested, &apache::nested(&nested), &pilota::nested(&nested));
    let longs = values::numbers(LONG / 8);
    shape(&mut times, "longs", &longs, &apache::numbers(&longs), &pilota::numbers(&longs));
    let strings = values::lines(LONG);
    shape(&mut times, "strings", &strings, &apache::texts(&strings), &pilota::texts(&strings));
    let rows = rows(&times);
    println!("{:8} {:8} {:7} {:>12} {:>12}", "protocol", "shape", "stack", "encode ns", "decode ns");
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let time = |name: &str| row[name].as_f64().unwrap_or_default();
        let (encode, decode) = (time("encode_ns"), time("decode_ns"));
        println!(
            "{:8} {:8} {:7} {encode:12.1} {decode:12.1}",
            text("protocol"),
            text("shape"),
            text("stack")
        );
    }
    for (protocol, shape, way, rival, target) in TARGETS {
        let ratio = times[&(protocol, shape, way, rival)] / times[&(protocol, shape, way, "kitex")];
        let verdict = if ratio >= target { "pass" } else { "MISS" };
        println!("{verdict} {protocol} {shape} {way}: {ratio:.2} x {rival}'s speed, of at least {target}");
    }
    write(&json!({ "rows": rows }));
}

fn shape<K, T, P>(times: &mut Times, name: &'static str, kitex: &K, thrift: &T, pilota: &P)
where
    K: Message,
    T: TSerializable,
    P: ::pilota::thrift::Message,
{
    let limits = Limits::default();
    let binary = binary::encode(kitex, &limits).expect("the value is within the limits").into_bytes();
    let compact = compact::encode(kitex, &limits).expect("the value is within the limits").into_bytes();
    assert_eq!(pilota::Binary::encode(pilota).ok().as_ref(), Some(&binary), "both write the same");
    // Of Compact's doubles pilota has the bytes the other way round, so it reads its own.
    let its_compact = pilota::Compact::encode(pilota).expect("a value that can be written");
    assert_eq!(its_compact.len(), compact.len(), "both write as much");
    assert!(binary::decode::<K>(&binary, &limits).is_ok() && compact::decode::<K>(&compact, &limits).is_ok());
    pilota::Binary::decode::<P>(&binary).map(drop).expect("it reads what it has written");
    pilota::Compact::decode::<P>(&its_compact).map(drop).expect("it reads what it has written");
    assert!(apache::decode::<T>(&binary).is_ok() && apache::decode_compact::<T>(&compact).is_ok());

    let mut memory = Vec::new();
    let mut encode = |protocol, contenders: Vec<Contender<'_>>| {
        let taken = race(contenders);
        times.extend(taken.into_iter().map(|(stack, time)| ((protocol, name, "encode", stack), time)));
    };
    encode(
        "binary",
        vec![
            Contender::new("kitex", || binary::encode(kitex, &limits)),
            Contender::new("pilota", || pilota::Binary::encode(pilota)),
            Contender::new("thrift", || apache::encode(thrift, &mut memory)),
            Contender::new("memcpy", || binary.to_vec()),
        ],
    );
    let mut memory = Vec::new();
    encode(
        "compact",
        vec![
            Contender::new("kitex", || compact::encode(kitex, &limits)),
            Contender::new("pilota", || pilota::Compact::encode(pilota)),
            Contender::new("thrift", || apache::encode_compact(thrift, &mut memory)),
            Contender::new("memcpy", || compact.to_vec()),
        ],
    );
    let mut decode = |protocol, contenders: Vec<Contender<'_>>| {
        let taken = race(contenders);
        times.extend(taken.into_iter().map(|(stack, time)| ((protocol, name, "decode", stack), time)));
    };
    decode(
        "binary",
        vec![
            Contender::new("kitex", || binary::decode::<K>(&binary, &limits)),
            Contender::new("pilota", || pilota::Binary::decode::<P>(&binary)),
            Contender::new("thrift", || apache::decode::<T>(&binary)),
            Contender::new("memcpy", || binary.to_vec()),
        ],
    );
    decode(
        "compact",
        vec![
            Contender::new("kitex", || compact::decode::<K>(&compact, &limits)),
            Contender::new("pilota", || pilota::Compact::decode::<P>(&its_compact)),
            Contender::new("thrift", || apache::decode_compact::<T>(&compact)),
            Contender::new("memcpy", || compact.to_vec()),
        ],
    );
}

/// One row for each protocol, shape and stack.
fn rows(times: &Times) -> Vec<Value> {
    let encoded = times.iter().filter(|((_, _, way, _), _)| *way == "encode");
    let row = |(&(protocol, shape, _, stack), encode): (&(_, _, _, _), &f64)| {
        let decode = times[&(protocol, shape, "decode", stack)];
        let (encode, decode) = ((encode * 10.0).round() / 10.0, (decode * 10.0).round() / 10.0);
        json!({ "stack": stack, "protocol": protocol, "shape": shape, "encode_ns": encode, "decode_ns": decode })
    };
    encoded.map(row).collect()
}

/// Writes to the workspace's `target`, wherever cargo builds.
fn write(table: &Value) {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let text = serde_json::to_string_pretty(table).expect("a table of texts and numbers is JSON");
    let written =
        std::fs::create_dir_all(&target).and_then(|()| std::fs::write(target.join("codec.json"), text));
    written.expect("target/codec.json can be written");
}
