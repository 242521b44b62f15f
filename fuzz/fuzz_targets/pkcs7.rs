//! libFuzzer against the reader of PKCS#7.

#![no_main]

#[expect(dead_code, reason = "every target holds one property")]
#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| properties::pkcs7(octets));
