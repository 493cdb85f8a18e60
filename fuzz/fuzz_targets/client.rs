//! See `kitex_fuzz::client`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kitex_fuzz::client::run(data);
});
