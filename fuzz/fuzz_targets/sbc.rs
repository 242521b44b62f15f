//! libFuzzer against every body and query of the Oracle SBC's API, PKCS#7 included.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| chancery_http::fuzzing::sbc(octets));
