//! For fuzzing: octets read as every body, query and path of this API, as far as neither caller nor store are needed.

use super::wire::access::AskedAccess;
use super::wire::certificate::{AskedMany, AskedOne};
use super::{extract, map, wire};

pub(crate) fn read_everything(octets: &[u8]) {
    let config = crate::config::KeystoneConfig::default();
    for read in [wire::read_json::<AskedOne>, wire::read_xml::<AskedOne>] {
        if let Ok(asked) = read(octets) {
            let _ = map::wanted_status(asked.certificate.status.as_deref());
            let _ = map::request::creation(&asked.certificate, &config);
        }
    }
    for read in [wire::read_json::<AskedMany>, wire::read_xml::<AskedMany>] {
        if let Ok(asked) = read(octets) {
            let _ = map::request::import(asked.certificates);
        }
    }
    for read in [
        wire::read_json::<AskedAccess>,
        wire::read_xml::<AskedAccess>,
    ] {
        if let Ok(asked) = read(octets) {
            let _ = map::access::shown(asked);
        }
    }
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    if let Ok(query) = extract::Query::read(text) {
        let _ = map::listing::export(&query);
    }
    let (issuer, serial) = text.split_once('/').unwrap_or((text, ""));
    let _ = map::issued(issuer, serial);
}
