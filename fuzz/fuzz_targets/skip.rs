//! See `kitex_fuzz::skip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kitex_fuzz::skip::run(data);
});
