//! A door for the fuzz targets, and for the test that holds the same properties: no octets that a client sends break a
//! reader, and what is written reads back. Built for tests and fuzzing only.

use axum::http::{HeaderMap, HeaderValue, header};
use chancery_core::time::Time;

use crate::kit;

/// XML: no panic, and any text that is written reads back.
pub fn xml(octets: &[u8]) {
    let _ = kit::xml::parse(octets);
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    let (attribute, content) = (kit::xml::escaped(text), kit::xml::escaped_lines(text));
    let written = format!("<a b=\"{attribute}\">{content}</a>");
    let read = kit::xml::parse(written.as_bytes());
    assert!(read.is_ok(), "{written:?} cannot be read");
    let Ok(document) = read else { return };
    let root = document.root_element();
    // What no XML can hold is written as the replacement character.
    let unheld = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    let held: String = text
        .chars()
        .map(|c| if unheld(c) { '\u{fffd}' } else { c })
        .collect();
    assert_eq!(root.attribute("b"), Some(held.as_str()));
    assert_eq!(root.text().unwrap_or_default(), held);
}

/// Every body, query and path of the HP Keystone API: no panic.
pub fn keystone(octets: &[u8]) {
    crate::apis::keystone::read_everything(octets);
}

/// Every body and query of AppViewX's API: no panic.
pub fn appviewx(octets: &[u8]) {
    crate::apis::appviewx::read_everything(octets);
}

/// Every body, query and path of FortiAuthenticator's API: no panic.
pub fn fortiauthenticator(octets: &[u8]) {
    crate::apis::fortiauthenticator::read_everything(octets);
}

/// Every body, query and path of the Layer7 gateway's API: no panic, and what is kept reads back as it was written.
pub fn layer7(octets: &[u8]) {
    crate::apis::layer7::read_everything(octets);
}

/// Every body and query of the SBC's API: no panic, and elements read back.
pub fn sbc(octets: &[u8]) {
    crate::apis::sbc::read_everything(octets);
}

/// OCSP requests in paths: no panic.
pub fn ocsp_path(octets: &[u8]) {
    if let Ok(text) = std::str::from_utf8(octets)
        && let Some(request) = crate::apis::pki::ocsp::decoded(text)
    {
        let _ = chancery_core::ocsp::read_request(&request);
    }
}

/// Conditions and ranges: no panic, and no part that is not there.
pub fn conditions(octets: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(octets) {
        crate::apis::pki::conditional::read_every_condition(&value);
    }
}

/// The headers that are read, and dates: no panic, and dates read back.
pub fn headers(octets: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(octets) else {
        return;
    };
    let mut headers = HeaderMap::new();
    for name in [header::AUTHORIZATION, header::ACCEPT, header::CONTENT_TYPE] {
        headers.insert(name, value.clone());
    }
    let _ = kit::authorization::read(&headers);
    let _ = kit::negotiate::accepted(&headers);
    if let Some(media_type) = kit::negotiate::content_type(&headers) {
        let _ = (media_type.representation(), media_type.is_utf8());
    }
    if let Some(time) = value.to_str().ok().and_then(kit::time::parse_http_date) {
        assert_eq!(
            kit::time::parse_http_date(&kit::time::http_date(time)),
            Some(time)
        );
    }
    if let Some(time) = value.to_str().ok().and_then(kit::time::parse_rfc3339) {
        assert_eq!(
            kit::time::parse_rfc3339(&kit::time::rfc3339(time)),
            Some(time)
        );
    }
    if let Some(eight) = octets.first_chunk::<8>() {
        let time = Time::from_unix(i64::from_be_bytes(*eight));
        let _ = (
            kit::time::rfc3339(time),
            kit::time::xml_local(time),
            kit::time::http_date(time),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bodies, queries and paths of the documents' own requests.
    const SEEDS: [&[u8]; 33] = [
        include_bytes!("apis/keystone/golden/03-import-xml.request.http"),
        include_bytes!("apis/keystone/golden/04-import-json.request.http"),
        include_bytes!("apis/keystone/golden/07-create-xml.request.http"),
        include_bytes!("apis/keystone/golden/08-create-json.request.http"),
        include_bytes!("apis/appviewx/golden/01-regenerate.request.json"),
        b"{\"input\":{\"commonName\":\"a\",\"keywordSearch\":{\"subject:o\":\"b\",\"certstatus\":\"Revoked\"}},\"filter\":{\"start\":1,\
          \"max\":\"5\",\"sortOrder\":\"asc\"}}",
        b"{\"caConnectorInfo\":{\"csrParameters\":{\"commonName\":\"a\",\"keyType\":\"EC\",\"bitLength\":\"256\",\"enhancedSANTypes\":\
          {\"dNSNames\":[\"a\"],\"iPAddresses\":[\"::1\"]}},\"validityUnit\":\"months\",\"validityUnitValue\":1}}",
        b"{\"data\":{\"task_action\":1},\"header\":{\"request_id\":\"237\",\"workorder_id\":\"0\",\"task_id\":\"review_1\"}}",
        b"{\"resourceId\":\"5f5641a7e74e187a7e3d5266\",\"format\":\"P12\",\"password\":\"Passw0rd!\",\"isChainRequired\":true}",
        b"MD4wPDA6MDgwNjAJBgUrDgMCGgUABBQAAAAAAAAAAAAAAAAAAAAAAAAAAAQUAAAAAAAAAAAAAAAAAAAAAAAAAAACAQE%3D",
        b"2026-11-22T11:34:00Z",
        b"CN=Joe%20Test,%20O=HP%2F1/00ad2b",
        b"subject__icontains=CN%3Djoe&limit=20&offset=40&order_by=-id&subject__in=a,b",
        b"{\"status\":\"revoked\", \"revocation_reason\":\"Certificate Hold\"}",
        b"--X\r\nContent-Disposition: form-data; name=\"cert_id\"\r\n\r\njoe\r\n--X\r\nContent-Disposition: form-data; \
          name=\"csr\"; filename=\"a.csr\"\r\n\r\nMAA=\r\n--X\r\nContent-Disposition: form-data; name=\"expiry\"\r\n\r\n1\r\n--X--\r\n",
        include_bytes!("../../../fuzz/seeds/layer7/certificate.xml"),
        include_bytes!("../../../fuzz/seeds/layer7/user.xml"),
        include_bytes!("../../../fuzz/seeds/layer7/provider.xml"),
        include_bytes!("../../../fuzz/seeds/layer7/trusted.xml"),
        include_bytes!("../../../fuzz/seeds/layer7/key-import.xml"),
        include_bytes!("../../../fuzz/seeds/layer7/list-query.txt"),
        include_bytes!("../../../fuzz/seeds/layer7/sign-query.txt"),
        include_bytes!("../../../fuzz/seeds/layer7/name.txt"),
        include_bytes!("../../../fuzz/seeds/sbc/record.xml"),
        include_bytes!("../../../fuzz/seeds/sbc/tls-profile.xml"),
        include_bytes!("../../../fuzz/seeds/sbc/import-pkcs7.xml"),
        include_bytes!("../../../fuzz/seeds/sbc/import-x509.xml"),
        include_bytes!("../../../fuzz/seeds/sbc/query.txt"),
        include_bytes!("../../../fuzz/seeds/sbc/form.txt"),
        include_bytes!("../../../fuzz/seeds/conditions/date.txt"),
        include_bytes!("../../../fuzz/seeds/conditions/range.txt"),
        include_bytes!("../../../fuzz/seeds/conditions/ranges.txt"),
        include_bytes!("../../../fuzz/seeds/conditions/tags.txt"),
    ];

    /// A seed's body with some octets changed, cut out or doubled; the same in every run.
    fn damaged(round: u64) -> Vec<u8> {
        let mut state = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap() % below.max(1)
        };
        let seed = SEEDS[next(SEEDS.len())];
        let head = seed
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .map_or(0, |at| at + 2);
        let mut octets = seed[head..].to_vec();
        for _ in 0..next(6) {
            let at = next(octets.len());
            match next(3) {
                0 if !octets.is_empty() => octets[at] = b"<>&\"'{}[]:,\\\0\xff=/%-"[next(18)],
                1 => octets.truncate(at),
                _ => octets.extend_from_within(at..),
            }
        }
        octets
    }

    #[test]
    fn no_damage_breaks_a_reader() {
        for round in 0..8000 {
            let octets = damaged(round);
            xml(&octets);
            keystone(&octets);
            fortiauthenticator(&octets);
            appviewx(&octets);
            layer7(&octets);
            sbc(&octets);
            headers(&octets);
            conditions(&octets);
            ocsp_path(&octets);
        }
    }
}
