//! See `kitex_fuzz::apache`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kitex_fuzz::apache::run(data);
});
