//! libFuzzer against every body, query and path of the HP Keystone API.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| chancery_http::fuzzing::keystone(octets));
