//! Structs of all kinds.

use std::hint::black_box;

use benches::bench::{OlderRich, Rich};
use benches::{copied, values};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use kitex_codec::{Bytes, Limits, Message, decode, encode};
use thrift::protocol::TSerializable;

use crate::apache;

pub(super) fn bench(criterion: &mut Criterion) {
    let short = values::message(128);
    beside(criterion, "text of 128 bytes", &short, &apache::message(&short));
    let long = values::message(1024);
    beside(criterion, "text of 1 KiB", &long, &apache::message(&long));
    alone(criterion, "rich struct", &values::rich());
    let numbers = values::numbers(1000);
    beside(criterion, "list<i64> of 1000", &numbers, &apache::numbers(&numbers));
    let texts = values::texts(1000);
    beside(criterion, "list<string> of 1000", &texts, &apache::texts(&texts));
    let counts = values::counts(1000);
    beside(criterion, "map<string, i64> of 1000", &counts, &apache::counts(&counts));
    alone(criterion, "binary of 16 KiB", &values::blob(16 << 10));
    skip(criterion);
}

fn encoded<M: Message>(message: &M) -> Bytes {
    encode(message, &Limits::default()).expect("the value is within the limits").into_bytes()
}

/// Ours beside a copy.
fn alone<M: Message>(criterion: &mut Criterion, name: &str, value: &M) {
    each_way(criterion, name, value, |_, _| {});
}

/// Ours beside Apache's, and a copy.
fn beside<M: Message, T: TSerializable>(criterion: &mut Criterion, name: &str, ours: &M, theirs: &T) {
    each_way(criterion, name, ours, |group, way| match way {
        Way::Encode => {
            let mut buffer = Vec::with_capacity(64 << 10);
            group.bench_function("apache", |bencher| {
                bencher.iter(|| apache::encode(black_box(theirs), &mut buffer))
            });
        }
        Way::Decode => {
            let bytes = encoded(ours);
            group.bench_function("apache", |bencher| bencher.iter(|| apache::decode::<T>(black_box(&bytes))));
        }
    });
}

enum Way {
    Encode,
    Decode,
}

fn each_way<M: Message>(
    criterion: &mut Criterion,
    name: &str,
    value: &M,
    mut rival: impl FnMut(&mut BenchmarkGroup<'_, WallTime>, Way),
) {
    let limits = Limits::default();
    let bytes = encoded(value);
    let mut group = criterion.benchmark_group(format!("encode, {name}"));
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("kitex", |bencher| bencher.iter(|| encode(black_box(value), &limits)));
    rival(&mut group, Way::Encode);
    copied(&mut group, &bytes, 1);
    group.finish();
    let mut group = criterion.benchmark_group(format!("decode, {name}"));
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("kitex", |bencher| bencher.iter(|| decode::<M>(black_box(&bytes), &limits)));
    rival(&mut group, Way::Decode);
    copied(&mut group, &bytes, 1);
    group.finish();
}

/// A struct of which all fields but one are unknown, beside the same struct read.
fn skip(criterion: &mut Criterion) {
    let limits = Limits::default();
    let bytes = encoded(&values::rich());
    let mut group = criterion.benchmark_group("decode, unknown fields");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("skipped", |bencher| {
        bencher.iter(|| decode::<OlderRich>(black_box(&bytes), &limits))
    });
    group.bench_function("read", |bencher| bencher.iter(|| decode::<Rich>(black_box(&bytes), &limits)));
    group.finish();
}
