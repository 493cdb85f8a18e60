//! Values and headers into bytes and back: `cargo bench -p benches --bench codec`.
//!
//! First comes the table of stacks, which is also written to `target/codec.json`: the codec beside `pilota`, Apache's
//! `thrift` and a copy of the bytes, in turns. `-- table` makes nothing else. Then each of ours stands beside what can
//! be compared with it.

mod apache;
mod frames;
mod pilota;
mod race;
mod structs;
mod table;
mod text;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    // Cargo gives `--bench` to a run that is to measure, and `--test` to one that is not.
    let plain = arguments.iter().all(|argument| argument == "--bench");
    if named("table") || (plain && named("--bench")) {
        table::run();
    }
    if named("table") {
        return;
    }
    let mut criterion = benches::criterion();
    structs::bench(&mut criterion);
    text::bench(&mut criterion);
    frames::bench(&mut criterion);
    criterion.final_summary();
}
