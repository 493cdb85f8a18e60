//! Values and headers into bytes and back: `cargo bench -p benches --bench codec`.
//!
//! Beside each of ours stands what can be compared with it: the `thrift` crate of Apache where it has the same, and
//! otherwise a copy of the bytes.

mod apache;
mod frames;
mod structs;
mod text;

fn main() {
    let mut criterion = benches::criterion();
    structs::bench(&mut criterion);
    text::bench(&mut criterion);
    frames::bench(&mut criterion);
    criterion.final_summary();
}
