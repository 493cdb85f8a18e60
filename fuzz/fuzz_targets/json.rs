//! See `kitex_fuzz::json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kitex_fuzz::json::run(data);
});
