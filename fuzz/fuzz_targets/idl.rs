//! See `src/idl.rs`, which is not part of the library: nothing else needs the compiler.
#![no_main]

#[path = "../src/idl.rs"]
mod idl;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    idl::run(data);
});
