//! See `kitex_fuzz::compact`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kitex_fuzz::compact::run(data);
});
