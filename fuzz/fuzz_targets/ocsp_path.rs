//! libFuzzer against OCSP requests in paths.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| chancery_http::fuzzing::ocsp_path(octets));
