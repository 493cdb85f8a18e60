//! See `kitex_fuzz::server`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kitex_fuzz::server::run(data);
});
