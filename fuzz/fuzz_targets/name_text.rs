//! libFuzzer against the reader of names as text.

#![no_main]

#[expect(dead_code, reason = "every target holds one property")]
#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| properties::name_text(octets));
