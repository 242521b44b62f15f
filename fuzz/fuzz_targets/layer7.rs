//! libFuzzer against every body, query and path of the Layer7 gateway's API.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| chancery_http::fuzzing::layer7(octets));
