//! libFuzzer against the reader of what a PKCS#12 file asks for.

#![no_main]

#[expect(dead_code, reason = "every target holds one property")]
#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| properties::pkcs12(octets));
