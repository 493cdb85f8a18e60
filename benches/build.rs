//! Generates the types that the benchmarks carry.

fn main() {
    kitex_build::compile("idl/bench.thrift");
}
