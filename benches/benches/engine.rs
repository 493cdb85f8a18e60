//! Both engines with bytes between them, without a handler, a socket or a clock: `cargo bench -p benches --bench engine`.
//!
//! A call is a request into bytes, out of them, an answer into bytes, and out of them. `copy` is what the bytes alone cost:
//! those of the requests and of the answers copied to the wire and from it.

use benches::pair::Pair;
use benches::values;
use criterion::{Criterion, Throughput};

fn main() {
    let mut criterion = benches::criterion();
    echo(&mut criterion, "ping-pong", false, 1);
    echo(&mut criterion, "multiplexed", true, 100);
    criterion.final_summary();
}

/// Calls of 128 bytes, `calls` of them at a time.
fn echo(criterion: &mut Criterion, name: &str, multiplexed: bool, calls: usize) {
    let mut pair = Pair::new(&values::message(128), multiplexed).expect("the message fits into a frame");
    let mut echo = || pair.echo(calls).expect("every call is answered");
    let (asked, answered) = echo();
    let mut group = criterion.benchmark_group(format!("engine, {name}, {calls} at a time, 128 bytes"));
    group.throughput(Throughput::Elements(calls as u64));
    group.bench_function("kitex", |bencher| bencher.iter(&mut echo));
    benches::copied(&mut group, &vec![7; asked + answered], 2);
    group.finish();
}
