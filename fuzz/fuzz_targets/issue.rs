//! libFuzzer against the reader of what a request to issue holds.

#![no_main]

#[expect(dead_code, reason = "every target holds one property")]
#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| properties::issue(octets));
