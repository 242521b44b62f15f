//! libFuzzer against the reader of times in DER.

#![no_main]

#[expect(dead_code, reason = "every target holds one property")]
#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| properties::time(octets));
