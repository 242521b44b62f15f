//! libFuzzer against the reader and the writer of XML.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| chancery_http::fuzzing::xml(octets));
