//! libFuzzer against the headers that are read, and dates.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| chancery_http::fuzzing::headers(octets));
