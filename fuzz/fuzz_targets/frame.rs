//! See `kitex_fuzz::frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kitex_fuzz::frame::run(data);
});
