//! Bytes that become a text, beside the same bytes shared and checked by the standard library.

use std::hint::black_box;

use benches::values;
use criterion::{Criterion, Throughput};
use kitex_codec::Str;

pub(super) fn bench(criterion: &mut Criterion) {
    for len in [16, 128, 1 << 10, 16 << 10] {
        check(criterion, &format!("ASCII, {len} bytes"), &values::text(len));
        check(criterion, &format!("Chinese, about {len} bytes"), &values::chinese(len));
    }
}

fn check(criterion: &mut Criterion, name: &str, text: &Str) {
    let bytes = text.to_bytes();
    let mut group = criterion.benchmark_group(format!("UTF-8, {name}"));
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("kitex", |bencher| bencher.iter(|| Str::from_utf8(black_box(&bytes).clone())));
    group.bench_function("std", |bencher| {
        bencher.iter(|| {
            let bytes = black_box(&bytes).clone();
            std::str::from_utf8(&bytes).is_ok()
        });
    });
    group.finish();
}
