//! libFuzzer against conditional requests and ranges.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| chancery_http::fuzzing::conditions(octets));
