//! libFuzzer against every body, query and path of FortiAuthenticator's API.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| chancery_http::fuzzing::fortiauthenticator(octets));
