//! libFuzzer against every body and query of AppViewX's API.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| chancery_http::fuzzing::appviewx(octets));
