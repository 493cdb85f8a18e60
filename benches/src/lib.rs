//! What the benchmarks share: the generated code, values to carry, an echo service, two engines with a wire between them,
//! and the copy that everything is compared with.

pub mod echo;
pub mod pair;
pub mod values;

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use kitex_codec::BytesMut;

kitex::include_idl!("bench");

/// Runs that are short, since there are many; `--measurement-time` and the other options of criterion change them.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args()
}

/// Adds the floor to a group: `bytes` copied into memory that is there already, `times` over.
pub fn copied(group: &mut BenchmarkGroup<'_, WallTime>, bytes: &[u8], times: usize) {
    let mut to = BytesMut::with_capacity(bytes.len());
    group.bench_function("copy", |bencher| {
        bencher.iter(|| {
            for _ in 0..times {
                to.clear();
                to.extend_from_slice(black_box(bytes));
                black_box(&to);
            }
        });
    });
}
