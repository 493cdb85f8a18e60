//! See `kitex_fuzz::rivals`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kitex_fuzz::rivals::run(data);
});
